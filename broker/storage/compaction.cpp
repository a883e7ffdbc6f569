#include "broker/storage/compaction.h"

#include <algorithm>
#include <utility>

#include "broker/storage/limits.h"
#include "lib/record/span.h"
#include "lib/segment/limits.h"
#include "lib/segment/names.h"
#include "lib/segment/seal.h"

namespace logboom::broker {
namespace {

bool IsAgents(const record::Record& record) {
  return std::any_of(record.headers.begin(), record.headers.end(), [](const auto& header) {
    return header.key.starts_with(record::kReservedHeaderPrefix);
  });
}

}  // namespace

Status CheckKeyed(record::BatchReader& reader, ByteView batch) {
  RETURN_IF_ERROR(reader.Open(batch));
  while (true) {
    ASSIGN_OR_RETURN(const record::Record* record, reader.Next());
    if (record == nullptr) return Ok();
    if (!record->key) {
      return Fail(ErrorCode::kInvalid,
                  "a record without a key: the topic is compacted (cleanup.policy), and keeps the "
                  "last record of each key");
    }
    if (IsAgents(*record)) {
      return Fail(ErrorCode::kInvalid,
                  "a record has a header whose name begins with '{}': such names are reserved",
                  record::kReservedHeaderPrefix);
    }
  }
}

// Judges the records of all groups of a pass, in the order of the log.
class CompactionPass::Filter final : public RecordFilter {
 public:
  Filter(const KeyMap& keys, Offset mapped_end, const CompactionPlan& plan)
      : keys_(keys), mapped_end_(mapped_end), plan_(plan) {}

  bool Keeps(const record::BatchHeader& batch, const record::Record& record) override {
    if (IsAgents(record)) {
      tombstones_stay_ = true;
      return true;
    }
    if (record.offset >= mapped_end_) return true;
    if (!record.key) return false;
    const std::optional<Offset> last = keys_.LastOf(*record.key);
    if (last && *last > record.offset) return false;
    return record.value || tombstones_stay_ || !IsPastHorizon(batch);
  }

  bool KeepsHeader(const record::BatchHeader& batch) override {
    const auto found = std::ranges::lower_bound(plan_.producers, batch.producer_id, {},
                                                &CompactionPlan::Producer::id);
    return found != plan_.producers.end() && found->id == batch.producer_id &&
           found->last_offset == batch.last_offset();
  }

  // A batch that was not mapped to its end may hold a tombstone whose older values still stand: its
  // time begins with the pass that covers it.
  std::optional<TimestampMs> DeleteHorizon(const record::BatchHeader& batch) override {
    if (batch.last_offset() >= mapped_end_) return std::nullopt;
    return plan_.clock.now() + plan_.delete_retention_ms;
  }

  void CopiedWhole(const record::BatchHeader&) override { tombstones_stay_ = true; }

 private:
  // By time that passed, not by a wall clock that was set.
  bool IsPastHorizon(const record::BatchHeader& batch) const {
    if (!batch.has_delete_horizon) return false;
    const TimestampMs since = batch.base_timestamp + -plan_.delete_retention_ms;
    return plan_.clock.AgeMs(since) >= plan_.delete_retention_ms;
  }

