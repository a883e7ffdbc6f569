#include "broker/engine/cleaner.h"

#include <utility>

namespace logboom::broker {
namespace {

// Partitions that are asked in one turn of the loop.
constexpr std::size_t kAskedMax = 16;

}  // namespace

// Written by the worker while a step is with it, and by the loop in between.
struct Cleaner::Job {
  TopicPartition where;
  std::unique_ptr<CompactionPass> pass;
  Result<CompactionPass::Next> next = CompactionPass::Next::kStep;
};

Cleaner::Cleaner(CleanerParts parts, CleanerOptions options)
    : parts_(std::move(parts)), options_(options) {}

void Cleaner::Tick(Instant now) {
  now_ = now;
  if (options_.bytes_per_second <= 0 || under_way_ || now.monotonic < next_step_) return;
  if (job_ != nullptr) {
    next_step_ = now.monotonic + options_.step_bytes * 1000 / options_.bytes_per_second;
    return Submit();
  }
  if (round_.empty() && now.monotonic >= next_round_) StartRound(now);
  if (!round_.empty() && parts_.may_begin()) FindJob(now);
}

void Cleaner::StartRound(Instant now) {
  next_round_ = now.monotonic + options_.round_interval_ms;
  round_ = parts_.upkeep.partitions();
  std::erase_if(resting_, [&](const auto& entry) { return entry.second.until <= now.monotonic; });
}

void Cleaner::FindJob(Instant now) {
  for (std::size_t asked = 0; asked < kAskedMax && !round_.empty() && !job_; ++asked) {
    const TopicPartition where = round_.back();
    round_.pop_back();
    const std::optional<UpkeepPartition> partition = parts_.upkeep.find(where);
    if (!partition || resting_.contains(where)) continue;
    const Status started = TryStart(where, *partition->log, now);
    if (!started.ok()) Fail(where, *partition->log, started.error());
  }
}

Status Cleaner::TryStart(const TopicPartition& where, PartitionLog& log, Instant now) {
  RETURN_IF_ERROR(log.RollIfOld(parts_.clock()));
  // Where nothing more is appended nobody else would have it synced.
  if (log.HasUnsealed()) parts_.commit(where);
  ASSIGN_OR_RETURN(std::optional<CompactionPlan> plan, log.PlanCompaction(parts_.clock()));
  if (!plan || !parts_.upkeep.has_room(plan->segment_bytes)) return Ok();
  RETURN_IF_ERROR(log.BeginCompaction(*plan));
  plan->seed = parts_.seed();
  job_ = std::make_shared<Job>();
  job_->where = where;
  job_->pass =
      std::make_unique<CompactionPass>(parts_.upkeep.fs, *std::move(plan), options_.limits);
  next_step_ = now.monotonic;
  return Ok();
}

void Cleaner::Submit() {
  under_way_ = true;
  parts_.upkeep.worker.Submit([this, job = job_, step = options_.step_bytes](
                                  const std::stop_token& stop) -> BackgroundWorker::Continuation {
    job->next = job->pass->Step(step, stop);
    if (!job->next.ok()) job->pass->Drop();
    return [this] { StepDone(); };
  });
}

void Cleaner::StepDone() {
  under_way_ = false;
  const std::optional<UpkeepPartition> partition = parts_.upkeep.find(job_->where);
  if (!partition) return job_.reset();  // its directory is gone, or goes
  PartitionLog& log = *partition->log;
  if (!job_->next.ok()) {
    if (job_->pass->names_lost()) log.SetBroken(*job_->pass->names_lost());
    return Fail(job_->where, log, job_->next.error());
  }
  if (*job_->next == CompactionPass::Next::kInstall) {
    Install(log);
  } else if (*job_->next == CompactionPass::Next::kEnd) {
    End(log);
  }
}

void Cleaner::Install(PartitionLog& log) {
  const CopiedSegment copied = job_->pass->TakeCopied();
  const Result<bool> installed = log.Install(copied);
  if (!installed.ok()) return Fail(job_->where, log, installed.error());
  if (!*installed) {
    // Retention was faster: the next pass begins with what is there then.
    parts_.upkeep.note_broken(log);
    return job_.reset();
  }
  ++counters_.segments;
  counters_.bytes_before += static_cast<std::uint64_t>(copied.source_bytes());
  counters_.bytes_after += static_cast<std::uint64_t>(copied.seal.totals.size_bytes);
  counters_.records_dropped += static_cast<std::uint64_t>(copied.records_dropped);
}

void Cleaner::End(PartitionLog& log) {
  const Status ended = log.EndCompaction(job_->pass->clean_end());
  if (!ended.ok()) return Fail(job_->where, log, ended.error());
  ++counters_.passes;
  job_.reset();
}

void Cleaner::Fail(const TopicPartition& where, PartitionLog& log, const Error& error) {
  // Another time, where it is too busy now.
  if (error.code != ErrorCode::kCancelled && error.code != ErrorCode::kBusy &&
      error.code != ErrorCode::kLimit) {
    ++counters_.failures;
    resting_[where] = {error.message, now_.wall, now_.monotonic + options_.rest_ms};
  }
  job_.reset();
  parts_.upkeep.note_broken(log);
}

}  // namespace logboom::broker
