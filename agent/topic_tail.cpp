#include "agent/topic_tail.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "agent/binary_files.h"
#include "agent/content.h"

namespace logboom::agent {
namespace {

// Up to so many files, all sizes are asked for at every scan.
constexpr std::size_t kFewFiles = 1'000;

std::string StateText(const WatchedFile& file) {
  switch (file.state) {
    case FileState::kReading:
      if (file.place != Place::kInPattern) return "rotated";
      return file.source->durable.end.value() < file.size ? "reading" : "idle";
    case FileState::kFinished: return "idle";
    case FileState::kCopy: return "copy";
    case FileState::kUnplaced:
    case FileState::kWaiting: return "waiting";
    case FileState::kUnreadable: return "unreadable";
    case FileState::kBinary: return "binary";
  }
  return "";
}

}  // namespace

TopicTail::TopicTail(std::string topic, const AgentOptions& options,
                     std::vector<CompiledInput> inputs, file::FileSystem& fs,
                     file::DirectoryWatch* watch, Random& random, ReadingPace& pace,
                     Counters& counters, Notices& notices)
    : pace_(pace),
      parts_(topic, options, fs, random, counters, notices),
      discovery_(fs, watch, std::move(inputs), notices),
      departures_(parts_),
      placement_(parts_, departures_),
      shipper_(std::move(topic), counters, notices) {
  parts_.input_of = [this](std::string_view path) {
    const CompiledInput* input = discovery_.InputOf(path);
    return (input != nullptr ? *input : discovery_.inputs().front()).options;
  };
}

void TopicTail::Remember(const std::vector<CheckpointRow>& rows,
                         const std::set<std::string>& known_inputs) {
  parts_.sources.Remember(rows);
  known_inputs_ = known_inputs;
}

// ---- sessions

void TopicTail::SessionStarted(const client::AgentTopic& topic, bool restored,
                               client::AgentLink& link) {
  SessionLost();
  restored_ = restored_ || restored;
  if (topic.error) {
    parts_.notices.SayOnce("topic " + parts_.topic, Severity::kError,
                           "topic " + parts_.topic + ": " + topic.error->message);
    return;
  }
  parts_.notices.Forget("topic " + parts_.topic);
  if (!topic_id_.nil() && topic_id_ != topic.topic_id) ForgetTopic();
  topic_id_ = topic.topic_id;
  log_tag_ = topic.log_tag;
  has_session_ = true;
  shipper_.Start(topic.topic_id, topic.partition);
  parts_.rows.Start(topic.topic_id, topic.partition);
  ListSources(link, !listed_with_final_ || restored_);
}

void TopicTail::SessionLost() {
  ++session_;
  has_session_ = false;
  online_ = false;
  listing_ = false;
  resync_due_ = false;
  shipper_.Forget();
  parts_.rows.Forget();
  parts_.sources.RewindAll();
}

// The topic was deleted and made again: what its predecessor held is gone, and known to nobody.
void TopicTail::ForgetTopic() {
  parts_.notices.Say(Severity::kWarn, "topic " + parts_.topic +
                                          " was made anew at the broker: files are read from "
                                          "their start");
  departures_.Clear();
  placement_.Clear();
  parts_.rows.Clear();
  while (!active_.empty()) Deactivate(*active_.front());
  for (const auto& file : parts_.files.files()) {
    file->source = nullptr;
    file->waits_for = nullptr;
    file->read_after = nullptr;
    file->content_source = {};
    file->found_at_start = false;
    file->rest_at_size = -1;
    if (file->state != FileState::kUnreadable) file->state = FileState::kUnplaced;
  }
  parts_.sources.Clear();
  listed_with_final_ = false;
}

// What was acked behind the backup is read again where it still is: files that need not be read any
// more are looked at anew, and the sources look for theirs. What is found nowhere becomes a gap.
void TopicTail::MergeRestored(const std::vector<client::KnownSource>& known) {
  const std::vector<Source*> revived = parts_.sources.MergeRestored(known);
  for (const auto& file : parts_.files.files()) {
    if (file->state != FileState::kFinished && file->state != FileState::kCopy) continue;
    const bool of_revived =
        std::any_of(revived.begin(), revived.end(),
                    [&file](const Source* source) { return source->id == file->content_source; });
    if (!of_revived) continue;
    file->state = FileState::kUnplaced;
    file->content_source = {};
    file->finished_size = 0;
  }
}

void TopicTail::ListSources(client::AgentLink& link, bool with_final) {
  online_ = false;
  resync_due_ = false;
  listing_ = true;
  link.ListSources(topic_id_, with_final,
                   [this, &link, with_final,
                    session = session_](Result<std::vector<client::KnownSource>> known) {
                     // The agent's other inputs in this topic look after theirs.
                     if (known) std::erase_if(*known, std::not_fn(IsFileSource));
                     if (session == session_) SourcesListed(link, with_final, known);
                   });
}

void TopicTail::SourcesListed(client::AgentLink& link, bool with_final,
                              const Result<std::vector<client::KnownSource>>& known) {
  listing_ = false;
  if (!known && !link.connected()) return;  // said when the session is lost
  if (!known) {
    parts_.notices.Say(
        Severity::kWarn,
        "topic " + parts_.topic + ": its sources can't be looked up: " + known.error().message);
    resync_due_ = true;
    return;
  }
  if (std::exchange(restored_, false)) {
    MergeRestored(*known);
  } else if (!parts_.sources.Merge(*known, with_final)) {
    return ListSources(link, true);
  }
  listed_with_final_ = listed_with_final_ || with_final;
  online_ = true;
  placement_due_ = true;
  FindNewInputs();
  NoteForeign();
  std::vector<Source*> final;
  for (const auto& file : parts_.files.files()) {
    if (file->source == nullptr) continue;
    if (file->source->final) final.push_back(file->source);
    file->rest_at_size = -1;
    QueueLook(*file);
  }
  for (Source* source : final) SourceFinal(*source);
}

// ---- the loop

void TopicTail::Step(client::AgentLink& link, Instant now) {
  NoteClock(now);
  LookAndScan(now.monotonic);
  if (now.monotonic >= sweep_at_) {
    sweep_at_ = now.monotonic + kSweepInterval.count();
    Sweep(now);
  }
  Rewound(shipper_.Poll(link, now.monotonic));
  if (online_) parts_.rows.Poll(link, now.monotonic);
  RowsDone();
  if (parts_.rows.TakeConflict()) resync_due_ = true;
  if (resync_due_ && has_session_ && !listing_ && now.monotonic >= list_again_at_) {
    online_ = false;
    if (idle()) {
      list_again_at_ = now.monotonic + kRefusedWaitMin.count();
      ListSources(link, !listed_with_final_ || restored_);
    }
  }
  PlaceFiles(now.monotonic);
}

void TopicTail::LookAndScan(MonotonicMs now) {
  if (now >= scan_at_) {
    const bool sizes =
        now >= sizes_at_ || discovery_.polls() || parts_.files.files().size() <= kFewFiles;
    if (sizes) sizes_at_ = now + kSizeSweepInterval.count();
    Scan(sizes ? ScanDepth::kSizes : ScanDepth::kNames, now);
  }
  std::vector<WatchedFile*> later;
  for (WatchedFile* file : std::exchange(looks_, {})) {
    file->look_queued = false;
    if (now - file->looked_at < parts_.options.look_interval().count() &&
        file->looked_at.value() != 0) {
      file->look_queued = true;
      later.push_back(file);
    } else {
      Look(*file, now);
    }
  }
  looks_.insert(looks_.end(), later.begin(), later.end());
}

void TopicTail::PlaceFiles(MonotonicMs now) {
  if (!placement_due_ && now - placed_at_ < kSweepInterval.count()) return;
  const auto& files = parts_.files.files();
  const bool waits =
      !departures_.empty() || std::any_of(files.begin(), files.end(), [](const auto& file) {
        return file->state == FileState::kUnplaced || file->state == FileState::kWaiting;
      });
  placed_at_ = now;
  if (!placement_due_ && !waits) return;
  placement_due_ = false;
  placement_.Run(now, online_);
  for (const auto& file : files) {
    if (file->look_due) QueueLook(*file);
  }
}

void TopicTail::Rewound(const std::vector<Source*>& sources) {
  for (Source* source : sources) {
    if (source->bound == nullptr) continue;
    source->bound->rest_at_size = -1;
    QueueLook(*source->bound);
  }
}

// ---- shipping

bool TopicTail::IsDue(MonotonicMs now) const {
  if (active_.empty()) return false;
  if (parts_.options.once) return true;
  std::int64_t unread = 0;
  for (const WatchedFile* file : active_) {
    unread += Unread(*file);
    if (unread >= kBatchTargetBytes || file->drain_then_close || file->sends_rest() ||
        now - file->waiting_since >= parts_.options.linger.count()) {
      return true;
    }
  }
  return false;
}

bool TopicTail::Ship(client::AgentLink& link, FileTurn& turn, BatchAssembler& assembler,
                     Instant now) {
  ship_blocked_ = !shipper_.CanSend(link, now.monotonic);
  if (ship_blocked_ || !online_ || stopping_ || !IsDue(now.monotonic)) return false;
  ship_link_ = &link;
  ship_assembler_ = &assembler;
  ship_now_ = now.monotonic;
  ship_batches_ = 0;
  assembler.SetRawBytesMax(link.credit_bytes());
  bool goes_on = true;
  std::size_t skipped = 0;
  while (goes_on && skipped < active_.size()) {
    WatchedFile& file = *active_.front();
    active_.pop_front();
    active_.push_back(&file);
    if (!pace_.MayRead(file.input, now.monotonic) || MustLetPass(file)) {
      ++skipped;
      continue;
    }
    skipped = 0;
    goes_on = TakeTurn(file, turn, assembler, now);
  }
  if (!assembler.empty()) SendAssembled();
  ship_blocked_ = !shipper_.CanSend(link, now.monotonic);
  return !ship_blocked_ && MayReadAny(now.monotonic);
}

bool TopicTail::MayReadAny(MonotonicMs now) {
  return pace_.MayRead(now) &&
         std::any_of(active_.begin(), active_.end(), [this, now](const WatchedFile* file) {
           return pace_.MayRead(file->input, now);
         });
}

bool TopicTail::MustLetPass(WatchedFile& file) {
  if (file.read_after == nullptr) return false;
  WatchedFile* earlier = file.read_after->bound;
  // A source may go on in another file than the one that was waited for, but no two wait for each
  // other.
  if (earlier == nullptr || earlier == &file ||
      (earlier->read_after != nullptr && earlier->read_after->bound == &file)) {
    file.read_after = nullptr;
    return false;
  }
  // What is not acked may yet have to be read again.
  const std::int64_t unread = Unread(*earlier);
  if (unread == 0 && earlier->rest_holds_lines && earlier->rest_at_size == earlier->size) {
    // The program writes elsewhere now: nothing joins on the event that ends the file.
    earlier->send_event = true;
    Activate(*earlier, ship_now_);
    return true;
  }
  if (unread == 0 && file.read_after->acked_to_end_of_read()) file.read_after = nullptr;
  return unread > 0;
}

bool TopicTail::TakeTurn(WatchedFile& file, FileTurn& turn, BatchAssembler& assembler,
                         Instant now) {
  if (file.source->row_under_way) {
    // What comes behind the row's end is taken once that is durable.
    Deactivate(file);
    return true;
  }
  if (file.source->close_wanted || !EnsureOpen(parts_, file)) {
    Deactivate(file);
    QueueLook(file);
    return true;
  }
  if (LeavesAlone(file)) return true;
  const Source& source = *file.source;
  const SourcePosition begin = source.read.end;
  const TurnOutcome outcome = turn.Take(file, log_tag_, assembler, *this, now);
  pace_.HasRead(file.input, source.read.end - begin, now.monotonic);
  file.waiting_since = now.monotonic;
  switch (outcome.end) {
    case TurnEnd::kMore: return true;
    case TurnEnd::kBlocked: return false;
    case TurnEnd::kAllRead:
      file.send_event = false;
      file.send_rest_as_line = false;
      file.send_rest_with_more = false;
      Deactivate(file);
      return true;
    case TurnEnd::kTruncated:
      Deactivate(file);
      placement_.Truncated(file);
      placement_due_ = true;
      QueueLook(file);
      return true;
    case TurnEnd::kFailed:
      parts_.notices.SayOnce("read " + file.path, Severity::kError,
                             outcome.error->message + "; it is tried again every second");
      Deactivate(file);
      return true;
  }
  return true;
}

// A file that was empty when its source was made shows now what it is. The broker has not heard of
// that source, and never will.
bool TopicTail::LeavesAlone(WatchedFile& file) {
  Source& source = *file.source;
  const bool begins = !source.opened && !source.identity_sent && source.read.end.value() == 0;
  if (!begins || !HeadMatches(Content(*file.handle, file.size), source.origin.head) ||
      !IsLeftAlone(file)) {
    return false;
  }
  Deactivate(file);
  source.bound = nullptr;
  file.source = nullptr;
  parts_.rows.WantClose(source);
  LeaveAlone(parts_, file);
  return true;
}

void TopicTail::RunAdded(Source& source) { ship_sources_.push_back(&source); }

bool TopicTail::SendBatch() {
  SendAssembled();
  ship_assembler_->SetRawBytesMax(ship_link_->credit_bytes());
  if (pace_.crowded()) return false;
  return ship_batches_ < kBatchesPerStepMax && shipper_.CanSend(*ship_link_, ship_now_);
}

void TopicTail::SendAssembled() {
  ++ship_batches_;
  auto batch = ship_assembler_->Finish();
  std::vector<Source*> sources = std::exchange(ship_sources_, {});
  if (!batch) {
    parts_.notices.Say(Severity::kError, batch.error().message);
    resync_due_ = true;
    return;
  }
  shipper_.Send(*ship_link_, *std::move(batch), std::move(sources));
}

// ---- what others ask

TopicBacklog TopicTail::backlog() const {
  TopicBacklog backlog;
  for (const WatchedFile* file : active_) backlog.unread_bytes += Unread(*file);
  backlog.bytes_under_way = shipper_.bytes_under_way();
  return backlog;
}

bool TopicTail::Done() const {
  if (!online_ || !idle() || !departures_.empty() || !parts_.rows.idle()) return false;
  const auto& files = parts_.files.files();
  return std::all_of(files.begin(), files.end(), [this](const auto& file) {
    switch (file->state) {
      case FileState::kReading:
        return !file->look_due && Unread(*file) == 0 && file->source->acked_to_end_of_read();
      case FileState::kUnplaced: return file->size == 0;
      case FileState::kWaiting: return false;
      case FileState::kCopy:
      case FileState::kFinished:
      case FileState::kUnreadable:
      case FileState::kBinary: return true;
    }
    return true;
  });
}

MonotonicMs TopicTail::NextDue(MonotonicMs now) const {
  MonotonicMs due = std::min(scan_at_, sweep_at_);
  for (const WatchedFile* file : looks_) {
    due = std::min(due, std::max(now, file->looked_at + parts_.options.look_interval().count()));
  }
  if (placement_due_) due = now;
  if (!online_ || stopping_) return due;
  if (const auto until = shipper_.waits_until(now)) due = std::min(due, *until);
  if (ship_blocked_) return due;
  // Enough for a batch waits for the pace alone, not for more to come.
  const std::int64_t linger_ms = IsDue(now) ? 0 : parts_.options.linger.count();
  for (const WatchedFile* file : active_) {
    due = std::min(
        due, std::max({now, file->waiting_since + linger_ms, pace_.ResumesAt(file->input, now)}));
  }
  return due;
}

void TopicTail::AddReports(std::vector<client::FileReport>& out) const {
  for (const auto& file : parts_.files.files()) {
    const bool nothing_waits =
        file->state == FileState::kFinished || file->state == FileState::kBinary;
    const SourcePosition none(nothing_waits ? file->size : 0);
    out.push_back({.path = file->path,
                   .topic = parts_.topic,
                   .size_bytes = file->size,
                   .read = file->source != nullptr ? file->source->read.end : none,
                   .acked = file->source != nullptr ? file->source->durable.end : none,
                   .last_line = file->last_line,
                   .state = StateText(*file)});
  }
}

void TopicTail::TakeCheckpoint(std::vector<CheckpointRow>& rows, std::vector<std::string>& inputs) {
  if (std::exchange(inputs_due_, false)) {
    inputs.insert(inputs.end(), known_inputs_.begin(), known_inputs_.end());
  }
  parts_.sources.ForEach([this, &rows](Source& source) {
    if (!source.checkpoint_due || !source.opened) return;
    source.checkpoint_due = false;
    rows.push_back({.topic_id = topic_id_,
                    .source_id = source.id,
                    .path = source.path(),
                    .file = source.file,
                    .begin = source.begin.end.value(),
                    .size_seen = source.size_seen,
                    .final = source.final});
  });
}

}  // namespace logboom::agent
