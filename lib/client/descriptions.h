// What a broker tells of its topics, its agents and itself, as plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"

namespace logboom::client {

struct PartitionDescription {
  PartitionIndex index;
  Offset log_start;
  Offset durable_end;  // one past the last record that may be read
  Offset log_end;
  std::int64_t size_bytes = 0;
  std::int32_t segments = 0;
  LeaderEpoch leader_epoch;
  std::optional<TimestampMs> last_append;
  Offset compacted_end{};  // below it each key stands once; 0: not compacted, or not looked at yet
};

// A segment that went for the broker's disk budget, before its time.
struct EvictionDescription {
  PartitionIndex partition;
  TimestampMs time;
  Offset old_start;
  Offset new_start;
  std::int64_t bytes = 0;
  std::vector<std::string> groups;  // that had not read all of it
};

// Since the broker's start.
struct EvictionTotals {
  std::uint64_t segments = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

struct TopicDescription {
  std::string name;
  Uuid topic_id;
  std::map<std::string, std::string> config;  // what was set; the rest is default
  std::vector<PartitionDescription> partitions;
  EvictionTotals evicted;
  std::vector<EvictionDescription> evictions;  // the newest first, a few
};

struct NewTopic {
  std::string name;
  std::int32_t partitions = 1;
  std::map<std::string, std::string> config;
};

struct TopicChange {
  std::string name;
  std::map<std::string, std::string> set;  // an empty value takes the key back to its default
  // As many as there are to be, not fewer than there are. Records stay where they are.
  std::optional<std::int32_t> partitions;
};

// Which records of a topic go.
struct TrimOptions {
  enum class Before {
    kOffset,  // those below it
    kTime,    // those ahead of the first whose create time is at or after it
    kEnd,     // all that are durable
  };
  std::string topic;
  std::optional<PartitionIndex> partition;  // nothing: all
  Before before = Before::kEnd;
  Offset offset;
  TimestampMs time;
  bool dry_run = true;  // nothing is changed
};

// What went from a partition, or would.
struct PartitionTrim {
  PartitionIndex partition;
  Offset old_start;
  Offset new_start;
  std::int64_t bytes_freed = 0;
  std::optional<Error> error;  // nothing went
};

// How far a broker's newest backup is.
struct BackupProgress {
  enum class State { kNone, kRunning, kDone, kFailed };
  State state = State::kNone;
  std::string directory;
  TimestampMs started;
  TimestampMs ended;
  std::uint32_t partitions = 0;
  std::uint32_t partitions_done = 0;
  std::int64_t bytes = 0;
  std::int64_t bytes_copied = 0;
  std::int64_t bytes_linked = 0;
  std::optional<Error> error;  // of a failed one
};

// A place in a partition: its start, its durable end, or the first record whose create time is at
// or after `time`.
struct OffsetQuery {
  enum class Kind { kEarliest, kLatest, kTime };
  Kind kind = Kind::kLatest;
  TimestampMs time;
};

struct FoundOffset {
  Offset offset;
  std::optional<TimestampMs> time;  // of the record there, where it is known
  LeaderEpoch leader_epoch;
};

struct AgentDescription {
  std::string agent_id;
  std::string host;
  std::string program_version;
  bool connected = false;
  TimestampMs last_seen;
  TimestampMs started;
  std::uint64_t files = 0;
  std::uint64_t backlog_bytes = 0;
  std::uint64_t bytes_acked = 0;
  std::uint64_t records_acked = 0;
  std::uint64_t errors = 0;
  std::string last_error;
  std::uint64_t memory_bytes = 0;
  std::int64_t clock_skew_ms = 0;  // its clock less the broker's
  std::uint64_t lines_dropped = 0;
  std::map<std::string, std::string> labels;
};

struct AgentFileDescription {
  std::string path;  // any bytes
  std::string topic;
  std::int64_t size_bytes = 0;
  SourcePosition read;
  SourcePosition acked;
  std::optional<TimestampMs> last_line;
  std::string state;  // reading, idle, rotated, copy, waiting, unreadable, binary
};

struct AgentDetails {
  AgentDescription agent;
  std::vector<AgentFileDescription> files;
};

struct BrokerCondition {
  std::string name;
  std::string message;
  TimestampMs since;
};

struct BrokerStatus {
  std::string broker_name;
  std::string program_version;
  Uuid cluster_id;
  TimestampMs started;
  TimestampMs time;
  std::string data_directory;
  std::string sync_method;
  std::int64_t disk_total_bytes = 0;
  std::int64_t disk_available_bytes = 0;
  std::int64_t log_bytes = 0;
  std::uint32_t topics = 0;
  std::uint32_t partitions = 0;
  std::uint32_t sessions = 0;
  std::uint32_t agents_connected = 0;
  std::uint64_t records_appended = 0;
  std::uint64_t bytes_appended = 0;
  std::uint64_t bytes_fetched = 0;
  std::uint64_t syncs = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t span_conflicts = 0;
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t memory_bytes = 0;
  double append_bytes_per_second = 0;    // over the last 10 s
  double append_records_per_second = 0;  // over the last 10 s
  std::uint64_t sync_p99_us = 0;         // over the last 10 s
  std::uint64_t bytes_not_durable = 0;
  std::int64_t disk_budget_bytes = 0;  // 0: none
  EvictionTotals evicted;
  std::vector<BrokerCondition> conditions;
};

// What the broker said of itself when the session began.
struct BrokerIdentity {
  std::string address;
  std::string broker_name;
  std::string program_version;
  Uuid cluster_id;
  std::uint32_t restore_count = 0;
};

}  // namespace logboom::client
