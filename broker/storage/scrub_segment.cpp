#include "broker/storage/scrub_segment.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "lib/segment/append_time.h"
#include "lib/segment/compaction_checkpoint.h"
#include "lib/segment/find_batch.h"
#include "lib/segment/limits.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/names.h"
#include "lib/segment/side_car.h"
#include "lib/segment/sources.h"

namespace logboom::broker {
namespace {

using segment::SegmentPath;

class Scrub {
 public:
  Scrub(file::FileSystem& fs, const ScrubTask& task) : fs_(fs), task_(task) {
    outcome_.reached = task.from;
  }

  ScrubOutcome Run(std::int64_t bytes_max, const std::stop_token& stop) {
    const std::string path = SegmentPath(task_.directory, task_.base_offset, segment::kLogSuffix);
    Result<std::unique_ptr<file::File>> log = fs_.Open(path, file::OpenMode::kRead);
    if (!log.ok()) return NotRead(path, log.error());
    const Result<file::FileStat> stat = (*log)->Stat();
    if (!stat.ok() || stat->size_bytes != task_.size_bytes) {
      outcome_.changed = true;
      return std::move(outcome_);
    }
    if (const Status sealed = ReadSeal(); !sealed.ok()) return NotRead(path, sealed.error());
    // Hints to the kernel: without them less is seen, and more is cached.
    [[maybe_unused]] const Status before = (*log)->DropCache();
    if (const Status read = Read(**log, bytes_max, stop); !read.ok()) {
      return NotRead(path, read.error());
    }
    [[maybe_unused]] const Status behind = (*log)->DropCache();
    if (outcome_.finished) CheckBeside(**log);
    return std::move(outcome_);
  }

 private:
  // Whoever needs the segment meets the error itself; the scrub goes on with the next one.
  ScrubOutcome NotRead(const std::string& path, const Error& error) {
    // Too few descriptors, say, are no fault of the segment's.
    outcome_.changed = error.code != ErrorCode::kIo;
    outcome_.finished = true;
    if (!outcome_.changed) {
      outcome_.findings.push_back(fmt::format("{} can't be read from offset {} on: {}", path,
                                              outcome_.reached.next_offset, error.message));
    }
    return std::move(outcome_);
  }

  Status ReadSeal() {
    Result<segment::Seal> seal = segment::ReadSeal(fs_, task_.directory, task_.base_offset);
    if (seal.ok()) {
      seal_ = std::move(*seal);
    } else if (task_.from.position.value() == 0 && SealHasRotted(seal.error())) {
      outcome_.findings.push_back(seal.error().message);
    }
    if (seal_) {
      compacted_ = seal_->compacted;
      holes_ = seal_->holes;
      return Ok();
    }
    ASSIGN_OR_RETURN(compacted_, segment::MayHaveHoles(fs_, task_.directory, task_.base_offset));
    holes_ = compacted_;
    return Ok();
  }

  // The newest finished segment has none yet; one that a crash or a full disk cut short is made
  // anew without a word, and one that can't be read just now is no fault of the segment's.
  bool SealHasRotted(const Error& error) const {
    if (error.code != ErrorCode::kCorrupt && error.code != ErrorCode::kUnsupported) return false;
    const auto bytes = file::ReadWholeFile(
        fs_, SegmentPath(task_.directory, task_.base_offset, segment::kSealSuffix),
        segment::kSideCarBytesMax);
    return bytes.ok() && !segment::IsCutShort(*bytes);
  }

  segment::LogWalk WalkFrom(const file::File& log, const ScrubPoint& point) const {
    return segment::LogWalk(log, {.begin = point.position,
                                  .end = FilePosition(task_.size_bytes),
                                  .expected = {.next_offset = point.next_offset,
                                               .epoch_min = point.epoch_min,
                                               .rule = holes_ ? segment::OffsetRule::kGrowing
                                                              : segment::OffsetRule::kContiguous,
                                               .epochs = &task_.epochs}});
  }

  Status Read(const file::File& log, std::int64_t bytes_max, const std::stop_token& stop) {
    ScrubPoint& reached = outcome_.reached;
    const FilePosition begin = reached.position;
    segment::LogWalk walk = WalkFrom(log, reached);
    while (reached.position - begin < bytes_max && !stop.stop_requested()) {
      ASSIGN_OR_RETURN(const bool more, walk.Next());
      if (more) {
        reached.totals.Add(walk.header(), walk.bytes());
        reached.position = walk.next_position();
        reached.next_offset = walk.header().next_offset();
        reached.epoch_min = walk.header().leader_epoch;
        continue;
      }
      if (!walk.stop()) {
        End(reached);
        break;
      }
      return SkipDamage(log, *walk.stop(), walk.expected());
    }
    outcome_.bytes_read = reached.position - begin;
    return Ok();
  }

