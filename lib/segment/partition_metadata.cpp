#include "lib/segment/partition_metadata.h"

#include <limits>
#include <optional>

#include "lib/segment/checked_text.h"

namespace logboom::segment {
namespace {

constexpr std::int64_t kNumberMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kPartitionMax = std::numeric_limits<std::int32_t>::max();

}  // namespace

std::string FormatPartitionMetadata(const PartitionMetadata& metadata) {
  return FormatCheckedText({{"version", "1"},
                            {"topic", metadata.topic_name},
                            {"topic_id", metadata.topic_id.ToString()},
                            {"topic_number", std::to_string(metadata.topic_number)},
                            {"partition", std::to_string(metadata.partition.value())},
                            {"format", std::to_string(metadata.format)}});
}

Result<PartitionMetadata> ParsePartitionMetadata(std::string_view text) {
  ASSIGN_OR_RETURN(const TextFields fields, ParseCheckedText(text));
  ASSIGN_OR_RETURN(const std::int64_t format, FieldNumber(fields, "format", kNumberMax));
  if (format != kPartitionFormat) {
    return Fail(ErrorCode::kUnsupported, "partition format {}, this program knows {}", format,
                kPartitionFormat);
  }
  PartitionMetadata metadata;
  ASSIGN_OR_RETURN(metadata.topic_name, FieldText(fields, "topic"));
  ASSIGN_OR_RETURN(const std::string id, FieldText(fields, "topic_id"));
  const std::optional<Uuid> topic_id = Uuid::Parse(id);
  if (!topic_id) return Fail(ErrorCode::kCorrupt, "topic_id '{}' is not a UUID", id);
  metadata.topic_id = *topic_id;
  ASSIGN_OR_RETURN(const std::int64_t number, FieldNumber(fields, "topic_number", kNumberMax));
  metadata.topic_number = static_cast<std::uint32_t>(number);
  ASSIGN_OR_RETURN(const std::int64_t partition, FieldNumber(fields, "partition", kPartitionMax));
  metadata.partition = PartitionIndex(static_cast<std::int32_t>(partition));
  return metadata;
}

}  // namespace logboom::segment
