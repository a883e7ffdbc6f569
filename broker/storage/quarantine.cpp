#include "broker/storage/quarantine.h"

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lib/segment/names.h"

namespace logboom::broker {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{1} << 20U;

Status CopyFrom(const file::File& from, FilePosition position, file::File& to) {
  Bytes buffer(kCopyBytes, '\0');
  std::int64_t written = 0;
  while (true) {
    ASSIGN_OR_RETURN(const std::size_t got,
                     from.PRead(position.value() + written, std::span(buffer)));
    if (got == 0) return to.Sync();
    RETURN_IF_ERROR(to.PWrite(written, ByteView(buffer).substr(0, got)));
    written += static_cast<std::int64_t>(got);
  }
}

}  // namespace

Result<Quarantine> Quarantine::Open(file::FileSystem& fs, const std::string& root,
                                    const std::string& partition, TimestampMs now) {
  const std::string name = partition.substr(partition.find_last_of('/') + 1);
  std::string path = fmt::format("{}/{}-{}", root, name, now);
  RETURN_IF_ERROR(file::CreateDurableDirectories(fs, path));
  return Quarantine(fs, std::move(path), partition);
}

Status Quarantine::CopyTail(Offset base_offset, FilePosition position) {
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> from,
                   fs_->Open(segment::SegmentPath(partition_, base_offset, segment::kLogSuffix),
                             file::OpenMode::kRead));
  // A try before a crash may have left a longer copy.
  const std::string suffix = fmt::format("{}.from-{}", segment::kLogSuffix, position);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<file::File> to,
      fs_->Open(segment::SegmentPath(path_, base_offset, suffix), file::OpenMode::kCreate));
  RETURN_IF_ERROR(to->Truncate(0));
  RETURN_IF_ERROR(CopyFrom(*from, position, *to));
  return fs_->SyncDirectory(path_);
}

Status Quarantine::MoveSegment(Offset base_offset) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, fs_->List(partition_));
  for (const file::DirectoryEntry& entry : entries) {
    const std::optional<segment::SegmentFileName> name = segment::ParseSegmentFileName(entry.name);
    if (!name || name->base_offset != base_offset) continue;
    RETURN_IF_ERROR(fs_->Rename(fmt::format("{}/{}", partition_, entry.name),
                                fmt::format("{}/{}", path_, entry.name)));
  }
  return Ok();
}

Status Quarantine::Sync() {
  RETURN_IF_ERROR(fs_->SyncDirectory(path_));
  return fs_->SyncDirectory(partition_);
}

}  // namespace logboom::broker
