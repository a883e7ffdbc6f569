#include "broker/engine/topic_config.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "lib/record/batch_header.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();

// A key that takes a whole number.
struct NumberKey {
  std::string_view name;
  std::int64_t min;
  std::int64_t max;
  std::string_view meaning;
};

constexpr NumberKey kNumberKeys[] = {
    {"delete.retention.ms", 0, kInt64Max / 4, "milliseconds that a tombstone stays at least"},
    {"max.compaction.lag.ms", 1, kInt64Max, "milliseconds until a record is compacted"},
    {"max.message.bytes", 1024, static_cast<std::int64_t>(record::kBatchBytesMax),
     "bytes of a stored batch"},
    {"min.compaction.lag.ms", 0, kInt64Max, "milliseconds that a record stays as it came"},
    {"retention.bytes", -1, kInt64Max, "bytes of a partition; -1 for no bound"},
    {"retention.min.ms", 0, kInt64Max, "milliseconds that the disk budget leaves a record"},
    {"retention.ms", -1, kInt64Max, "milliseconds; -1 for ever"},
    {"retention.share", 0, 1'000'000, "parts of the disk budget, beside the other topics' parts"},
    // As Kafka's: positions in a segment are 32-bit.
    {"segment.bytes", 1 << 20, std::numeric_limits<std::int32_t>::max(), "bytes of a segment file"},
    {"segment.ms", 1000, kInt64Max, "milliseconds until a segment is rolled"},
};

// A key that takes one of a few words.
struct WordKey {
  std::string_view name;
  std::span<const std::string_view> words;
  std::string_view meaning;
};

constexpr std::string_view kPolicies[] = {"delete", "compact", "compact,delete", "delete,compact"};
constexpr std::string_view kCompressions[] = {"producer"};

constexpr WordKey kWordKeys[] = {
    {"cleanup.policy", kPolicies, "by age and size, by key, or both"},
    {"compression.type", kCompressions, "batches are stored as they come"},
};

// The one key that takes a fraction.
constexpr std::string_view kDirtyRatioKey = "min.cleanable.dirty.ratio";

const NumberKey* FindNumberKey(std::string_view name) {
  for (const NumberKey& key : kNumberKeys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

const WordKey* FindWordKey(std::string_view name) {
  for (const WordKey& key : kWordKeys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::optional<std::int64_t> ParseNumber(std::string_view text) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> ParseRatio(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(value >= 0 && value <= 1)) return std::nullopt;
  return value;
}

Status CheckOne(const std::string& name, const std::string& value) {
  if (const NumberKey* key = FindNumberKey(name)) {
    auto number = ParseNumber(value);
    if (number && *number >= key->min && *number <= key->max) return Ok();
    return Fail(ErrorCode::kInvalid, "{} = '{}': it takes a whole number from {} to {} ({})", name,
                value, key->min, key->max, key->meaning);
  }
  if (const WordKey* key = FindWordKey(name)) {
    if (std::find(key->words.begin(), key->words.end(), value) != key->words.end()) return Ok();
    return Fail(ErrorCode::kInvalid, "{} = '{}': it takes {} ({})", name, value,
                fmt::join(key->words, " or "), key->meaning);
  }
  if (name == kDirtyRatioKey) {
    if (ParseRatio(value)) return Ok();
    return Fail(ErrorCode::kInvalid,
                "{} = '{}': it takes a number from 0 to 1 (the part of a log that may be dirty)",
                name, value);
  }
  std::string known;
  for (const NumberKey& key : kNumberKeys) known += fmt::format("{}, ", key.name);
  for (const WordKey& key : kWordKeys) known += fmt::format("{}, ", key.name);
  known += fmt::format("{}, ", kDirtyRatioKey);
  known.resize(known.size() - 2);
  return Fail(ErrorCode::kInvalid, "unknown topic configuration key '{}'; there are: {}", name,
              known);
}

std::int64_t NumberOr(const TopicConfig& config, const std::string& name, std::int64_t fallback) {
  auto found = config.find(name);
  if (found == config.end()) return fallback;
  return ParseNumber(found->second).value_or(fallback);
}

void ReadCompaction(const TopicConfig& config, PartitionLogOptions& options) {
  if (!IsCompacted(config)) return;
  options.compact = true;
  // Compacted alone: nothing goes by age or size.
  if (config.at("cleanup.policy") == "compact") {
    options.retention_ms = options.retention_bytes = -1;
  }
  const auto ratio = config.find(std::string(kDirtyRatioKey));
  if (ratio != config.end()) {
    options.min_cleanable_dirty_ratio =
        ParseRatio(ratio->second).value_or(options.min_cleanable_dirty_ratio);
  }
  options.min_compaction_lag_ms =
      NumberOr(config, "min.compaction.lag.ms", options.min_compaction_lag_ms);
  options.max_compaction_lag_ms =
      NumberOr(config, "max.compaction.lag.ms", options.max_compaction_lag_ms);
  options.delete_retention_ms =
      NumberOr(config, "delete.retention.ms", options.delete_retention_ms);
}

}  // namespace

bool IsCompacted(const TopicConfig& config) {
  const auto policy = config.find("cleanup.policy");
  return policy != config.end() && policy->second.find("compact") != std::string::npos;
}

Status CheckTopicConfig(const TopicConfig& config) {
  for (const auto& [name, value] : config) RETURN_IF_ERROR(CheckOne(name, value));
  return Ok();
}

PartitionLogOptions LogOptions(const TopicConfig& config) {
  PartitionLogOptions options;
  options.segment_bytes = NumberOr(config, "segment.bytes", options.segment_bytes);
  options.segment_ms = NumberOr(config, "segment.ms", options.segment_ms);
  options.retention_ms = NumberOr(config, "retention.ms", options.retention_ms);
  options.retention_bytes = NumberOr(config, "retention.bytes", options.retention_bytes);
  ReadCompaction(config, options);
  return options;
}

std::int64_t RetentionShare(const TopicConfig& config) {
  return NumberOr(config, "retention.share", 1);
}

std::int64_t RetentionMinMs(const TopicConfig& config) {
  return NumberOr(config, "retention.min.ms", 0);
}

std::size_t MaxMessageBytes(const TopicConfig& config) {
  return static_cast<std::size_t>(
      NumberOr(config, "max.message.bytes", static_cast<std::int64_t>(record::kBatchBytesMax)));
}

}  // namespace logboom::broker
