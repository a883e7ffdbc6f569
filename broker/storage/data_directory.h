// The data directory as a whole: who may use it, which cluster it is, what is in it.
//
//   lock                    held by the running broker
//   superblock              two slots: cluster id, restore count, feature flags
//   manifest                recovery points, and whether the stop was clean
//   FAILED                  there after a failed sync, with the reason; removed after the next good
//                           one
//   quarantine/             what recovery cut off, never deleted by us
//   metadata.sqlite, metadata.copy.sqlite       broker/metadata's
//   backup.pins/            of a backup under way (backup_pins.h); removed at the start
//   <number>-<partition>/   one partition: docs/formats/segment.md
//
// docs/formats/data-directory.md
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/file/file_system.h"
#include "lib/segment/index_sums.h"
#include "lib/segment/leader_epoch_checkpoint.h"
#include "lib/segment/segment_totals.h"

namespace logboom::broker {

inline constexpr std::string_view kBackupPinsName = "backup.pins";

// A partition's directory says what it holds, so that a lost database can be rebuilt.
struct PartitionIdentity {
  friend bool operator==(const PartitionIdentity&, const PartitionIdentity&) = default;
  std::string topic_name;
  Uuid topic_id;
  std::uint32_t topic_number = 0;  // in the directory's name
  PartitionIndex partition;
};

struct FoundSegment {
  Offset base_offset;
  std::int64_t size_bytes = 0;
  friend bool operator==(const FoundSegment&, const FoundSegment&) = default;
};

// What else there was to know of a partition of which everything was synced. Where its directory
// holds these segments, and the last one still ends at the checkpoint, nothing was appended since,
// and its files need not be opened at the start.
struct SettledLog {
  Offset log_start;
  std::vector<segment::EpochStart> epochs;
  std::vector<FoundSegment> sealed;
  friend bool operator==(const SettledLog&, const SettledLog&) = default;
};

// One partition as of the manifest. Everything before `recovery_point` is synced.
struct PartitionCheckpoint {
  Uuid topic_id;
  PartitionIndex partition;
  Offset recovery_point;
  // Of the segment that holds recovery_point: where the scan starts.
  Offset segment_base;
  FilePosition position;
  TimestampMs max_append_time{-1};  // append time never goes back
  // Of that segment up to `position`, so that its seal needs no second look at the log.
  segment::SegmentTotals segment_totals;
  // After an orderly stop: of the files beside that segment.
  segment::IndexSums sums = {};
  std::shared_ptr<const SettledLog> settled;  // null: files were not all synced
};

struct Manifest {
  bool clean = false;  // written by an orderly stop, after a sync of everything
  std::vector<PartitionCheckpoint> partitions;
  // Why there is nothing in it, where there was one that can't be read. Not stored.
  std::optional<std::string> broken = {};
};

// One owner, one thread.
class DataDirectory {
 public:
  // Makes the directory and its superblock where there is none. kBusy (exit code 3) where another
  // process holds the lock; kUnsupported where a feature flag is unknown, with nothing touched.
  static Result<std::unique_ptr<DataDirectory>> Open(file::FileSystem& fs, const std::string& path,
                                                     Random& random);

  const std::string& path() const { return path_; }
  const Uuid& cluster_id() const { return cluster_id_; }
  std::uint32_t restore_count() const { return restore_count_; }
  // Another one after each restore, also of the same backup; 0 where there was none.
  std::uint32_t restore_id() const { return restored_s_; }
  // The reason in FAILED, where the last run ended with a failed sync.
  const std::optional<std::string>& failed() const { return failed_; }

  // A missing or broken manifest reads as an empty, unclean one: recovery then scans everything.
  Manifest ReadManifest() const;
  // Durable when it returns. An unclean one at any time (recovery points move), the clean one last.
  Status WriteManifest(const Manifest& manifest);
  // Durable when it returns, and takes no space. Fine where there is none.
  Status RemoveManifest();

  Status MarkFailed(const std::string& reason);
  Status ClearFailed();

  struct PartitionDirectory {
    PartitionIdentity identity;
    std::string path;
  };
  // Every partition directory with a readable partition.metadata. Directories that were being made
  // or deleted (suffixes .creating, .deleting) are finished off first.
  // `known` (may be empty) tells who a directory of that name is, where its partition.metadata need
  // not be read.
  using KnownIdentity =
      std::function<std::optional<PartitionIdentity>(std::uint32_t topic_number, PartitionIndex)>;
  Result<std::vector<PartitionDirectory>> ListPartitions(const KnownIdentity& known = {});
  std::string PartitionPath(std::uint32_t topic_number, PartitionIndex partition) const;
  // Where it is and whose. kNotFound: there is none, or none that says whose; kCorrupt: what it
  // says of that has rotted.
  Result<PartitionDirectory> FindPartition(std::uint32_t topic_number,
                                           PartitionIndex partition) const;
  // Made whole or not at all: name.creating with partition.metadata, synced, renamed, parent
  // synced.
  Result<std::string> CreatePartition(const PartitionIdentity& identity);
  // Renamed to .deleting, durably: from here on they are gone, whatever becomes of their files.
  // Gives the new paths, for file::RemoveTree.
  Result<std::vector<std::string>> RetirePartitions(const std::vector<std::string>& paths);
  // RetirePartitions, and the files are unlinked.
  Status DeletePartition(const std::string& path);

  // Directories named as a partition's whose partition.metadata is missing or broken, as of the
  // last ListPartitions. Who knows better may give them a new one.
  struct UnreadablePartition {
    std::uint32_t topic_number = 0;
    PartitionIndex partition;
    std::string path;
    std::string reason;
  };
  const std::vector<UnreadablePartition>& unreadable_partitions() const {
    return unreadable_partitions_;
  }
  // Writes partition.metadata anew where it does not hold this. From any thread; the directory may
  // go meanwhile.
  Status CheckIdentity(const PartitionDirectory& directory) const;
  // Writes partition.metadata anew.
  Status MendIdentity(const std::string& path, const PartitionIdentity& identity) const;

  // Whether the data directory is a mount of its own, so that one syncfs serves all partitions.
  bool own_file_system() const { return own_file_system_; }

 private:
  DataDirectory(file::FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  Status LoadSuperblock(Random& random);
  void ReadFailedMark();
  std::string Under(std::string_view name) const;
  // Fine where it isn't there.
  Status RemoveDurably(std::string_view name);

  file::FileSystem& fs_;
  std::string path_;
  std::unique_ptr<file::FileLock> lock_;
  Uuid cluster_id_;
  std::uint32_t restore_count_ = 0;
  std::uint32_t restored_s_ = 0;
  std::optional<std::string> failed_;
  std::vector<UnreadablePartition> unreadable_partitions_;
  bool own_file_system_ = false;
};

}  // namespace logboom::broker
