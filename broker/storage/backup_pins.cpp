#include "broker/storage/backup_pins.h"

#include "lib/file/trees.h"
#include "lib/segment/names.h"

namespace logboom::broker {
namespace {

std::string LastComponent(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool IsOfSegment(std::string_view suffix) {
  return suffix == segment::kLogSuffix || suffix == segment::kOffsetIndexSuffix ||
         suffix == segment::kTimeIndexSuffix || suffix == segment::kAppendTimeSuffix ||
         suffix == segment::kSealSuffix || suffix == segment::kSourcesSuffix;
}

// Of the segment that holds the end, nothing but its log (PinEnd) and when its records arrived: the
// restored broker makes the rest anew from these. Other files with an offset in their names speak
// of what is below it.
bool Belongs(const std::string& name, const PartitionCheckpoint& end) {
  if (name == segment::kLogStartName || name.ends_with(segment::kTemporarySuffix)) return false;
  // Of segments that are on their way to replace others, and do not count yet.
  if (name.ends_with(segment::kCleanedSuffix) || name.ends_with(segment::kSwapSuffix)) return false;
  const auto parsed = segment::ParseSegmentFileName(name);
  if (!parsed || parsed->base_offset < end.segment_base) return true;
  if (!IsOfSegment(parsed->suffix)) return parsed->base_offset <= end.recovery_point;
  return parsed->base_offset == end.segment_base && parsed->suffix == segment::kAppendTimeSuffix;
}

// Appends go to those of the active segment, and a recovery after a crash mends those of finished
// ones where they stand: a backup needs bytes of its own.
bool ChangesInPlace(const std::string& name) {
  const auto parsed = segment::ParseSegmentFileName(name);
  return parsed && (parsed->suffix == segment::kOffsetIndexSuffix ||
                    parsed->suffix == segment::kTimeIndexSuffix ||
                    parsed->suffix == segment::kAppendTimeSuffix);
}

}  // namespace

BackupPins::BackupPins(file::FileSystem& fs, const std::string& data_directory)
    : fs_(fs), pins_(fmt::format("{}/{}", data_directory, kBackupPinsName)) {}

Status BackupPins::Open() {
  RETURN_IF_ERROR(Close());
  return fs_.CreateDirectories(pins_);
}

Status BackupPins::Close() { return file::RemoveTree(fs_, pins_); }

Result<PinnedFile> BackupPins::Pin(const std::string& partition, const std::string& name) {
  const std::string directory = LastComponent(partition);
  PinnedFile pinned{fmt::format("{}/{}.{}", pins_, directory, name),
                    fmt::format("{}/{}", directory, name), std::nullopt};
  RETURN_IF_ERROR(file::Link(fs_, fmt::format("{}/{}", partition, name), pinned.pin));
  return pinned;
}

Result<PinnedFile> BackupPins::PinEnd(const std::string& partition,
                                      const PartitionCheckpoint& end) {
  ASSIGN_OR_RETURN(PinnedFile pinned, Pin(partition, segment::FormatSegmentFileName(
                                                         end.segment_base, segment::kLogSuffix)));
  pinned.first_bytes = end.position.value();
  return pinned;
}

Result<std::vector<PinnedFile>> BackupPins::PinRest(const std::string& partition,
                                                    const PartitionCheckpoint& end) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, fs_.List(partition));
  std::vector<PinnedFile> pinned;
  for (const file::DirectoryEntry& entry : entries) {
    if (entry.kind != file::FileKind::kRegular || !Belongs(entry.name, end)) continue;
    Result<PinnedFile> found = Pin(partition, entry.name);
    // Segments that were let go are unlinked by another thread: the log start says so already.
    if (!found.ok() && found.error().code == ErrorCode::kNotFound) continue;
    if (!found.ok()) return found.error();
    PinnedFile& one = *found;
    if (ChangesInPlace(entry.name)) {
      ASSIGN_OR_RETURN(const file::FileStat stat, fs_.Stat(one.pin));
      one.first_bytes = stat.size_bytes;
    }
    pinned.push_back(std::move(one));
  }
  return pinned;
}

}  // namespace logboom::broker
