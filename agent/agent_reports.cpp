// What an agent says of itself: to its broker, and to whoever asks.
#include <chrono>
#include <cmath>

#include "agent/agent.h"

namespace logboom::agent {

AgentTotals Agent::Totals() const {
  AgentTotals totals;
  totals.counters = counters_;
  totals.errors = notices_.error_count();
  if (link_ != nullptr) totals.clock_skew = link_->clock_skew();
  for (const auto& topic : topics_) {
    totals.files += topic->files().files().size();
    totals.open_files += topic->open_files();
    totals.backlog_bytes += static_cast<std::uint64_t>(topic->backlog().unread_bytes);
  }
  for (const auto& stream : streams_) {
    totals.counters += stream->counters();
    if (stream->unit() == PositionUnit::kEntries) continue;
    totals.backlog_bytes += static_cast<std::uint64_t>(stream->backlog().unread_bytes);
  }
  return totals;
}

std::vector<client::FileReport> Agent::FileReports() const {
  std::vector<client::FileReport> reports;
  for (const auto& topic : topics_) topic->AddReports(reports);
  for (const auto& stream : streams_) stream->AddReports(reports);
  return reports;
}

void Agent::Report(Instant now) {
  report_at_ = now.monotonic + kReportInterval.count();
  TellClockSkew();
  if (!link_->connected()) return;
  const AgentTotals totals = Totals();
  const std::uint64_t progress = totals.counters.bytes_read + totals.counters.records_acked +
                                 totals.counters.all_lines_dropped();
  const bool changed = progress != reported_bytes_ || totals.files != reported_files_;
  if (!changed && now.monotonic < quiet_report_at_) return;
  reported_bytes_ = progress;
  reported_files_ = totals.files;
  SendReport(now);
}

// Times of records are this machine's, unless their lines say theirs.
void Agent::TellClockSkew() {
  const auto skew = link_->clock_skew();
  if (!skew) return;
  const bool skewed = std::chrono::abs(*skew) > kClockSkewMax;
  if (skewed) {
    notices_.SayOnce("clock", Severity::kWarn,
                     fmt::format("this machine's clock is {:.1f} s {} the broker's: times of "
                                 "records are wrong by as much, unless their lines tell their own",
                                 std::abs(static_cast<double>(skew->count())) / 1000.0,
                                 skew->count() > 0 ? "ahead of" : "behind"));
  } else if (clock_skewed_) {
    notices_.Forget("clock");
    notices_.Say(Severity::kInfo, "this machine's clock and the broker's agree again");
  }
  clock_skewed_ = skewed;
}

void Agent::SendReport(Instant now) {
  quiet_report_at_ = now.monotonic + kQuietReportInterval.count();
  if (!rest_at_) rest_at_ = now.monotonic + kRestAfterReport.count();
  const Counters counters = Totals().counters;
  link_->Report({.started = started_,
                 .bytes_read = counters.bytes_read,
                 .bytes_acked = counters.bytes_acked,
                 .records_acked = counters.records_acked,
                 .errors = notices_.error_count(),
                 .last_error = notices_.last_error(),
                 .memory_bytes = seams_.memory_bytes(),
                 .lines_dropped = counters.all_lines_dropped(),
                 .files = FileReports()});
}

}  // namespace logboom::agent
