#include "agent/row_sender.h"

#include <algorithm>
#include <utility>

#include "agent/limits.h"

namespace logboom::agent {

RowSender::RowSender(std::string topic, Counters& counters, Notices& notices)
    : topic_(std::move(topic)), counters_(counters), notices_(notices) {}

void RowSender::Start(const Uuid& topic_id, PartitionIndex partition) {
  Forget();
  topic_id_ = topic_id;
  partition_ = partition;
}

void RowSender::Forget() {
  ++session_;
  conflict_ = false;
  for (Source* source : wanting_) source->row_under_way = false;
}

void RowSender::Clear() {
  Forget();
  wanting_.clear();
  changed_.clear();
}

void RowSender::Enlist(Source& source) {
  if (std::find(wanting_.begin(), wanting_.end(), &source) == wanting_.end()) {
    wanting_.push_back(&source);
  }
}

void RowSender::Want(Source& source, const WantedRow& row) {
  source.row = std::make_unique<WantedRow>(row);
  Enlist(source);
}

void RowSender::WantClose(Source& source) {
  if (source.final) return;
  source.close_wanted = true;
  Enlist(source);
}

bool RowSender::IsDue(const Source& source, MonotonicMs now) const {
  return !source.row_under_way && source.acked_to_end_of_sent() && now >= source.row_not_before;
}

void RowSender::Poll(client::AgentLink& link, MonotonicMs now) {
  now_ = now;
  std::vector<Source*> due;
  for (Source* source : std::vector<Source*>(wanting_)) {
    if (!IsDue(*source, now)) continue;
    // A gap whose bytes came after all, or were reported before a session was lost.
    if (source->row && source->row->kind == client::RowKind::kGap &&
        source->row->end <= source->durable.end) {
      source->row.reset();
    }
    const bool leaves_out = source->has_left_out();
    if (!source->row && !source->close_wanted && !leaves_out) {
      std::erase(wanting_, source);
    } else if (!source->row && !source->opened && !leaves_out) {
      Final(*source);
    } else if (due.size() < kRowsPerRequestMax) {
      due.push_back(source);
    }
  }
  if (!due.empty() && link.connected()) Send(link, due);
}

client::ProgressRow RowSender::RowOf(const Source& source) const {
  client::ProgressRow row;
  row.source_id = source.id;
  row.begin = source.durable.end;
  if (!source.opened) row.identity = source.origin.Identity();
  if (source.has_left_out()) {
    row.kind = client::RowKind::kProgress;
    row.end = source.read.end;
    row.dropped = source.left_out;
    row.window = source.read.window;
    return row;
  }
  if (!source.row) {
    row.kind = client::RowKind::kClose;
    row.end = row.begin;
    row.window = source.durable.window;
    return row;
  }
  row.kind = source.row->kind;
  row.end = source.row->end;
  row.end_is_exact = source.row->end_is_exact;
  row.reason = source.row->reason;
  row.window = source.row->window;
  return row;
}

void RowSender::Send(client::AgentLink& link, const std::vector<Source*>& sources) {
  std::vector<client::ProgressRow> rows;
  for (const Source* source : sources) rows.push_back(RowOf(*source));
  auto done = [this, session = session_, sources, rows](const client::ProduceOutcome& outcome) {
    if (session == session_) Answered(sources, rows, outcome);
  };
  if (!link.Progress(topic_id_, partition_, std::move(rows), std::move(done))) return;
  for (Source* source : sources) source->row_under_way = true;
}

void RowSender::Answered(const std::vector<Source*>& sources,
                         const std::vector<client::ProgressRow>& rows,
                         const client::ProduceOutcome& outcome) {
  using Kind = client::ProduceOutcome::Kind;
  if (outcome.kind == Kind::kRefused) {
    ++counters_.refusals;
    notices_.SayOnce("row " + topic_, outcome.retriable ? Severity::kWarn : Severity::kError,
                     "topic " + topic_ + ": the broker refuses to note progress: " +
                         (outcome.error ? outcome.error->message : "no reason given"));
  }
  if (outcome.kind == Kind::kConflict) {
    ++counters_.conflicts;
    conflict_ = true;
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    Source& source = *sources[i];
    source.row_under_way = false;
    source.row_not_before = now_;
    if (outcome.kind == Kind::kDurable) {
      Durable(source, rows[i]);
    } else {
      source.row_not_before =
          now_ + (outcome.kind == Kind::kConflict ? kRefusedWaitMin : kRefusedWaitMax).count();
    }
  }
}

void RowSender::Durable(Source& source, const client::ProgressRow& row) {
  const bool is_left_out = row.kind == client::RowKind::kProgress && row.end > row.begin;
  source.Acked({row.end, row.window});
  source.checkpoint_due = true;
  if (row.kind == client::RowKind::kClose) return Final(source);
  if (row.kind == client::RowKind::kGap) {
    ++counters_.gaps;
    counters_.gap_bytes += static_cast<std::uint64_t>(row.end - row.begin);
  }
  if (!is_left_out) source.row.reset();
  changed_.push_back(&source);
  if (!source.row && !source.close_wanted) std::erase(wanting_, &source);
}

void RowSender::Final(Source& source) {
  source.final = true;
  source.close_wanted = false;
  source.checkpoint_due = true;
  ++counters_.sources_closed;
  std::erase(wanting_, &source);
  changed_.push_back(&source);
}

std::vector<Source*> RowSender::TakeChanged() { return std::exchange(changed_, {}); }

bool RowSender::TakeConflict() { return std::exchange(conflict_, false); }

bool RowSender::any_under_way() const {
  return std::any_of(wanting_.begin(), wanting_.end(),
                     [](const Source* source) { return source->row_under_way; });
}

}  // namespace logboom::agent
