// All that a broker has promised: the ledgers of one run, over all of its broker's lives.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/torture/driver/commit_ledger.h"
#include "tests/torture/driver/findings.h"
#include "tests/torture/driver/partition_ledger.h"
#include "tests/torture/driver/source_ledger.h"
#include "tests/torture/driver/topic_ledger.h"

namespace logboom::torture {

inline constexpr char kPlainTopic[] = "plain";
inline constexpr std::int32_t kPlainPartitions = 3;
inline constexpr char kSpanTopic[] = "spans";
inline constexpr char kKeyedTopic[] = "keyed";  // compacted
inline constexpr char kAgentId[] = "torture-agent";
inline constexpr char kGroup[] = "torture-group";
// Of the first two: small, so that segments roll and are deleted all the time.
inline constexpr std::int64_t kSegmentBytes = 1 << 20;
inline constexpr std::int64_t kRetentionBytes = 3 << 20;

struct Counts {
  std::uint64_t batches_acked = 0;
  std::uint64_t spans_acked = 0;
  std::uint64_t rows_acked = 0;
  std::uint64_t commits_acked = 0;
  std::uint64_t topics_made = 0;
  std::uint64_t topics_deleted = 0;
  std::uint64_t records_read = 0;
  std::uint64_t passes_seen = 0;  // of compaction: how often it was found to have got on
  std::uint64_t records_compacted = 0;
  std::uint64_t refusals = 0;
  std::uint64_t answers_without_power = 0;
};

using PartitionKey = std::pair<std::string, std::int32_t>;

struct Books {
  Findings findings;
  TopicLedger topics{findings};
  std::map<PartitionKey, PartitionLedger> partitions;
  std::vector<SourceLedger> sources;
  std::map<std::int32_t, CommitLedger> commits;  // of kPlainTopic
  std::uint64_t next_number = 1;                 // of records
  std::uint64_t next_topic = 1;
  Offset compacted_end;  // of kKeyedTopic, as a broker told last
  Counts counts;
  std::int64_t retention_bytes = kRetentionBytes;
  // The machine has lost its power. No answer leaves such a machine: one that still comes promises
  // nothing, and what it is about stays unknown.
  bool power_is_off = false;

  PartitionLedger& Partition(const PartitionKey& key) {
    const Keeps keeps = key.first == kKeyedTopic ? Keeps::kNewestOfKey : Keeps::kAll;
    return partitions
        .try_emplace(key, key.first + "/" + std::to_string(key.second), findings, keeps)
        .first->second;
  }
  CommitLedger& Commit(std::int32_t partition) {
    return commits
        .try_emplace(partition, "the group's offset of partition " + std::to_string(partition),
                     findings)
        .first->second;
  }
  // Another data directory: nothing is promised. Numbers and counts go on.
  void StartAnew() {
    topics = TopicLedger(findings);
    partitions.clear();
    sources.clear();
    commits.clear();
    compacted_end = {};
  }
  void ForgetTopic(const std::string& name) {
    std::erase_if(partitions, [&](const auto& one) { return one.first.first == name; });
  }
};

}  // namespace logboom::torture
