// What is known of all brokers: takes their snapshots and the state of their connections, and makes
// frames of it. No sockets, no clock: a test drives it by hand.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gui/core/frame.h"
#include "gui/core/topic_rates.h"
#include "lib/base/result.h"
#include "lib/base/types.h"

namespace logboom::gui {

// One owner, one thread.
class Installation {
 public:
  explicit Installation(const std::vector<std::string>& addresses);

  std::size_t size() const { return brokers_.size(); }
  // Of the broker at `index`.
  void TakeSnapshot(std::size_t index, client::Snapshot snapshot, Instant now);
  // How its connection is; as often as it is looked at.
  void SetConnection(std::size_t index, bool connected, const std::optional<Error>& why,
                     Instant now);
  // It is tried anew from the start: patience begins again.
  void Retry(std::size_t index, Instant now);

  // The state changed, or a snapshot came, since the last MakeFrame().
  bool changed() const { return changed_; }
  std::shared_ptr<const Frame> MakeFrame(Instant now);

 private:
  struct Broker {
    BrokerView view;
    TopicRates rates;
    std::optional<MonotonicMs> connected_since;
    std::optional<MonotonicMs> silent_since;
    std::optional<MonotonicMs> heard_at;
  };

  // Why it counts as down; nothing where it stays as it was.
  static std::optional<std::string> TroubleOfConnected(Broker& broker,
                                                       const std::optional<Error>& why,
                                                       MonotonicMs now);
  static std::optional<std::string> TroubleOfUnconnected(Broker& broker,
                                                         const std::optional<Error>& why,
                                                         MonotonicMs now);
  void NameBrokers();
  std::shared_ptr<const Tables> MakeTables() const;
  Totals MakeTotals() const;
  void AddToHistories(TimestampMs now);

  std::vector<Broker> brokers_;
  std::shared_ptr<const Tables> tables_;
  std::shared_ptr<const Histories> histories_;
  bool changed_ = true;
};

}  // namespace logboom::gui
