// partition.metadata: what a partition's directory holds, so that a lost database can be rebuilt
// from directories alone. Text with a checksum; written once, before the directory gets its name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"

namespace logboom::segment {

// The layout of the partition's files; a reader refuses one that it does not know.
inline constexpr std::uint32_t kPartitionFormat = 1;

struct PartitionMetadata {
  std::string topic_name;  // without newlines
  Uuid topic_id;
  std::uint32_t topic_number = 0;
  PartitionIndex partition;
  std::uint32_t format = kPartitionFormat;
  friend bool operator==(const PartitionMetadata&, const PartitionMetadata&) = default;
};

std::string FormatPartitionMetadata(const PartitionMetadata& metadata);
// kCorrupt for broken text, kUnsupported for a format above kPartitionFormat.
Result<PartitionMetadata> ParsePartitionMetadata(std::string_view text);

}  // namespace logboom::segment
