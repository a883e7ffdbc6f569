// The names of a partition's files: <base offset in 20 digits><suffix>, as Kafka's, and the few
// files that are there once. docs/formats/segment.md lists them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/types.h"

namespace logboom::segment {

inline constexpr std::string_view kLogSuffix = ".log";
inline constexpr std::string_view kOffsetIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kAppendTimeSuffix = ".appendtime";
inline constexpr std::string_view kSealSuffix = ".seal";
inline constexpr std::string_view kSourcesSuffix = ".sources";
// At any offset, not only at a segment's base.
inline constexpr std::string_view kProducerSnapshotSuffix = ".snapshot";

// Behind another suffix: files that are being made to replace a segment's, and those that are whole
// and will.
inline constexpr std::string_view kCleanedSuffix = ".cleaned";
inline constexpr std::string_view kSwapSuffix = ".swap";

inline constexpr std::string_view kPartitionMetadataName = "partition.metadata";
inline constexpr std::string_view kLeaderEpochCheckpointName = "leader-epoch-checkpoint";
inline constexpr std::string_view kLeaderEpochsName = "leader-epochs";
inline constexpr std::string_view kLogStartName = "log-start";
inline constexpr std::string_view kCompactionCheckpointName = "compaction";
inline constexpr std::string_view kTemporarySuffix = ".tmp";

struct SegmentFileName {
  Offset base_offset;
  std::string_view suffix;  // points into the name that was parsed; may be one we do not know
};

// `base_offset` is not negative.
std::string FormatSegmentFileName(Offset base_offset, std::string_view suffix);
std::string SegmentPath(const std::string& directory, Offset base_offset, std::string_view suffix);
// Nothing where `name` is not 20 digits (of an offset) and a suffix with its dot.
std::optional<SegmentFileName> ParseSegmentFileName(std::string_view name);

}  // namespace logboom::segment
