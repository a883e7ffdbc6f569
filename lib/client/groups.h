// What the broker tells of consumer groups, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/types.h"
#include "lib/base/uuid.h"

namespace logboom::client {

enum class GroupState {
  kEmpty,        // committed offsets, and no members
  kStable,       // each member owns what it should
  kRebalancing,  // partitions are on their way from one member to another
};

// Burrow's states, on the end offset of now; a group's is the worst of its partitions, in this
// order.
enum class LagStatus {
  kUnknown,  // nothing was committed
  kOk,
  kWarn,    // commits go on, and the lag has not fallen over the whole window
  kStall,   // commits go on, of the same offset, and there is lag
  kStop,    // no commits any more, and there is lag
  kRewind,  // a commit went back, and none has passed the old place since
};

// "stable", "ok": as tables and JSON show them.
std::string_view GroupStateName(GroupState state);
std::string_view LagStatusName(LagStatus status);

struct GroupSummary {
  std::string group;
  GroupState state = GroupState::kEmpty;
  std::uint64_t generation = 0;
  std::string kind;
  std::string assignor;  // empty: no members
  std::uint32_t members = 0;
  LagStatus status = LagStatus::kUnknown;
  std::int64_t lag_records = 0;        // over all partitions where it is known
  std::optional<std::int64_t> lag_ms;  // the largest
  // Until its committed offsets are forgotten; nothing: it has members, or they are kept for ever.
  std::optional<std::int64_t> expires_in_ms{};
};

struct GroupMember {
  std::string member_id;
  std::string client_id;
  std::string host;
  std::vector<std::string> topics;
  std::string instance_id{};  // empty: none
  bool away = false;          // it has left, and its partitions wait for its instance to come back
  std::int32_t partitions_owned = 0;
  TimestampMs joined;
  TimestampMs last_heard;
};

// A partition that is committed or owned.
struct GroupPartition {
  std::string topic;
  Uuid topic_id;
  PartitionIndex partition;
  std::optional<Offset> committed;  // the next to read
  std::optional<TimestampMs> commit_time;
  std::string metadata;
  Offset log_start;
  Offset log_end;  // what can be read ends here: the durable end
  std::optional<std::int64_t> lag_records;
  // Since the record at the committed offset was appended; 0 at the end.
  std::optional<std::int64_t> lag_ms;
  LagStatus status = LagStatus::kUnknown;
  std::string member_id;             // who owns it; empty: nobody
  std::int64_t skipped_records = 0;  // that retention deleted before they were read
};

struct GroupDescription {
  GroupSummary summary;
  std::vector<GroupMember> members;
  std::vector<GroupPartition> partitions;  // by topic and partition
};

// Where committed offsets are moved.
struct ResetTarget {
  enum class Kind { kEarliest, kLatest, kOffset, kTime, kShift };
  Kind kind = Kind::kEarliest;
  std::int64_t value = 0;  // an offset, milliseconds since 1970, or records forward or back
};

enum class ResetMode {
  kDryRun,  // nothing is changed
  kExecute,
};

struct ResetOffsetsOptions {
  std::string group;
  std::string topic;
  std::optional<PartitionIndex> partition{};  // nothing: all of the topic
  ResetTarget target{};
  ResetMode mode = ResetMode::kDryRun;
};

// A committed offset that was moved, or would be.
struct OffsetReset {
  PartitionIndex partition;
  std::optional<Offset> before;
  Offset after;
  Offset log_start;
  Offset log_end;
};

}  // namespace logboom::client
