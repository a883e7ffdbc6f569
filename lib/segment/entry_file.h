// A file of equally long, growing entries behind an optional header: .index, .timeindex,
// .appendtime. Read by pread (a search costs some ten reads of one entry), appended by pwrite.
//
// Not synced before the segment is sealed: after a crash KeepValidPrefix cuts off what does not
// grow or does not belong. Entries are hints: whoever follows one checks the batch that it points
// at.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::segment {

// One owner, one thread; the file may be synced from another. Entry has kBytes, kHeaderBytes,
// Header(base), CheckHeader(bytes, base), Encode(out, base), Decode(in, base), and
// FollowsOn(previous).
template <typename Entry>
class EntryFile {
 public:
  // Empties the file and writes its header.
  static Result<EntryFile> Create(std::shared_ptr<file::File> file, Offset base_offset) {
    RETURN_IF_ERROR(file->Truncate(0));
    const Bytes header = Entry::Header(base_offset);
    if (!header.empty()) RETURN_IF_ERROR(file->PWrite(0, header));
    EntryFile entries(std::move(file), base_offset, 0);
    entries.written_ = true;
    return entries;
  }

  // A torn entry at the end is not counted. kCorrupt where the header is wrong.
  static Result<EntryFile> Open(std::shared_ptr<file::File> file, Offset base_offset) {
    ASSIGN_OR_RETURN(const file::FileStat stat, file->Stat());
    Bytes header(Entry::kHeaderBytes, '\0');
    ASSIGN_OR_RETURN(const std::size_t got, file->PRead(0, std::span(header)));
    if (got != header.size()) return Fail(ErrorCode::kCorrupt, "ends within its header");
    RETURN_IF_ERROR(Entry::CheckHeader(header, base_offset));
    const std::int64_t body = stat.size_bytes - std::int64_t{Entry::kHeaderBytes};
    EntryFile entries(std::move(file), base_offset, body / std::int64_t{Entry::kBytes});
    entries.torn_ = body % std::int64_t{Entry::kBytes} != 0;
    return entries;
  }

  std::int64_t count() const { return count_; }
  std::int64_t size_bytes() const { return PositionOf(count_); }
  const std::shared_ptr<file::File>& file() const { return file_; }
  // Something was written through this object that it was not told to be synced.
  bool written() const { return written_; }
  void NoteSynced() { written_ = false; }

  Result<Entry> At(std::int64_t index) const {
    char bytes[Entry::kBytes];
    ASSIGN_OR_RETURN(const std::size_t got, file_->PRead(PositionOf(index), std::span(bytes)));
    if (got != sizeof(bytes)) return Fail(ErrorCode::kCorrupt, "index entry {} is cut off", index);
    return Entry::Decode(bytes, base_offset_);
  }
  Result<std::optional<Entry>> Last() const {
    if (count_ == 0) return std::optional<Entry>();
    ASSIGN_OR_RETURN(const Entry entry, At(count_ - 1));
    return std::optional<Entry>(entry);
  }

  // The caller keeps them growing. After a failure the file may hold a part of the entry, which the
  // next one overwrites.
  Status Append(const Entry& entry) {
    char bytes[Entry::kBytes];
    entry.Encode(bytes, base_offset_);
    written_ = true;
    RETURN_IF_ERROR(file_->PWrite(PositionOf(count_), ByteView(bytes, sizeof(bytes))));
    ++count_;
    return Ok();
  }
  Status Truncate(std::int64_t count) {
    written_ = true;
    RETURN_IF_ERROR(file_->Truncate(PositionOf(count)));
    count_ = count;
    torn_ = false;
    return Ok();
  }

  // How many entries from the front have `is_before`; it holds for none behind the first without.
  template <typename Predicate>
  Result<std::int64_t> PartitionPoint(const Predicate& is_before) const {
    std::int64_t low = 0;
    std::int64_t high = count_;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      ASSIGN_OR_RETURN(const Entry entry, At(middle));
      (is_before(entry) ? low : high) = is_before(entry) ? middle + 1 : middle;
    }
    return low;
  }
  // The last entry of those; nothing where there is none.
  template <typename Predicate>
  Result<std::optional<Entry>> LastWith(const Predicate& is_before) const {
    ASSIGN_OR_RETURN(const std::int64_t point, PartitionPoint(is_before));
    if (point == 0) return std::optional<Entry>();
    ASSIGN_OR_RETURN(const Entry entry, At(point - 1));
    return std::optional<Entry>(entry);
  }

  // Reads all entries in order until `visit` says false.
  Status ForEach(const std::function<bool(std::int64_t index, const Entry&)>& visit) const {
    Bytes all(static_cast<std::size_t>(count_) * Entry::kBytes, '\0');
    ASSIGN_OR_RETURN(const std::size_t got, file_->PRead(PositionOf(0), std::span(all)));
    for (std::size_t at = 0; at + Entry::kBytes <= got; at += Entry::kBytes) {
      const auto index = static_cast<std::int64_t>(at / Entry::kBytes);
      if (!visit(index, Entry::Decode(all.data() + at, base_offset_))) break;
    }
    return Ok();
  }

  // Whether the file ends with a whole entry that grows and belongs, or is empty. Enough to know
  // that nothing was added behind entries that were synced, if none that was added would belong.
  Result<bool> EndsWell(const std::function<bool(const Entry&)>& belongs) const {
    if (torn_) return false;
    if (count_ == 0) return true;
    std::optional<Entry> previous;
    if (count_ > 1) {
      ASSIGN_OR_RETURN(previous, At(count_ - 2));
    }
    ASSIGN_OR_RETURN(const Entry last, At(count_ - 1));
    return last.FollowsOn(previous) && belongs(last);
  }

  // Cuts the file before the first entry that does not grow, or does not belong.
  Status KeepValidPrefix(const std::function<bool(const Entry&)>& belongs) {
    std::int64_t kept = 0;
    std::optional<Entry> previous;
    RETURN_IF_ERROR(ForEach([&](std::int64_t, const Entry& entry) {
      if (!entry.FollowsOn(previous) || !belongs(entry)) return false;
      previous = entry;
      ++kept;
      return true;
    }));
    return Truncate(kept);
  }

 private:
  EntryFile(std::shared_ptr<file::File> file, Offset base_offset, std::int64_t count)
      : file_(std::move(file)), base_offset_(base_offset), count_(count) {}

  static std::int64_t PositionOf(std::int64_t index) {
    return std::int64_t{Entry::kHeaderBytes} + index * std::int64_t{Entry::kBytes};
  }

  std::shared_ptr<file::File> file_;
  Offset base_offset_;
  std::int64_t count_ = 0;
  bool torn_ = false;
  bool written_ = false;
};

}  // namespace logboom::segment