  const KeyMap& keys_;
  Offset mapped_end_;
  const CompactionPlan& plan_;
  bool tombstones_stay_ = false;  // values ahead of them may have stayed
};

CompactionPass::CompactionPass(file::FileSystem& fs, CompactionPlan plan, CompactionLimits limits)
    : fs_(fs),
      plan_(std::move(plan)),
      limits_(limits),
      keys_(limits.map_bytes_max, plan_.seed),
      clean_end_(plan_.first_dirty) {
  const auto dirty = std::ranges::find_if(plan_.segments, [this](const CopySource& source) {
    return source.next_offset > plan_.first_dirty;
  });
  next_dirty_ = static_cast<std::size_t>(dirty - plan_.segments.begin());
}

CompactionPass::~CompactionPass() = default;

CopiedSegment CompactionPass::TakeCopied() { return *std::exchange(copied_, std::nullopt); }

void CompactionPass::Drop() {
  if (copy_ == nullptr) return;
  copy_->Drop();
  if (copy_->names_lost()) names_lost_ = copy_->names_lost();
}

Status CompactionPass::OpenDirty() {
  const CopySource& source = plan_.segments[next_dirty_];
  ASSIGN_OR_RETURN(const segment::Seal seal,
                   segment::ReadSeal(fs_, plan_.directory, source.base_offset));
  ASSIGN_OR_RETURN(
      log_, fs_.Open(segment::SegmentPath(plan_.directory, source.base_offset, segment::kLogSuffix),
                     file::OpenMode::kRead));
  walk_.emplace(*log_, segment::WalkOptions{.begin = FilePosition(0),
                                            .end = FilePosition(source.size_bytes),
                                            .expected = {.next_offset = source.base_offset,
                                                         .rule = segment::RuleOf(seal),
                                                         .epochs = &plan_.epochs}});
  return Ok();
}

Result<CompactionPass::Next> CompactionPass::MapKeys(std::int64_t bytes_max,
                                                     const std::stop_token& stop) {
  for (std::int64_t read = 0; read < bytes_max && !mapped_;) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "asked to stop");
    if (!walk_) {
      mapped_ = next_dirty_ == plan_.segments.size();
      if (mapped_) break;
      RETURN_IF_ERROR(OpenDirty());
    }
    ASSIGN_OR_RETURN(const bool more, walk_->Next());
    if (!more) {
      if (walk_->stop()) {
        return Fail(ErrorCode::kCorrupt, "{} at position {}: {}",
                    segment::SegmentPath(plan_.directory, plan_.segments[next_dirty_].base_offset,
                                         segment::kLogSuffix),
                    walk_->stop()->position, walk_->stop()->reason);
      }
      clean_end_ = plan_.segments[next_dirty_].next_offset;
      walk_.reset();
      ++next_dirty_;
      continue;
    }
    RETURN_IF_ERROR(CheckEndsWithin(plan_.segments[next_dirty_], walk_->header()));
    read += static_cast<std::int64_t>(walk_->bytes().size());
    ASSIGN_OR_RETURN(const bool fits, MapBatch(walk_->bytes()));
    mapped_ = !fits;
  }
  if (mapped_) MakeGroups();
  return Next::kStep;
}

// False where the map is full; the offsets up to clean_end_ are in it.
Result<bool> CompactionPass::MapBatch(ByteView batch) {
  const record::BatchHeader& header = walk_->header();
  if (header.next_offset() <= plan_.first_dirty) return true;
  const Status opened = reader_.Open(batch);
  // One that can't be read stays whole; what is known of its keys is nothing.
  if (!opened.ok() && opened.error().code != ErrorCode::kUnsupported) return opened.error();
  while (opened.ok() && !header.control) {
    ASSIGN_OR_RETURN(const record::Record* record, reader_.Next());
    if (record == nullptr) break;
    if (record->offset < plan_.first_dirty) continue;
    if (record->key && !IsAgents(*record) && !keys_.Put(*record->key, record->offset)) {
      return false;
    }
    clean_end_ = record->offset + 1;
  }
  return true;
}

// As many neighbours as a segment may hold by their present size.
void CompactionPass::MakeGroups() {
  walk_.reset();
  log_.reset();
  std::int64_t bytes = 0;
  for (const CopySource& source : plan_.segments) {
    if (source.base_offset >= clean_end_) break;
    const bool joins =
        !groups_.empty() && bytes + source.size_bytes <= plan_.segment_bytes &&
        source.next_offset - groups_.back().front().base_offset <= segment::kRelativeOffsetMax;
    if (!joins) {
      groups_.emplace_back();
      bytes = 0;
    }
    groups_.back().push_back(source);
    bytes += source.size_bytes;
  }
  std::reverse(groups_.begin(), groups_.end());
  filter_ = std::make_unique<Filter>(keys_, clean_end_, plan_);
}

void CompactionPass::StartGroup() {
  copy_ = std::make_unique<SegmentCopy>(
      fs_,
      CopyPlan{.directory = plan_.directory,
               .sources = std::move(groups_.back()),
               .merge = {.raw_bytes = limits_.batch_raw_bytes, .zstd_level = kCompactionZstdLevel}},
      filter_.get());
  groups_.pop_back();
}

Result<CompactionPass::Next> CompactionPass::Step(std::int64_t bytes_max,
                                                  const std::stop_token& stop) {
  if (!mapped_) return MapKeys(bytes_max, stop);
  if (copy_ == nullptr) {
    if (groups_.empty()) return Next::kEnd;
    StartGroup();
  }
  ASSIGN_OR_RETURN(const bool more, copy_->Step(bytes_max, stop));
  if (more) return Next::kStep;
  ASSIGN_OR_RETURN(copied_, copy_->Finish());
  copy_.reset();
  return Next::kInstall;
}

}  // namespace logboom::broker
