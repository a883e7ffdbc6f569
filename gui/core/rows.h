// What the tables show, as plain values: made on the network thread, only read by the window's.
// `key` names a row over refreshes. Times are on our clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/types.h"
#include "lib/client/groups.h"
#include "lib/client/snapshot.h"

namespace logboom::gui {

struct TopicRow {
  std::string key;
  std::string broker;
  std::string name;
  std::int64_t partitions = 0;
  std::int64_t records = 0;
  std::int64_t size_bytes = 0;
  std::optional<double> records_per_second;
  std::optional<TimestampMs> last_append;
  bool stale = false;  // of a broker that does not answer
};

struct PartitionRow {
  std::string key;
  PartitionIndex partition;
  Offset log_start;
  Offset durable_end;
  std::int64_t records = 0;
  std::int64_t size_bytes = 0;
  std::int64_t segments = 0;
  std::optional<TimestampMs> last_append;
  bool stale = false;
};

struct GroupRow {
  std::string key;
  std::string broker;
  std::string name;
  client::GroupState state = client::GroupState::kEmpty;
  std::int64_t members = 0;
  std::int64_t lag_records = 0;
  std::optional<std::int64_t> lag_ms;
  client::LagStatus status = client::LagStatus::kUnknown;
  bool stale = false;
};

// A partition of a group.
struct LagRow {
  std::string key;
  std::string topic;
  PartitionIndex partition;
  std::optional<Offset> committed;
  Offset log_end;
  std::optional<std::int64_t> lag_records;
  std::optional<std::int64_t> lag_ms;
  client::LagStatus status = client::LagStatus::kUnknown;
  std::string member;
  bool stale = false;
};

struct AgentRow {
  std::string key;
  std::string broker;
  std::string agent_id;
  std::string host;
  std::string version;
  bool connected = false;
  std::int64_t files = 0;
  std::int64_t backlog_bytes = 0;
  std::int64_t bytes_acked = 0;
  std::int64_t records_acked = 0;
  std::int64_t lines_dropped = 0;
  TimestampMs last_seen;
  std::int64_t errors = 0;
  std::string last_error;
  std::int64_t clock_skew_ms = 0;
  bool stale = false;
};

// Where the rows of a broker come from.
struct RowOrigin {
  std::string broker;
  std::int64_t clock_ahead_ms = 0;  // our clock less the broker's
  bool stale = false;
};

TopicRow MakeTopicRow(const client::TopicDescription& topic, const RowOrigin& origin);
std::vector<PartitionRow> MakePartitionRows(const client::TopicDescription& topic,
                                            const RowOrigin& origin);
GroupRow MakeGroupRow(const client::GroupDescription& group, const RowOrigin& origin);
std::vector<LagRow> MakeLagRows(const client::GroupDescription& group, const RowOrigin& origin);
AgentRow MakeAgentRow(const client::AgentDescription& agent, const RowOrigin& origin);

}  // namespace logboom::gui