  // The next piece begins with the next good batch.
  Status SkipDamage(const file::File& log, const segment::WalkStop& stop,
                    const segment::Expectation& expected) {
    ScrubPoint& reached = outcome_.reached;
    reached.damaged = true;
    ASSIGN_OR_RETURN(
        const std::optional<segment::FoundBatch> found,
        segment::FindBatch(log, stop.position + 1, FilePosition(task_.size_bytes), expected));
    const bool ends = !found || found->header.next_offset() > task_.next_offset;
    const Offset end = ends ? task_.next_offset : found->header.base_offset;
    if (reached.next_offset < end) {
      outcome_.unreadable.push_back({reached.next_offset, end, stop.reason});
    }
    const FilePosition next = ends ? FilePosition(task_.size_bytes) : found->position;
    outcome_.bytes_read = next - task_.from.position;
    outcome_.finished = ends;
    reached.position = next;
    reached.next_offset = end;
    return Ok();
  }

  void End(ScrubPoint& reached) {
    outcome_.finished = true;
    if (holes_) return;
    if (reached.next_offset != task_.next_offset) reached.damaged = true;
    if (reached.next_offset < task_.next_offset) {
      outcome_.unreadable.push_back(
          {reached.next_offset, task_.next_offset, "the segment ends early"});
    }
  }

  void CheckBeside(const file::File& log) {
    const std::string path = SegmentPath(task_.directory, task_.base_offset, segment::kLogSuffix);
    const auto sources = segment::ReadSources(fs_, task_.directory, task_.base_offset);
    if (!sources.ok() && sources.error().code == ErrorCode::kCorrupt) {
      outcome_.findings.push_back(sources.error().message);
    }
    if (!seal_) {
      if (!outcome_.reached.damaged) outcome_.fresh_seal = FreshSeal(log);
      return;
    }
    if (!outcome_.reached.damaged && seal_->totals != outcome_.reached.totals) {
      outcome_.findings.push_back(
          fmt::format("{}: its batches add up to something else than its seal says", path));
    }
    CheckSums(path);
  }

  void CheckSums(const std::string& path) {
    // Where there is no descriptor to look with, the next pass looks.
    const segment::IndexSums sums =
        segment::SumIndexes(fs_, task_.directory, task_.base_offset).value_or(seal_->sums);
    outcome_.indexes_are_wrong = !segment::IndexSums::Fits(seal_->sums.offsets, sums.offsets) ||
                                 !segment::IndexSums::Fits(seal_->sums.times, sums.times);
    if (outcome_.indexes_are_wrong) {
      const bool unread = sums.offsets == 0 || sums.times == 0;
      outcome_.findings.push_back(fmt::format("{}: an index beside it {}, and was made anew", path,
                                              unread ? "can't be read from" : "was wrong"));
    }
    if (!segment::IndexSums::Fits(seal_->sums.append_times, sums.append_times)) {
      outcome_.findings.push_back(
          fmt::format("{}: .appendtime beside it {}; when its records arrived is unknown", path,
                      sums.append_times == 0 ? "can't be read from" : "is wrong"));
    }
  }

  segment::Seal FreshSeal(const file::File& log) const {
    segment::Seal seal{.base_offset = task_.base_offset,
                       .next_offset = task_.next_offset,
                       .totals = outcome_.reached.totals,
                       .compacted = compacted_,
                       .holes = holes_};
    seal.sums =
        segment::SumIndexes(fs_, task_.directory, task_.base_offset).value_or(segment::IndexSums{});
    if (const auto stat = log.Stat(); stat.ok()) {
      seal.max_append_time = TimestampMs(stat->modified_ns / 1'000'000);
    }
    auto file =
        fs_.Open(SegmentPath(task_.directory, task_.base_offset, segment::kAppendTimeSuffix),
                 file::OpenMode::kRead);
    if (!file.ok()) return seal;
    const auto times = segment::AppendTimes::Open(std::move(*file), task_.base_offset);
    if (!times.ok()) return seal;
    const auto last = times->Last();
    if (last.ok() && *last) seal.max_append_time = std::max(seal.max_append_time, (*last)->time);
    return seal;
  }

  file::FileSystem& fs_;
  const ScrubTask& task_;
  std::optional<segment::Seal> seal_;
  bool compacted_ = false;  // as its seal says; without one, whether it may be
  bool holes_ = false;
  ScrubOutcome outcome_;
};

}  // namespace

ScrubOutcome ScrubSegment(file::FileSystem& fs, const ScrubTask& task, std::int64_t bytes_max,
                          const std::stop_token& stop) {
  return Scrub(fs, task).Run(bytes_max, stop);
}

}  // namespace logboom::broker
