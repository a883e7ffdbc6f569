// What the window shows, as one value: made on the network thread each time something changed, and
// at least each second (ages grow). Never changed once it is made: shared without locks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gui/core/history.h"
#include "gui/core/rows.h"
#include "lib/base/types.h"
#include "lib/client/snapshot.h"

namespace logboom::gui {

enum class LinkState {
  kConnecting,  // not heard of yet, and still patient
  kUp,
  kDown,
};

struct BrokerView {
  std::string address;
  std::string name;  // what it calls itself, or its address while that is unknown or shared
  LinkState link = LinkState::kConnecting;
  std::string trouble;                               // of kDown: why
  std::optional<TimestampMs> heard;                  // when the last snapshot came
  std::shared_ptr<const client::Snapshot> snapshot;  // the last one; may be old
  std::int64_t clock_ahead_ms = 0;                   // our clock less the broker's

  bool stale() const { return link != LinkState::kUp; }
  RowOrigin origin() const { return {name, clock_ahead_ms, stale()}; }
};

struct Tables {
  std::vector<TopicRow> topics;
  std::vector<GroupRow> groups;
  std::vector<AgentRow> agents;
};

// Over all brokers.
struct Totals {
  // Of those that are up: nobody knows how fast the others are.
  double records_per_second = 0;
  double bytes_per_second = 0;
  // As of the last snapshots.
  std::int64_t disk_total_bytes = 0;
  std::int64_t disk_available_bytes = 0;
  std::int64_t log_bytes = 0;
};

struct Histories {
  History records_per_second;
  History lag_records;  // of the group with the most
};

struct Frame {
  TimestampMs now;
  std::vector<BrokerView> brokers;
  std::shared_ptr<const Tables> tables;
  Totals totals;
  std::shared_ptr<const Histories> histories;

  std::size_t CountLinks(LinkState link) const;
  // At least one snapshot has come since the start, from any of them.
  bool AnythingHeard() const;
  bool several() const { return brokers.size() > 1; }
  // Nothing where there is none of that name.
  const BrokerView* FindBroker(std::string_view name) const;
};

// As Frame's tables name topic and group; nothing where it is gone.
const client::TopicDescription* FindTopic(const BrokerView& broker, std::string_view name);
const client::GroupDescription* FindGroup(const BrokerView& broker, std::string_view name);

}  // namespace logboom::gui
