#include "broker/engine/scrubber.h"

#include <algorithm>
#include <utility>

#include "lib/segment/names.h"
#include "lib/segment/side_car.h"

namespace logboom::broker {
namespace {

constexpr segment::SideCarFormat kFormat{.magic = "LBsc", .version = 1};
// A start has other things to do first.
constexpr std::int64_t kFirstPieceMs = 60'000;
// Opening files is work too.
constexpr std::int64_t kPieceMsMin = 20;

// The first sealed segment at or behind `base`.
std::optional<SegmentSummary> SealedFrom(const PartitionLog& log, Offset base) {
  for (const SegmentSummary& segment : log.segments()) {
    if (segment.active || segment.next_offset > log.durable_end()) break;
    if (segment.base_offset >= base) return segment;
  }
  return std::nullopt;
}

}  // namespace

Scrubber::Scrubber(file::FileSystem& fs, std::string data_directory, ScrubOptions options,
                   Logs logs, Instant now)
    : fs_(fs),
      path_(std::move(data_directory) + "/scrub"),
      options_(options),
      logs_(std::move(logs)),
      next_piece_(now.monotonic + kFirstPieceMs) {
  Load(now);
}

// u8 in a pass, i64 when it began, i64 when the last one ended (-1: none), topic id, partition i32,
// base offset i64 of the segment that comes next.
void Scrubber::Load(Instant now) {
  const Result<Bytes> payload = segment::ReadSideCar(fs_, path_, kFormat);
  if (!payload.ok()) return;
  ByteReader reader(*payload);
  const bool in_pass = reader.Int<std::uint8_t>() == 1;
  const TimestampMs began(reader.Int<std::int64_t>());
  const TimestampMs ended(reader.Int<std::int64_t>());
  const auto topic_id = Uuid::FromBytes(reader.Raw(Uuid::kSize));
  const PartitionIndex partition(reader.Int<std::int32_t>());
  const Offset base(reader.Int<std::int64_t>());
  if (!reader.done() || !topic_id) return;
  in_pass_ = in_pass;
  pass_began_ = std::min(began, now.wall);
  if (ended.value() >= 0) status_.last_pass = ended;
  place_ = {.where = {*topic_id, partition}, .base_offset = base, .point = {}};
  place_.point.next_offset = base;
}

void Scrubber::Save() {
  Bytes payload;
  ByteWriter writer(payload);
  writer.Int(static_cast<std::uint8_t>(in_pass_ ? 1 : 0));
  writer.Int(pass_began_.value());
  writer.Int(status_.last_pass.value_or(TimestampMs(-1)).value());
  writer.Raw(place_.where.topic_id.bytes());
  writer.Int(place_.where.partition.value());
  writer.Int(place_.base_offset.value());
  // Where it can't be written the next start begins a pass from the front.
  [[maybe_unused]] const Status saved =
      file::ReplaceFile(fs_, path_, segment::EncodeSideCar(kFormat, payload));
}

void Scrubber::Tick(Instant now, BackgroundWorker& worker) {
  if (reading_ || options_.bytes_per_second == 0 || now.monotonic < next_piece_) return;
  if (!in_pass_) {
    if (pass_began_.value() > 0 && now.wall - pass_began_ < kScrubPauseMs &&
        now.wall >= pass_began_) {
      next_piece_ = now.monotonic + kFirstPieceMs;
      return;
    }
    BeginPass(now);
  }
  std::optional<ScrubTask> task = NextTask();
  if (!task) {
    EndPass(now);
    return;
  }
  reading_ = true;
  submitted_ = now.monotonic;
  worker.Submit([this, alive = std::weak_ptr<bool>(alive_), &fs = fs_, task = std::move(*task),
                 place = place_](const std::stop_token& stop) -> BackgroundWorker::Continuation {
    auto outcome = std::make_shared<ScrubOutcome>(ScrubSegment(fs, task, kScrubPieceBytes, stop));
    return [this, alive, place, outcome] {
      if (!alive.expired()) Take(place, std::move(*outcome));
    };
  });
}

void Scrubber::BeginPass(Instant now) {
  in_pass_ = true;
  pass_began_ = now.wall;
  place_ = {};
}

void Scrubber::EndPass(Instant now) {
  in_pass_ = false;
  ++status_.passes;
  status_.last_pass = now.wall;
  next_piece_ = now.monotonic + kFirstPieceMs;
  Save();
}

std::optional<ScrubTask> Scrubber::NextTask() {
  std::vector<TopicPartition> all = logs_.list();
  std::sort(all.begin(), all.end());
  total_bytes_ = 0;
  for (const TopicPartition& where : all) {
    if (const auto log = logs_.find(where)) total_bytes_ += log->log->size_bytes();
  }
  for (auto it = std::lower_bound(all.begin(), all.end(), place_.where); it != all.end(); ++it) {
    if (*it != place_.where) place_ = {.where = *it, .base_offset = {}, .point = {}};
    const auto log = logs_.find(*it);
    if (!log) continue;
    const auto segment = SealedFrom(*log->log, place_.base_offset);
    if (!segment) continue;
    if (segment->base_offset != place_.base_offset || place_.point.position.value() == 0) {
      place_.base_offset = segment->base_offset;
      place_.point = {};
      place_.point.next_offset = segment->base_offset;
    }
    return ScrubTask{.directory = log->directory,
                     .base_offset = segment->base_offset,
                     .next_offset = segment->next_offset,
                     .size_bytes = segment->size_bytes,
                     .epochs = log->log->epochs(),
                     .from = place_.point};
  }
  return std::nullopt;
}

std::int64_t Scrubber::BytesPerSecond() const {
  if (options_.bytes_per_second) return std::max<std::int64_t>(1, *options_.bytes_per_second);
  return std::max(kScrubBytesPerSecondMin, total_bytes_ / (kScrubPassMs / 2 / 1000));
}

void Scrubber::Take(const Place& place, ScrubOutcome outcome) {
  reading_ = false;
  status_.bytes_read += static_cast<std::uint64_t>(outcome.bytes_read);
  next_piece_ = submitted_ + std::max(kPieceMsMin, outcome.bytes_read * 1000 / BytesPerSecond());
  place_ = place;
  place_.point = outcome.reached;
  const auto log = logs_.find(place.where);
  const auto segment = log ? SealedFrom(*log->log, place.base_offset) : std::nullopt;
  const bool there = segment && segment->base_offset == place.base_offset;
  if (!there || outcome.changed || outcome.finished) {
    place_.base_offset = place.base_offset + 1;
    place_.point = {};
  }
  if (there && !outcome.changed) Mend(*log, place.base_offset, outcome);
}

void Scrubber::Mend(const Log& log, Offset base_offset, const ScrubOutcome& outcome) {
  log.log->NoteUnreadable(outcome.unreadable);
  status_.findings += outcome.unreadable.size();
  for (const std::string& finding : outcome.findings) Tell(finding);
  if (outcome.fresh_seal) {
    [[maybe_unused]] const Status sealed = file::ReplaceFile(
        fs_, segment::SegmentPath(log.directory, base_offset, segment::kSealSuffix),
        segment::EncodeSeal(*outcome.fresh_seal));
  }
  if (outcome.indexes_are_wrong) log.log->MendSegment(base_offset);
}

void Scrubber::Tell(std::string finding) {
  ++status_.findings;
  if (findings_.size() == kScrubFindingsMax) findings_.erase(findings_.begin());
  findings_.push_back(std::move(finding));
}

}  // namespace logboom::broker
