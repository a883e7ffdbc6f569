#include "agent/stream_tail.h"

#include <algorithm>
#include <utility>

#include "agent/streams/limits.h"

namespace logboom::agent {

StreamTail::StreamTail(InputOptions input, const AgentOptions& options,
                       std::unique_ptr<RecordStream> stream, Random& random, Notices& notices)
    : input_(std::move(input)),
      options_(options),
      stream_(std::move(stream)),
      random_(random),
      notices_(notices),
      rows_(input_.topic, counters_, notices),
      shipper_(input_.topic, counters_, notices),
      lines_(options, &input_),
      key_(options.host + ":" + stream_->name()) {}

// ---- sessions

void StreamTail::SessionStarted(const client::AgentTopic& topic, bool restored,
                                client::AgentLink& link) {
  SessionLost();
  restored_ = restored_ || restored;
  if (topic.error) {
    notices_.SayOnce("topic " + input_.topic, Severity::kError,
                     "topic " + input_.topic + ": " + topic.error->message);
    return;
  }
  notices_.Forget("topic " + input_.topic);
  if (!topic_id_.nil() && topic_id_ != topic.topic_id) ForgetTopic();
  topic_id_ = topic.topic_id;
  log_tag_ = topic.log_tag;
  has_session_ = true;
  shipper_.Start(topic.topic_id, topic.partition);
  rows_.Start(topic.topic_id, topic.partition);
  ListSources(link, restored_);
}

void StreamTail::SessionLost() {
  ++session_;
  has_session_ = false;
  online_ = false;
  listing_ = false;
  resync_due_ = false;
  shipper_.Forget();
  rows_.Forget();
  sources_.RewindAll();
}

// It was deleted and made again: nobody has what its predecessor held.
void StreamTail::ForgetTopic() {
  rows_.Clear();
  sources_.Clear();
  listed_ = true;  // `from` is of the input's first use
}

void StreamTail::ListSources(client::AgentLink& link, bool with_final) {
  online_ = false;
  resync_due_ = false;
  listing_ = true;
  link.ListSources(topic_id_, with_final,
                   [this, &link, with_final,
                    session = session_](Result<std::vector<client::KnownSource>> known) {
                     if (session == session_) SourcesListed(link, with_final, std::move(known));
                   });
}

void StreamTail::SourcesListed(client::AgentLink& link, bool with_final,
                               Result<std::vector<client::KnownSource>> known) {
  listing_ = false;
  if (!known && !link.connected()) return;  // said when the session is lost
  if (!known) {
    notices_.Say(Severity::kWarn, "topic " + input_.topic + ": the sources of " + stream_->name() +
                                      " can't be looked up: " + known.error().message);
    resync_due_ = true;
    return;
  }
  std::erase_if(*known, [this](const client::KnownSource& source) {
    return IsFileSource(source) || !stream_->Owns(source.identity.path);
  });
  if (std::exchange(restored_, false)) {
    sources_.MergeRestored(*known);
  } else if (!sources_.Merge(*known, with_final)) {
    return ListSources(link, true);
  }
  online_ = true;
  seek_due_ = true;
  seek_at_ = {};
}

// ---- the loop

void StreamTail::Step(client::AgentLink& link, Instant now) {
  PollStream(now);
  if (!shipper_.Poll(link, now.monotonic).empty()) seek_due_ = true;
  if (online_) rows_.Poll(link, now.monotonic);
  for (const Source* changed : rows_.TakeChanged()) seek_due_ = seek_due_ || !changed->final;
  if (rows_.TakeConflict()) resync_due_ = true;
  Resync(link, now.monotonic);
  if (seek_due_ && online_ && now.monotonic >= seek_at_) Seek(now.monotonic);
  ReleaseDurable();
  TellLeftOut(now.monotonic);
  CloseEnded();
  NoteWaiting(now.monotonic);
}

void StreamTail::Resync(client::AgentLink& link, MonotonicMs now) {
  if (!resync_due_ || !has_session_ || listing_ || now < list_again_at_) return;
  online_ = false;
  if (!is_settled()) return;
  list_again_at_ = now + kRefusedWaitMin.count();
  ListSources(link, restored_);
}

void StreamTail::PollStream(Instant now) {
  const std::string key = "read " + stream_->name();
  const Status polled = stream_->Poll(now);
  if (polled.ok()) {
    notices_.Forget(key);
  } else {
    notices_.SayOnce(key, Severity::kError, polled.error().message + "; it is tried again");
  }
  for (std::string& warning : stream_->TakeWarnings()) {
    notices_.Say(Severity::kWarn, std::move(warning));
  }
  const Losses lost = stream_->TakeLosses();
  for (std::size_t i = 0; i < kLosses; ++i) counters_.losses[i] += lost[i];
}

std::vector<Source*> StreamTail::OpenSources() {
  std::vector<Source*> open = sources_.All();
  std::erase_if(open, [](const Source* source) { return source->final || source->close_wanted; });
  return open;
}

void StreamTail::Seek(MonotonicMs now) {
  const std::vector<Source*> open = OpenSources();
  const bool first = !std::exchange(listed_, true);
  if (first && open.empty() && input_.from == StartFrom::kEnd) {
    listed_ = SeekEnd();
    if (!listed_) seek_at_ = now + kStreamRetry.count();
    return;
  }
  std::vector<StreamPlace> places;
  for (const Source* source : open) {
    places.push_back({.source = source->origin.path,
                      .at = source->read,
                      .window_known = source->read_window_known,
                      .recent = source->recent});
  }
  const auto resumed = stream_->Seek(places);
  if (!resumed) {
    notices_.SayOnce("seek " + stream_->name(), Severity::kError,
                     resumed.error().message + "; it is tried again");
    seek_at_ = now + kStreamRetry.count();
    return;
  }
  notices_.Forget("seek " + stream_->name());
  seek_due_ = false;
  for (std::size_t i = 0; i < open.size(); ++i) GoOn(*open[i], (*resumed)[i]);
}

// Sources that begin there are opened at once, so that a later start goes on from there.
bool StreamTail::SeekEnd() {
  const auto ends = stream_->SeekEnd();
  if (!ends) {
    notices_.SayOnce("seek " + stream_->name(), Severity::kError,
                     ends.error().message + "; it is tried again");
    return false;
  }
  seek_due_ = false;
  for (const StreamPlace& place : *ends) OpenAt(place.source, place.at);
  return true;
}

void StreamTail::OpenAt(std::string_view path, const client::SpanEnd& begin) {
  WantedRow row;
  row.end = begin.end;
  row.window = begin.window;
  rows_.Want(AddSource(path, begin), row);
}

Source& StreamTail::AddSource(std::string_view path, const client::SpanEnd& begin) {
  record::SourceIdentity identity;
  identity.agent_id = options_.agent_id;
  identity.path = path;
  ++counters_.sources_opened;
  return sources_.Add(NewSource(Uuid::Make(random_), Origin(identity), begin));
}

// What became of `source` once the stream was asked for it.
void StreamTail::GoOn(Source& source, const Resumed& resumed) {
  if (!resumed.is_same) {
    if (resumed.successor) OpenAt(source.origin.path, *resumed.successor);
    return rows_.WantClose(source);
  }
  if (resumed.at.end <= source.read.end) return;
  if (!source.opened) {
    // What lies before went to a broker that is no more.
    source.BeginAt(resumed.at);
    return;
  }
  rows_.Want(source, {.kind = client::RowKind::kGap,
                      .end = resumed.at.end,
                      .end_is_exact = true,
                      .reason = "the broker lost what " + stream_->name() + " gave it once",
                      .window = resumed.at.window});
}

void StreamTail::ReleaseDurable() {
  if (!online_) return;
  sources_.ForEach([this](const Source& source) {
    if (!source.final && source.opened && !source.row) {
      stream_->Release(source.origin.path, source.durable.end);
    }
  });
}

// The next record's span would tell of it too: a row of its own is for what waits too long for one.
void StreamTail::TellLeftOut(MonotonicMs now) {
  if (!online_ || seek_due_) return;
  sources_.ForEach([this, now](Source& source) {
    const bool is_old = now - source.left_out_since >= kLeftOutWait.count();
    if (source.has_left_out() && (is_old || stream_->ended() || options_.once)) {
      rows_.WantLeftOut(source);
    }
  });
}

void StreamTail::CloseEnded() {
  if (!online_ || seek_due_ || !stream_->ended()) return;
  for (Source* source : OpenSources()) {
    if (source->acked_to_end_of_read() && !source->row) rows_.WantClose(*source);
  }
}

// ---- sending

void StreamTail::NoteWaiting(MonotonicMs now) {
  const bool waits = online_ && !seek_due_ && stream_->Peek() != nullptr;
  if (waits && !waiting_) waiting_since_ = now;
  waiting_ = waits;
}

bool StreamTail::IsDue(MonotonicMs now) const {
  if (!waiting_) return false;
  return options_.once || finishes_ || stream_->ended() ||
         stream_->unread_bytes() >= static_cast<std::size_t>(kBatchTargetBytes) ||
         now - waiting_since_ >= options_.linger.count();
}

bool StreamTail::Ship(client::AgentLink& link, BatchAssembler& assembler, Instant now) {
  blocked_ = !shipper_.CanSend(link, now.monotonic);
  if (blocked_ || paused_ || !IsDue(now.monotonic)) return false;
  assembler_ = &assembler;
  run_ = {};
  batches_ = 0;
  assembler.SetRawBytesMax(link.credit_bytes());
  const bool more = Fill(link, now);
  blocked_ = !shipper_.CanSend(link, now.monotonic);
  return more && !blocked_;
}

// True: it stopped with entries left that could be sent at once.
bool StreamTail::Fill(client::AgentLink& link, Instant now) {
  bool goes_on = true;
  while (goes_on) {
    const StreamEntry* entry = stream_->Peek();
    if (entry != nullptr && IsRepeat(*entry)) {
      repeats_.Hold(*entry, stream_->window());
      stream_->Advance();
      continue;
    }
    if (entry == nullptr && repeats_.empty()) break;
    Source& source = SourceOf(repeats_.empty() ? *entry : repeats_.entry());
    if (source.row || source.row_under_way) break;  // what comes before it is to be durable
    if (run_.source != &source) {
      EndRun(now.monotonic);
      BeginRun(source, now.monotonic);
    }
    if (repeats_.empty() ? AddEntry(*entry, now) : AddRepeats(now)) continue;
    EndRun(now.monotonic);
    goes_on = SendBatch(link, now.monotonic);
  }
  EndRun(now.monotonic);
  // They were read, and can't be sent now.
  seek_due_ = seek_due_ || !repeats_.empty();
  repeats_.Clear();
  if (!assembler_->empty()) SendBatch(link, now.monotonic);
  waiting_ = waiting_ && !goes_on;  // what is left has waited
  return !goes_on;
}

void StreamTail::BeginRun(Source& source, MonotonicMs now) {
  run_ = {.source = &source, .end = source.read.end};
  assembler_->BeginRun({.log_tag = log_tag_,
                        .source_id = source.id,
                        .begin = source.sent,
                        .identity = source.IdentityToSend(),
                        .key = key_,
                        .left_out = source.left_out});
  run_.shaping =
      &lines_.BeginTurn(source, waiting_since_, stream_->name(), source.read.end.value(), now);
}

void StreamTail::EndRun(MonotonicMs now) {
  if (run_.source == nullptr) return;
  const Run run = std::exchange(run_, {});
  const client::SpanEnd end{run.end,
                            repeats_.empty() ? stream_->window() : repeats_.window_before()};
  const auto left_out = assembler_->EndRun(end);
  if (run.end == run.source->read.end) return;
  if (left_out) return run.source->LeftOut(end, *left_out, now);
  run.source->Sent(end);
  batch_sources_.push_back(run.source);
}

// False: the batch is full.
bool StreamTail::AddEntry(const StreamEntry& entry, Instant now) {
  if (entry.own_unit) {
    assembler_->LeaveOut(1);
    ++counters_.lines_dropped[static_cast<std::size_t>(DropReason::kOwnUnit)];
  } else if (!AddLine(entry, now)) {
    return false;
  }
  run_.end = entry.end;
  stream_->Advance();
  return true;
}

bool StreamTail::AddLine(const StreamEntry& entry, Instant now) {
  Source& source = *run_.source;
  const Piece piece{.value = entry.value,
                    .consumed = static_cast<std::size_t>(entry.end - entry.begin),
                    .more = entry.more,
                    .stream = entry.stream,
                    .time = entry.time,
                    .as_is = entry.as_is};
  const FramingPlace place{.position = entry.begin.value()};
  const InputLine line = lines_.Shape(piece, place, {source.id, now.wall, *run_.shaping});
  if (line.is_sent()) {
    if (!Add(line, entry.headers)) return false;
    if (lines_.dedupes()) repeats_.Sent(entry);
    last_line_ = now.wall;
  }
  assembler_->LeaveOut(line.left_out());
  lines_.Done(line, counters_, *run_.shaping);
  return true;
}

// False: the batch is full.
bool StreamTail::Add(const InputLine& line, std::span<const record::HeaderView> of_entry) {
  headers_.assign(line.headers.begin(), line.headers.end());
  headers_.insert(headers_.end(), of_entry.begin(), of_entry.end());
  return assembler_->Add(line.piece, line.time, lines_.RedactLabels(headers_, line.headers.size()));
}

// In the run that is open an equal one was sent.
bool StreamTail::IsRepeat(const StreamEntry& entry) const {
  if (run_.source == nullptr || entry.own_unit || entry.source != run_.source->origin.path) {
    return false;
  }
  const Piece piece{.value = entry.value, .more = entry.more, .stream = entry.stream};
  return lines_.IsRepeat(piece) && repeats_.HasSameHeaders(entry);
}

// False: the batch is full, and they are still held.
bool StreamTail::AddRepeats(Instant now) {
  const StreamEntry entry = repeats_.entry();
  const bool added = repeats_.count() == 1 ? AddLine(entry, now) : AddCount(entry, now);
  if (!added) return false;
  run_.end = entry.end;
  repeats_.Clear();
  return true;
}

bool StreamTail::AddCount(const StreamEntry& entry, Instant now) {
  InputLine line = lines_.Count(repeats_.count());
  line.time = entry.time.value_or(now.wall);
  if (!Add(line, entry.headers)) return false;
  assembler_->LeaveOut(line.left_out());
  lines_.Done(line, counters_, *run_.shaping);
  last_line_ = now.wall;
  return true;
}

Source& StreamTail::SourceOf(const StreamEntry& entry) {
  if (run_.source != nullptr && run_.source->origin.path == entry.source) return *run_.source;
  for (Source* source : OpenSources()) {
    if (source->origin.path == entry.source) return *source;
  }
  return AddSource(entry.source, {entry.begin, record::HashBytes({})});
}

bool StreamTail::SendBatch(client::AgentLink& link, MonotonicMs now) {
  ++batches_;
  auto batch = assembler_->Finish();
  std::vector<Source*> sources = std::exchange(batch_sources_, {});
  if (!batch) {
    notices_.Say(Severity::kError, batch.error().message);
    resync_due_ = true;
    return false;
  }
  shipper_.Send(link, *std::move(batch), std::move(sources));
  assembler_->SetRawBytesMax(link.credit_bytes());
  return batches_ < kBatchesPerStepMax && shipper_.CanSend(link, now);
}

// ---- what others ask

bool StreamTail::AllSettled() const {
  return online_ && !seek_due_ && is_settled() && rows_.idle();
}

void StreamTail::Finish() {
  finishes_ = true;
  paused_ = unit() == PositionUnit::kEntries;
  if (!paused_) stream_->End();
}

bool StreamTail::idle() const {
  const bool must_end = finishes_ && !paused_ && has_session_;
  return is_settled() && (!must_end || Ended());
}

HandedStream StreamTail::HandOver() {
  HandedStream handed{.input = input_, .stream = nullptr};
  for (const Source* source : OpenSources()) handed.sources.push_back(source->origin.path);
  handed.leaves = finishes_;
  handed.stream = std::move(stream_);
  return handed;
}

std::int64_t StreamTail::bytes_not_acked() const {
  if (unit() == PositionUnit::kEntries) return 0;
  auto bytes = static_cast<std::int64_t>(stream_->unread_bytes());
  sources_.ForEach([&bytes](const Source& source) {
    if (!source.final) bytes += source.read.end - source.durable.end;
  });
  return bytes;
}

bool StreamTail::Ended() const {
  bool final = true;
  sources_.ForEach([&final](const Source& source) { final = final && source.final; });
  return stream_->ended() && AllSettled() && final;
}

bool StreamTail::Done() const {
  bool acked = true;
  sources_.ForEach([&acked](const Source& source) {
    acked = acked && (source.final || source.acked_to_end_of_read());
  });
  return AllSettled() && acked && stream_->Peek() == nullptr;
}

// Of entries nobody knows how many bytes wait: a batch's worth.
TopicBacklog StreamTail::backlog() const {
  const std::int64_t waiting = waiting_ ? kBatchTargetBytes : 0;
  const auto held = static_cast<std::int64_t>(stream_->unread_bytes());
  return {.unread_bytes = unit() == PositionUnit::kEntries ? waiting : held,
          .bytes_under_way = shipper_.bytes_under_way()};
}

Counters StreamTail::counters() const {
  Counters counters = counters_;
  if (unit() == PositionUnit::kBytes) return counters;
  counters.bytes_read = 0;
  counters.bytes_acked = 0;
  counters.gap_bytes = 0;
  return counters;
}

MonotonicMs StreamTail::NextDue(MonotonicMs now) const {
  MonotonicMs due = stream_->NextDue(now);
  if (!online_ || paused_) return due;
  if (const auto until = shipper_.waits_until(now)) due = std::min(due, *until);
  if (seek_due_) due = std::min(due, std::max(now, seek_at_));
  if (waiting_ && !blocked_) {
    due = std::min(due, std::max(now, waiting_since_ + options_.linger.count()));
  }
  return due;
}

void StreamTail::AddReports(std::vector<client::FileReport>& out) const {
  sources_.ForEach([this, &out](const Source& source) {
    if (source.final) return;
    const bool bytes = stream_->unit() == PositionUnit::kBytes;
    const auto unread = bytes ? static_cast<std::int64_t>(stream_->unread_bytes()) : 0;
    const bool idle = unread == 0 && source.acked_to_end_of_read();
    out.push_back({.path = bytes ? stream_->name() : source.origin.path,
                   .topic = input_.topic,
                   .size_bytes = source.read.end.value() + unread,
                   .read = source.read.end,
                   .acked = source.durable.end,
                   .last_line = last_line_,
                   .state = idle ? "idle" : "reading"});
  });
}

}  // namespace logboom::agent
