#include "tests/sim/log_archive.h"

#include <algorithm>

#include "lib/record/span.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/names.h"

namespace logboom::sim {

std::uint64_t PartitionArchive::HashOf(const record::Record& record, LeaderEpoch epoch) {
  Bytes all;
  ByteWriter writer(all);
  writer.Int(record.offset.value());
  writer.Int(record.timestamp.value());
  writer.Int(epoch.value());
  writer.Int(static_cast<std::uint8_t>((record.key ? 1 : 0) + (record.value ? 2 : 0)));
  writer.String(record.key.value_or(ByteView()));
  writer.String(record.value.value_or(ByteView()));
  for (const record::HeaderView& header : record.headers) {
    writer.String(header.key);
    writer.Int(static_cast<std::uint8_t>(header.value ? 1 : 0));
    writer.String(header.value.value_or(ByteView()));
  }
  return record::HashBytes(all);
}

void PartitionArchive::Remember(const record::BatchHeader& header, ByteView batch) {
  batches_[header.base_offset] = {header.next_offset(), header.crc, header.length};
  if (rewriting_ == Rewriting::kOff || !reader_.Open(batch).ok()) return;
  records_.resize(static_cast<std::size_t>(header.next_offset().value()));
  while (true) {
    const auto record = reader_.Next();
    if (!record.ok() || *record == nullptr) return;
    const auto at = static_cast<std::size_t>((*record)->offset.value());
    records_[at] = HashOf(**record, header.leader_epoch);
    if (!compacted()) continue;
    keyed_.resize(records_.size());
    keyed_[at] = {true, record::HashBytes((*record)->key.value_or("")), !(*record)->value,
                  clocks_->monotonic()};
  }
}

bool PartitionArchive::Same(const record::BatchHeader& header, ByteView batch) {
  const auto found = batches_.find(header.base_offset);
  if (found != batches_.end() && found->second.next == header.next_offset() &&
      found->second.crc == header.crc && found->second.length == header.length) {
    return true;
  }
  return rewriting_ != Rewriting::kOff && SameRecords(header, batch);
}

bool PartitionArchive::SameRecords(const record::BatchHeader& header, ByteView batch) {
  const bool whole = header.record_count == header.last_offset_delta + 1;
  if ((!whole && !compacted()) || header.next_offset() > end_ || !reader_.Open(batch).ok()) {
    return false;
  }
  while (true) {
    const auto record = reader_.Next();
    if (!record.ok()) return false;
    if (*record == nullptr) return true;
    const auto at = static_cast<std::size_t>((*record)->offset.value());
    if (at >= records_.size() || records_[at] != HashOf(**record, header.leader_epoch)) {
      return false;
    }
  }
}

void PartitionArchive::MarkPresent(const record::BatchHeader& header, ByteView batch,
                                   std::vector<bool>& present) {
  if (header.record_count == 0 || !reader_.Open(batch).ok()) return;
  while (true) {
    const auto record = reader_.Next();
    if (!record.ok() || *record == nullptr) return;
    const auto at = static_cast<std::size_t>((*record)->offset.value());
    if (at < present.size()) present[at] = true;
  }
}

// Backwards: what the newest record of a key is, is known when an older one is met.
void PartitionArchive::CheckCompacted(Offset from, const std::vector<bool>& present) {
  std::map<std::uint64_t, bool> hidden;  // by key that has a newer record: it is a lost tombstone
  records_compacted_ = 0;
  for (auto at = present.size(); at-- > static_cast<std::size_t>(from.value());) {
    const Keyed& one = keyed_[at];
    const bool came_back = at < static_cast<std::size_t>(came_back_end_.value());
    if (came_back && !one.seen) continue;
    const auto newer = hidden.find(one.key);
    if (present[at]) {
      if (newer != hidden.end() && newer->second) {
        return verdict_.Broken(Invariant::kAckedIsInTheLog,
                               "{}: offset {} is back: the tombstone of its key is gone", name_,
                               at);
      }
      hidden.try_emplace(one.key, false);
      continue;
    }
    ++records_compacted_;
    if (newer != hidden.end()) continue;
    const bool past_its_time = came_back || clocks_->monotonic() - one.durable_at >= tombstone_ms_;
    if (!one.tombstone || !past_its_time) {
      return verdict_.Broken(Invariant::kAckedIsInTheLog,
                             "{}: offset {} is gone, and was the last of its key", name_, at);
    }
    hidden.emplace(one.key, true);
  }
}

// Steps to the next segment where one has ended and the log goes on.
Status PartitionArchive::Walk(file::FileSystem& fs, Cursor& cursor, Offset next, Offset end,
                              const Each& each) {
  while (next < end) {
    const std::string path = segment::SegmentPath(directory_, cursor.segment, segment::kLogSuffix);
    ASSIGN_OR_RETURN(const auto log, fs.Open(path, file::OpenMode::kRead));
    const Offset before = next;
    ASSIGN_OR_RETURN(const bool goes_on, WalkSegment(*log, cursor, next, end, each));
    if (!goes_on || next >= end) return Ok();
    if (next == before && cursor.segment == next) {
      return Fail(ErrorCode::kCorrupt, "{} ends at offset {}, and {} was durable", path, next, end);
    }
    cursor = {next, FilePosition{0}};
  }
  return Ok();
}

Result<bool> PartitionArchive::WalkSegment(const file::File& log, Cursor& cursor, Offset& next,
                                           Offset end, const Each& each) {
  ASSIGN_OR_RETURN(const file::FileStat stat, log.Stat());
  segment::WalkOptions options;
  options.begin = cursor.position;
  options.end = FilePosition{stat.size_bytes};
  options.expected.next_offset = next;
  if (compacted()) options.expected.rule = segment::OffsetRule::kGrowing;
  segment::LogWalk walk(log, options);
  while (next < end) {
    ASSIGN_OR_RETURN(const bool stepped, walk.Next());
    if (!stepped) break;
    next = walk.header().next_offset();
    cursor.position = walk.next_position();
    if (!each(walk.header(), walk.bytes())) return false;
  }
  return true;
}

void PartitionArchive::Extend(file::FileSystem& fs, Offset durable_end, const Added& added) {
  if (durable_end < end_) {
    return verdict_.Broken(Invariant::kDurableEndNeverFalls, "{}: from {} to {}", name_, end_,
                           durable_end);
  }
  FindCursor(fs);
  const bool first = end_ == Offset{};
  const Status walked =
      Walk(fs, cursor_, end_, durable_end, [&](const auto& header, ByteView batch) {
        Remember(header, batch);
        end_ = header.next_offset();
        added(header, batch);
        return verdict_.ok();
      });
  if (!walked.ok()) {
    return verdict_.Broken(Invariant::kAckedIsInTheLog, "{}: {}", name_, walked.error().message);
  }
  if (came_back_ && first) came_back_end_ = end_;
  if (end_ == durable_end) return;
  verdict_.Broken(Invariant::kOffsetsNeverReassigned, "{}: a batch ends at {}, not at {}", name_,
                  end_, durable_end);
}

void PartitionArchive::FindCursor(file::FileSystem& fs) {
  const std::string next = segment::SegmentPath(directory_, end_, segment::kLogSuffix);
  if (cursor_.segment != end_ && fs.Stat(next).ok()) cursor_ = {end_, FilePosition{0}};
}

Result<std::vector<Offset>> PartitionArchive::Segments(file::FileSystem& fs) const {
  ASSIGN_OR_RETURN(const auto entries, fs.List(directory_));
  std::vector<Offset> segments;
  for (const file::DirectoryEntry& entry : entries) {
    const auto name = segment::ParseSegmentFileName(entry.name);
    if (name && name->suffix == segment::kLogSuffix) segments.push_back(name->base_offset);
  }
  return segments;
}

// One segment that is about to take the place of several, some of which may be gone.
bool PartitionArchive::SwapIsUnderWay(file::FileSystem& fs) const {
  const auto entries = fs.List(directory_);
  return entries.ok() && std::any_of(entries->begin(), entries->end(), [](const auto& entry) {
           return entry.name.ends_with(segment::kSwapSuffix);
         });
}

void PartitionArchive::CompareWith(file::FileSystem& fs, std::optional<Offset> log_start) {
  if (compacted() && SwapIsUnderWay(fs)) return;  // the next start finishes it, and is compared
  const auto segments = Segments(fs);
  if (!segments.ok() || segments->empty()) {
    if (end_ > Offset{}) verdict_.Broken(Invariant::kAckedIsInTheLog, "{} is gone", name_);
    return;
  }
  // What stands below the start may be half removed.
  const Offset from = std::max(log_start_, log_start.value_or(segments->front()));
  if (log_start) SetLogStart(*log_start);
  if (from >= end_) return;
  const auto above = std::upper_bound(segments->begin(), segments->end(), from);
  if (above == segments->begin()) {
    return verdict_.Broken(Invariant::kAckedIsInTheLog, "{}: no segment holds offset {}", name_,
                           from);
  }
  const Offset first = *std::prev(above);
  Cursor cursor{first, FilePosition{0}};
  std::vector<bool> present(compacted() ? static_cast<std::size_t>(end_.value()) : 0);
  const Status walked = Walk(fs, cursor, first, end_, [&](const auto& header, ByteView batch) {
    if (compacted()) MarkPresent(header, batch, present);
    if (header.base_offset < from || Same(header, batch)) return true;
    verdict_.Broken(Invariant::kOffsetsNeverReassigned,
                    "{}: offset {} holds other records than before", name_, header.base_offset);
    return false;
  });
  if (!walked.ok()) {
    verdict_.Broken(Invariant::kAckedIsInTheLog, "{}: {}", name_, walked.error().message);
  } else if (compacted()) {
    CheckCompacted(from, present);
  }
}

void PartitionArchive::CompareRestored(file::FileSystem& fs, Offset end_min) {
  Cursor cursor;
  Offset reached;
  std::vector<bool> present(keyed_.size());
  const Status walked = Walk(fs, cursor, reached, end_, [&](const auto& header, ByteView batch) {
    reached = header.next_offset();
    if (compacted()) MarkPresent(header, batch, present);
    if (Same(header, batch)) return true;
    verdict_.Broken(Invariant::kOffsetsNeverReassigned,
                    "{}: offset {} came back from a backup with other records", name_,
                    header.base_offset);
    return false;
  });
  if (reached >= end_min) {  // behind that the log may go on, or not
    present.resize(compacted() ? static_cast<std::size_t>(reached.value()) : 0);
    return CheckCompacted(Offset{}, present);
  }
  verdict_.Broken(Invariant::kAckedIsInTheLog, "{} came back from a backup up to {}, not {}: {}",
                  name_, reached, end_min, walked.ok() ? "" : walked.error().message);
}

void PartitionArchive::CheckServed(const record::BatchHeader& header, ByteView batch) {
  if (Same(header, batch)) return;
  if (header.next_offset() > end_) {
    return verdict_.Broken(Invariant::kServedIsDurable,
                           "{}: offset {} was served, and durable is what stands below {}", name_,
                           header.base_offset, end_);
  }
  verdict_.Broken(Invariant::kOffsetsNeverReassigned,
                  "{}: offset {} was served with other records than were there", name_,
                  header.base_offset);
}

}  // namespace logboom::sim
