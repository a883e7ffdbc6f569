// What a run is like, drawn from its seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/engine/topic_config.h"
#include "broker/storage/committer.h"
#include "lib/base/random.h"
#include "lib/client/producer.h"
#include "lib/record/codec.h"
#include "tests/sim/faults.h"

namespace logboom::sim {

struct SimOptions {
  std::uint64_t seed = 0;
  int turns = 40;  // acts of the applications and faults, a pause after each
  int agents = 1;
  int writers_an_agent = 1;
  bool directories_watched = true;  // else polled
  record::Codec codec = record::Codec::kLz4;
  std::int64_t linger_ms = 500;
  std::size_t max_line_bytes = 1'000'000;
  bool agent_folds = false;              // an event waits for the line behind it
  bool agent_leaves_out = false;         // lines that LeavesOut() names
  std::size_t agent_open_files_max = 0;  // 0: as many as it likes
  std::int32_t partitions = 1;
  broker::TopicConfig topic_config;
  broker::SyncMethod sync_method = broker::SyncMethod::kFdatasync;
  client::Acks producer_acks = client::Acks::kSynced;
  int group_readers = 0;   // at the start; 0: there is no consumer group
  bool rewriting = false;  // of small batches, in segments of any size
  // The producer's topic, by key; a tombstone goes after so long.
  bool compacted = false;
  std::int64_t delete_retention_ms = 0;
  bool bulk = false;  // the producer sends megabytes, so that segments are rolled by size
  std::size_t broker_open_files_max = 4096;  // of logs; few, and they open and close all the time
  bool restores = false;   // backups are made, and the data directory comes back from one
  FaultSet faults;         // that may happen; a few of all kinds, so that each has runs to itself
  std::uint64_t calm = 1;  // of so many acts one is a fault

  static SimOptions Draw(std::uint64_t seed);
  // Where the kind kEviction may happen.
  std::int64_t budget_bytes = 0;
  bool retention() const {
    return topic_config.contains("retention.ms") || topic_config.contains("retention.bytes") ||
           faults.Has(Fault::kEviction);
  }
  // Old records may go, by themselves or where an administrator trims.
  bool log_starts_move() const { return retention() || faults.Has(Fault::kTrim); }
  broker::TopicConfig plain_config() const;
  std::string ToString() const;
};

}  // namespace logboom::sim
