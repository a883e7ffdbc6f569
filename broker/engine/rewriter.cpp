#include "broker/engine/rewriter.h"

#include <algorithm>
#include <utility>

#include "broker/storage/limits.h"

namespace logboom::broker {
namespace {

// Segments of one partition that are judged in one piece of work.
constexpr std::size_t kJudgedMax = 16;
// Partitions that are asked in one turn of the loop.
constexpr std::size_t kAskedMax = 64;

// Below this a segment is not worth another name: so many percent must go.
constexpr std::int64_t kSavedPercentMin = 10;

}  // namespace

// Written by the worker while a piece of work is with it, and by the loop in between.
struct Rewriter::Job {
  TopicPartition where;
  std::string directory;
  std::vector<CopySource> candidates;  // not judged yet, the last comes first
  std::vector<Offset> judged;          // for the partition to know
  std::optional<CopySource> source;    // that is being copied
  std::unique_ptr<SegmentCopy> copy;
  std::optional<CopiedSegment> copied;
  std::optional<Error> failure;
  std::int64_t bytes_read = 0;  // in the last piece of work
  bool ended = false;

  void Run(file::FileSystem& fs, const RewriteOptions& options, const std::stop_token& stop);
  Status Judge(file::FileSystem& fs, const RewriteOptions& options);
  Status Copy(const RewriteOptions& options, const std::stop_token& stop);
};

Status Rewriter::Job::Judge(file::FileSystem& fs, const RewriteOptions& options) {
  while (!candidates.empty()) {
    const CopySource candidate = candidates.back();
    candidates.pop_back();
    judged.push_back(candidate.base_offset);
    ASSIGN_OR_RETURN(const RewriteVerdict verdict,
                     JudgeRewriting(fs, directory, candidate, options.limits));
    if (verdict == RewriteVerdict::kKeep) continue;
    source = candidate;
    copy = std::make_unique<SegmentCopy>(
        fs,
        CopyPlan{.directory = directory,
                 .sources = {candidate},
                 .merge = {.raw_bytes = options.limits.batch_raw_bytes,
                           .zstd_level = kRewriteZstdLevel}},
        nullptr);
    return Ok();
  }
  ended = true;
  return Ok();
}

Status Rewriter::Job::Copy(const RewriteOptions& options, const std::stop_token& stop) {
  bytes_read = std::min(options.step_bytes, source->size_bytes);
  ASSIGN_OR_RETURN(const bool more, copy->Step(options.step_bytes, stop));
  if (more) return Ok();
  ended = true;
  if (copy->copied_bytes() * 100 > source->size_bytes * (100 - kSavedPercentMin)) {
    copy->Drop();
    return Ok();
  }
  ASSIGN_OR_RETURN(copied, copy->Finish());
  return Ok();
}

void Rewriter::Job::Run(file::FileSystem& fs, const RewriteOptions& options,
                        const std::stop_token& stop) {
  const Status done = copy == nullptr ? Judge(fs, options) : Copy(options, stop);
  if (done.ok()) return;
  failure = done.error();
  ended = true;
  if (copy != nullptr) copy->Drop();
}

Rewriter::Rewriter(UpkeepParts parts, RewriteOptions options)
    : parts_(std::move(parts)), options_(options) {}

void Rewriter::Tick(Instant now) {
  if (options_.bytes_per_second <= 0 || under_way_ || now.monotonic < next_step_) return;
  if (job_ != nullptr) {
    next_step_ = now.monotonic + job_->bytes_read * 1000 / options_.bytes_per_second;
    return Submit(job_);
  }
  if (round_.empty() && now.monotonic >= next_round_) StartRound(now);
  FindJob(now);
}

void Rewriter::StartRound(Instant now) {
  next_round_ = now.monotonic + options_.round_interval_ms;
  round_ = parts_.partitions();
}

void Rewriter::FindJob(Instant now) {
  for (std::size_t asked = 0; asked < kAskedMax && !round_.empty(); ++asked) {
    const TopicPartition where = round_.back();
    const std::optional<UpkeepPartition> partition = parts_.find(where);
    std::vector<CopySource> sources;
    if (partition) sources = partition->log->NotLookedAt(kJudgedMax);
    if (sources.empty()) {
      round_.pop_back();
      continue;
    }
    if (!parts_.has_room(sources.front().size_bytes)) {
      next_step_ = now.monotonic + options_.round_interval_ms;
      return;
    }
    std::reverse(sources.begin(), sources.end());
    job_ = std::make_shared<Job>();
    job_->where = where;
    job_->directory = partition->directory;
    job_->candidates = std::move(sources);
    next_step_ = now.monotonic;
    return Submit(job_);
  }
}

void Rewriter::Submit(const std::shared_ptr<Job>& job) {
  under_way_ = true;
  parts_.worker.Submit([this, job, &fs = parts_.fs, options = options_](
                           const std::stop_token& stop) -> BackgroundWorker::Continuation {
    job->Run(fs, options, stop);
    return [this, job] { StepDone(job); };
  });
}

void Rewriter::StepDone(const std::shared_ptr<Job>& job) {
  under_way_ = false;
  if (const auto partition = parts_.find(job->where)) {
    for (const Offset base : std::exchange(job->judged, {})) partition->log->SetLookedAt(base);
  }
  if (job->ended) End(job);
}

void Rewriter::End(const std::shared_ptr<Job>& job) {
  job_.reset();
  if (job->failure) ++counters_.failures;
  const auto partition = parts_.find(job->where);
  if (!partition) return;  // its directory is gone, or goes
  if (job->copy != nullptr && job->copy->names_lost()) {
    partition->log->SetBroken(*job->copy->names_lost());
  }
  if (job->copied) Install(*partition->log, *job->copied);
  parts_.note_broken(*partition->log);
}

void Rewriter::Install(PartitionLog& log, const CopiedSegment& copied) {
  const Result<bool> installed = log.Install(copied);
  if (!installed.ok()) ++counters_.failures;
  if (!installed.ok() || !*installed) return;
  ++counters_.segments;
  counters_.bytes_before += static_cast<std::uint64_t>(copied.source_bytes());
  counters_.bytes_after += static_cast<std::uint64_t>(copied.seal.totals.size_bytes);
}

}  // namespace logboom::broker
