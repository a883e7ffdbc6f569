#include "tests/sim/options.h"

#include <fmt/format.h>

namespace logboom::sim {
namespace {

bool OneIn(Random& random, std::uint64_t count) { return random.Below(count) == 0; }

// All kinds at once would hide each other's marks: half of them, or a few, or all.
FaultSet DrawFaults(Random& random) {
  FaultSet faults;
  const std::uint64_t one_in = 1 + random.Below(4);
  for (std::size_t i = 0; i < kDrawnFaultKinds; ++i) {
    if (OneIn(random, one_in)) faults.Add(static_cast<Fault>(i));
  }
  return faults;
}

broker::TopicConfig DrawTopicConfig(Random& random) {
  broker::TopicConfig config;
  if (OneIn(random, 2)) config["segment.ms"] = fmt::format("{}", 2'000 + random.Below(40'000));
  config["segment.bytes"] = "1048576";
  if (OneIn(random, 4)) config["retention.ms"] = fmt::format("{}", 30'000 + random.Below(60'000));
  if (OneIn(random, 4))
    config["retention.bytes"] = fmt::format("{}", 20'000 + random.Below(100'000));
  return config;
}

}  // namespace

SimOptions SimOptions::Draw(std::uint64_t seed) {
  SeededRandom random(seed ^ 0x5eedU);
  constexpr record::Codec kCodecs[] = {record::Codec::kNone, record::Codec::kLz4,
                                       record::Codec::kLz4, record::Codec::kZstd};
  SimOptions options;
  options.seed = seed;
  options.turns = 30 + static_cast<int>(random.Below(60));
  options.agents = 1 + static_cast<int>(random.Below(3));
  options.writers_an_agent = 1 + static_cast<int>(random.Below(3));
  options.directories_watched = !OneIn(random, 4);
  options.codec = kCodecs[random.Below(4)];
  options.linger_ms = OneIn(random, 2) ? 500 : 20;
  if (OneIn(random, 2)) options.max_line_bytes = 64 + random.Below(1'000);
  options.partitions = 1 + static_cast<std::int32_t>(random.Below(3));
  options.topic_config = DrawTopicConfig(random);
  if (OneIn(random, 2)) options.sync_method = broker::SyncMethod::kSyncfs;
  if (OneIn(random, 4)) options.producer_acks = client::Acks::kWritten;
  options.bulk = OneIn(random, 8);
  options.faults = DrawFaults(random);
  options.calm = 1 + random.Below(4);
  options.budget_bytes = 50'000 + static_cast<std::int64_t>(random.Below(500'000));
  if (OneIn(random, 2)) options.group_readers = 1 + static_cast<int>(random.Below(3));
  options.rewriting = OneIn(random, 2);
  if (OneIn(random, 3)) options.broker_open_files_max = 4 + random.Below(12);
  // The books begin anew with what came back: from the start, where nothing is let go.
  options.restores =
      !options.log_starts_move() && !options.faults.Has(Fault::kAddPartition) && OneIn(random, 2);
  options.compacted = OneIn(random, 2);
  options.delete_retention_ms = 5'000 + static_cast<std::int64_t>(random.Below(60'000));
  options.agent_folds = OneIn(random, 3);
  options.agent_leaves_out = !options.agent_folds && OneIn(random, 2);
  if (OneIn(random, 3)) options.agent_open_files_max = 8 + random.Below(8);
  return options;
}

broker::TopicConfig SimOptions::plain_config() const {
  broker::TopicConfig config = topic_config;
  if (!compacted) return config;
  config["cleanup.policy"] = seed % 2 == 0 ? "compact" : "compact,delete";
  config["segment.ms"] = fmt::format("{}", 1'000 + seed % 8 * 1'000);
  config["min.cleanable.dirty.ratio"] = seed % 3 == 0 ? "0.5" : "0";
  if (seed % 4 == 0) config["min.compaction.lag.ms"] = "3000";
  config["delete.retention.ms"] = fmt::format("{}", delete_retention_ms);
  return config;
}

std::string SimOptions::ToString() const {
  std::string config;
  for (const auto& [key, value] : topic_config) config += fmt::format(" {}={}", key, value);
  return fmt::format(
      "seed {}, {} turns, one act in {} a fault, {} agents, {} writers each, {}, codec {}, linger "
      "{} ms, max_line_bytes {}, {} partitions,{}, sync {}, acks {}{}{}{}{}{}{}{}, budget {}, "
      "{} group readers\n"
      "  faults: {}",
      seed, turns, calm, agents, writers_an_agent, directories_watched ? "watched" : "polled",
      static_cast<int>(codec), linger_ms, max_line_bytes, partitions, config,
      sync_method == broker::SyncMethod::kSyncfs ? "syncfs" : "fdatasync",
      producer_acks == client::Acks::kSynced ? "synced" : "written", bulk ? ", bulk" : "",
      agent_folds ? ", events folded" : "", agent_leaves_out ? ", lines left out" : "",
      agent_open_files_max > 0 ? fmt::format(", {} files open at a time", agent_open_files_max)
                               : "",
      rewriting ? ", rewriting" : "", restores ? ", backups" : "",
      compacted ? fmt::format(", compacted, tombstones stay {} ms", delete_retention_ms) : "",
      faults.Has(Fault::kEviction) ? fmt::format("{} bytes", budget_bytes) : "none", group_readers,
      faults.ToString());
}

}  // namespace logboom::sim
