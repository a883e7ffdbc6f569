// The superblock of a data directory: which cluster it is, and what a program must know to touch
// it. Two slots (lib/segment/slot_file.h); docs/formats/data-directory.md.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/result.h"
#include "lib/base/uuid.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

// Each bit is a feature that is switched on. A program that does not know a bit of `incompatible`
// must not open the directory, of `read_only_compatible` not write to it; `compatible` ones it may
// ignore.
struct FeatureFlags {
  std::uint64_t compatible = 0;
  std::uint64_t read_only_compatible = 0;
  std::uint64_t incompatible = 0;
  friend bool operator==(const FeatureFlags&, const FeatureFlags&) = default;
};

// What this program knows: nothing beyond the first format yet.
inline constexpr FeatureFlags kKnownFeatures{};

struct Superblock {
  Uuid cluster_id;
  std::uint32_t restore_count = 0;  // rises with each restore from a backup
  // When the last one was, in seconds since 2020-01-01; 0: never. Two restores of one backup have
  // the same count.
  std::uint32_t restored_s = 0;
  FeatureFlags features;
  friend bool operator==(const Superblock&, const Superblock&) = default;
};

// kNotFound, kCorrupt (neither slot is valid), or kUnsupported (its version, or an unknown
// feature).
Result<Superblock> ReadSuperblock(file::FileSystem& fs, const std::string& data_directory);
// Durable when it returns; old or new after a crash.
Status WriteSuperblock(file::FileSystem& fs, const std::string& data_directory,
                       const Superblock& superblock);

}  // namespace logboom::broker
