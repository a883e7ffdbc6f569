#include "agent/agent.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace logboom::agent {
namespace {

// After a topic was refused or lost: a new hello may find it.
constexpr std::chrono::milliseconds kHelloAgain{30'000};
// What is asked for ahead of what is known to wait.
constexpr std::size_t kCreditAhead = std::size_t{1} << 20U;
constexpr std::size_t kCreditMax = std::size_t{16} << 20U;

record::BatchBuilderOptions BuilderOptions(const AgentOptions& options) {
  record::BatchBuilderOptions builder;
  builder.codec = options.codec;
  builder.level = options.compression_level;
  return builder;
}

Status CheckLabels(const InputOptions& input) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : input.labels) {
    if (name.empty())
      return Fail(ErrorCode::kInvalid, "input '{}': a label has no name", input.name);
    bytes += name.size() + value.size();
  }
  if (bytes <= kLabelBytesMax) return Ok();
  return Fail(ErrorCode::kInvalid, "input '{}': its labels are longer than {} bytes in sum",
              input.name, kLabelBytesMax);
}

// The same pattern for the same topic twice is a mistake that can be seen without looking at files.
Status CheckPatterns(const std::vector<InputOptions>& inputs) {
  std::map<std::pair<std::string, std::string>, std::string> seen;
  for (const InputOptions& input : inputs) {
    for (const std::string& pattern : input.include) {
      const auto [other, is_new] = seen.try_emplace({input.topic, pattern}, input.name);
      if (is_new || other->second == input.name) continue;
      return Fail(ErrorCode::kInvalid,
                  "inputs '{}' and '{}' both send {} to topic {}: a file is read once for a topic",
                  other->second, input.name, pattern, input.topic);
    }
  }
  return Ok();
}

Status CheckStreams(const AgentOptions& options) {
  std::set<std::string> of_journal;
  for (const InputOptions& input : options.inputs) {
    if (input.kind == InputKind::kSyslog && options.once) {
      return Fail(ErrorCode::kInvalid,
                  "input '{}': --once reads inputs to their ends, and syslog has none", input.name);
    }
    // Both would have the same sources.
    if (input.kind == InputKind::kJournal && !of_journal.insert(input.topic).second) {
      return Fail(ErrorCode::kInvalid,
                  "input '{}': the journal goes to topic {} already: name the units of both in one "
                  "input, or give it another topic",
                  input.name, input.topic);
    }
  }
  return Ok();
}

}  // namespace

Agent::Agent(AgentOptions options, const AgentSeams& seams)
    : options_(std::move(options)),
      seams_(seams),
      assembler_(BuilderOptions(options_)),
      turn_(options_, counters_),
      pace_(options_) {
  if (seams_.watch != nullptr) descriptor_ = seams_.watch->descriptor();
}

Status Agent::Check(const AgentOptions& options) {
  if (options.max_line_bytes == 0 || options.max_line_bytes > kMaxLineBytes) {
    return Fail(ErrorCode::kInvalid, "max_line_bytes = {}: takes 1 to {}", options.max_line_bytes,
                kMaxLineBytes);
  }
  RETURN_IF_ERROR(CheckPatterns(options.inputs));
  RETURN_IF_ERROR(CheckStreams(options));
  for (const InputOptions& input : options.inputs) {
    RETURN_IF_ERROR(CheckLabels(input));
    const auto compiled = CompileInput(input);
    if (!compiled) return compiled.error().Within("input '" + input.name + "'");
  }
  return Ok();
}

Result<std::unique_ptr<Agent>> Agent::Make(AgentOptions options, const AgentSeams& seams,
                                           Handover* before) {
  RETURN_IF_ERROR(Check(options));
  std::unique_ptr<Agent> agent(new Agent(std::move(options), seams));
  RETURN_IF_ERROR(agent->AddTopics());
  RETURN_IF_ERROR(agent->AddStreams(before));
  return agent;
}

Status Agent::AddTopics() {
  std::vector<std::string> names;
  std::map<std::string, std::vector<CompiledInput>> by_topic;
  for (const InputOptions& input : options_.inputs) {
    if (input.kind != InputKind::kFiles) continue;
    auto compiled = CompileInput(input);
    if (!compiled) return compiled.error().Within("input '" + input.name + "'");
    if (!by_topic.contains(input.topic)) names.push_back(input.topic);
    by_topic[input.topic].push_back(*std::move(compiled));
  }
  for (const std::string& name : names) {
    topics_.push_back(std::make_unique<TopicTail>(name, options_, std::move(by_topic[name]),
                                                  seams_.fs, seams_.watch, seams_.random, pace_,
                                                  counters_, notices_));
  }
  return Ok();
}

Status Agent::AddStreams(Handover* before) {
  std::vector<const InputOptions*> inputs;
  for (const InputOptions& input : options_.inputs) {
    if (input.kind == InputKind::kFiles) continue;
    if (!seams_.open_stream) {
      return Fail(ErrorCode::kUnsupported, "input '{}': this agent reads files alone", input.name);
    }
    inputs.push_back(&input);
  }
  ASSIGN_OR_RETURN(auto streams, PassStreamsOn(inputs, seams_.open_stream, before));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    streams_.push_back(std::make_unique<StreamTail>(*inputs[i], options_, std::move(streams[i]),
                                                    seams_.random, notices_));
  }
  return Ok();
}

std::vector<std::string> Agent::topics() const {
  std::vector<std::string> names;
  for (const auto& topic : topics_) names.push_back(topic->name());
  for (const auto& stream : streams_) {
    if (std::find(names.begin(), names.end(), stream->topic()) == names.end()) {
      names.push_back(stream->topic());
    }
  }
  return names;
}

std::vector<std::string> Agent::addresses() const {
  std::vector<std::string> addresses;
  for (const auto& stream : streams_) {
    if (!stream->finishes() && !stream->address().empty()) addresses.push_back(stream->address());
  }
  return addresses;
}

void Agent::LoadCheckpoint() {
  const auto rows = seams_.checkpoint.LoadSources();
  const auto inputs = seams_.checkpoint.LoadInputs();
  if (!rows || !inputs) {
    notices_.Say(Severity::kWarn, (rows ? inputs.error() : rows.error()).message +
                                      "; going on without it, the broker knows what is needed");
    return;
  }
  const std::set<std::string> known(inputs->begin(), inputs->end());
  for (const auto& topic : topics_) topic->Remember(*rows, known);
}

void Agent::Begin(Instant now) {
  if (started_ == TimestampMs{}) started_ = now.wall;
  begun_ = now.monotonic;
  LoadCheckpoint();
  for (const auto& topic : topics_) topic->Begin(now);
}

// ---- the loop

void Agent::TakeChanges(MonotonicMs now) {
  if (seams_.watch == nullptr) return;
  if (now - changes_taken_at_ < options_.look_interval().count() && changes_taken_at_.value() != 0)
    return;
  const std::vector<file::Change> changes = seams_.watch->Take();
  if (changes.empty()) return;
  changes_taken_at_ = now;
  for (const file::Change& change : changes) {
    for (const auto& topic : topics_) topic->Changed(change, now);
  }
}

bool Agent::Step(Instant now) {
  TakeChanges(now.monotonic);
  for (const auto& topic : topics_) topic->Step(*link_, now);
  for (const auto& stream : streams_) stream->Step(*link_, now);
  DropEndedStreams();
  Ship(now);
  WantCredit();
  SayHelloAgain(now.monotonic);
  TellNoBroker(now.monotonic);
  if (now.monotonic >= report_at_) Report(now);
  if (now.monotonic >= checkpoint_at_) SaveCheckpoint(now);
  Rest(now.monotonic);
  return more_;
}

// Of inputs that a configuration before this one had.
void Agent::DropEndedStreams() {
  if (stopping_) return;
  std::erase_if(streams_, [this](const auto& stream) {
    if (!stream->finishes() || !stream->Ended()) return false;
    counters_ += stream->counters();
    return true;
  });
}

void Agent::Ship(Instant now) {
  if (options_.cpu_max_percent > 0) pace_.NoteCpu(seams_.cpu_time(), now.monotonic);
  if (options_.memory_max > 0) LookAtMemory(now.monotonic);
  more_ = false;
  for (const auto& stream : streams_) more_ = stream->Ship(*link_, assembler_, now) || more_;
  // Where what may be read is little, who comes first gets it: it is then the next one's turn.
  const std::size_t first = next_topic_;
  for (std::size_t i = 0; i < topics_.size(); ++i) {
    const std::size_t index = (first + i) % topics_.size();
    const std::int64_t read_before = pace_.bytes_read();
    more_ = topics_[index]->Ship(*link_, turn_, assembler_, now) || more_;
    if (pace_.bytes_read() != read_before) next_topic_ = (index + 1) % topics_.size();
    pace_.SetUnderWay(AnyUnderWay());
  }
}

bool Agent::AnyUnderWay() const {
  return pace_.crowded() && std::any_of(topics_.begin(), topics_.end(),
                                        [](const auto& topic) { return topic->any_under_way(); });
}

// Batches are what can be made fewer; what an agent keeps of each file can't.
void Agent::LookAtMemory(MonotonicMs now) {
  pace_.SetUnderWay(AnyUnderWay());
  if (now < memory_look_at_) return;
  memory_look_at_ = now + kMemoryLookInterval.count();
  const auto memory_max = static_cast<std::uint64_t>(options_.memory_max);
  std::uint64_t bytes = seams_.memory_bytes();
  if (bytes > memory_max) {
    seams_.return_memory();
    bytes = seams_.memory_bytes();
  }
  pace_.SetCrowded(bytes > memory_max);
  if (!pace_.crowded()) return notices_.Forget("memory");
  notices_.SayOnce("memory", Severity::kWarn,
                   fmt::format("{} bytes of memory are in use, and agent.memory_max is {}: one "
                               "batch at a time is sent",
                               bytes, memory_max));
}

// What reading, compressing and sending took is given back once there is nothing to do.
void Agent::Rest(MonotonicMs now) {
  std::uint64_t batches = counters_.batches_sent;
  for (const auto& stream : streams_) batches += stream->counters().batches_sent;
  if (batches != batches_seen_) {
    batches_seen_ = batches;
    rest_at_ = now + kRestAfter.count();
  }
  if (!rest_at_ || now < *rest_at_ || !assembler_.empty()) return;
  rest_at_.reset();
  turn_.Rest();
  assembler_ = BatchAssembler(BuilderOptions(options_));
  seams_.return_memory();
}

std::size_t Agent::CreditMax() const {
  if (options_.memory_max == 0) return kCreditMax;
  if (pace_.crowded()) return kCreditAhead;
  return std::clamp(static_cast<std::size_t>(options_.memory_max / kMemoryShareUnderWay),
                    kCreditAhead, kCreditMax);
}

void Agent::WantCredit() {
  std::size_t wanted = 0;
  auto add = [&wanted](const TopicBacklog& backlog) {
    wanted += static_cast<std::size_t>(backlog.unread_bytes) + backlog.bytes_under_way;
  };
  for (const auto& topic : topics_) add(topic->backlog());
  for (const auto& stream : streams_) add(stream->backlog());
  if (wanted > 0) wanted = std::min(wanted + kCreditAhead, CreditMax());
  // Not every byte is worth a word.
  const std::size_t rounded = (wanted + kCreditAhead - 1) / kCreditAhead * kCreditAhead;
  if (rounded == wanted_credit_) return;
  wanted_credit_ = rounded;
  link_->SetWantedCredit(rounded);
}

void Agent::SayHelloAgain(MonotonicMs now) {
  for (const auto& topic : topics_) topic_failed_ = topic->TakeTopicLost() || topic_failed_;
  for (const auto& each : streams_) topic_failed_ = each->TakeTopicLost() || topic_failed_;
  if (!topic_failed_ || now < hello_again_at_ || !link_->connected()) return;
  topic_failed_ = false;
  hello_again_at_ = now + kHelloAgain.count();
  // An unchanged list would change nothing.
  link_->SetTopics({});
  link_->SetTopics(topics());
}

void Agent::TellNoBroker(MonotonicMs now) {
  if (met_broker_ || now - begun_ < kNoBrokerPause.count()) return;
  const auto why = link_->last_error();
  if (!why) return;
  notices_.SayOnce("no broker yet", Severity::kWarn,
                   why->message + "; trying again, files wait, nothing is lost");
}

bool Agent::Leave(Instant now) {
  if (!leaving_ && stopping_) TellLost();
  if (!leaving_) SendReport(now);
  leaving_ = true;
  return link_->SayGoodbye();
}

// Of what is nowhere else.
void Agent::TellLost() {
  for (const auto& stream : streams_) {
    const std::int64_t bytes = stream->bytes_not_acked();
    if (bytes == 0) continue;
    notices_.Say(Severity::kWarn, fmt::format("{}: {} bytes that came in are not acked, and lost",
                                              stream->name(), bytes));
  }
}

void Agent::TakeOver(Handover& handover) {
  for (const auto& topic : topics_) {
    const auto files = handover.files.find(topic->name());
    if (files != handover.files.end()) topic->TakeOver(std::move(files->second));
  }
  for (HandedStream& handed : handover.streams) {
    if (!handed.leaves) continue;
    streams_.push_back(std::make_unique<StreamTail>(
        std::move(handed.input), options_, std::move(handed.stream), seams_.random, notices_));
    streams_.back()->Finish();
  }
  counters_ = handover.counters;
  notices_ = std::move(handover.notices);
  started_ = handover.started;
}

Handover Agent::HandOver() {
  Handover handover;
  handover.counters = Totals().counters;
  handover.started = started_;
  for (const auto& topic : topics_) handover.files[topic->name()] = topic->HandOver();
  for (const auto& stream : streams_) {
    handover.streams.push_back(stream->HandOver());
  }
  handover.notices = std::move(notices_);
  return handover;
}

void Agent::SaveCheckpoint(Instant now) {
  checkpoint_at_ = now.monotonic + kCheckpointInterval.count();
  std::vector<CheckpointRow> rows;
  std::vector<std::string> inputs;
  for (const auto& topic : topics_) topic->TakeCheckpoint(rows, inputs);
  if (rows.empty() && inputs.empty()) return;
  const Status saved = seams_.checkpoint.Save(rows, inputs);
  if (saved.ok()) return notices_.Forget("checkpoint");
  notices_.SayOnce("checkpoint", Severity::kWarn,
                   saved.error().message + "; nothing is lost, the broker keeps the positions");
}

std::chrono::milliseconds Agent::UntilDue(Instant now) const {
  if (more_) return std::chrono::milliseconds(0);
  MonotonicMs due = std::min(report_at_, checkpoint_at_);
  for (const auto& topic : topics_) due = std::min(due, topic->NextDue(now.monotonic));
  for (const auto& stream : streams_) due = std::min(due, stream->NextDue(now.monotonic));
  if (rest_at_) due = std::min(due, *rest_at_);
  const MonotonicMs changes_at = changes_taken_at_ + options_.look_interval().count();
  if (changes_at > now.monotonic) due = std::min(due, changes_at);
  return std::chrono::milliseconds(std::max<std::int64_t>(0, due - now.monotonic));
}

std::span<const int> Agent::Descriptors(Instant now) const {
  descriptors_.clear();
  const bool just_taken = now.monotonic - changes_taken_at_ < options_.look_interval().count();
  if (descriptor_ >= 0 && !just_taken) descriptors_.push_back(descriptor_);
  for (const auto& stream : streams_) {
    const std::vector<int> of_stream = stream->descriptors();
    descriptors_.insert(descriptors_.end(), of_stream.begin(), of_stream.end());
  }
  return descriptors_;
}

// ---- ending

void Agent::Stop(Instant now) {
  stopping_ = true;
  for (const auto& topic : topics_) topic->Stop();
  for (const auto& stream : streams_) stream->Finish();
  SaveCheckpoint(now);
}

void Agent::Pause(Instant now) {
  for (const auto& topic : topics_) topic->Stop();
  for (const auto& stream : streams_) stream->Pause();
  SaveCheckpoint(now);
}

bool Agent::drained() const {
  auto idle = [](const auto& each) { return each->idle(); };
  return !link_->connected() || (std::all_of(topics_.begin(), topics_.end(), idle) &&
                                 std::all_of(streams_.begin(), streams_.end(), idle));
}

bool Agent::done() const {
  const bool once = options_.once;
  return (once || topics_.empty()) &&
         std::all_of(topics_.begin(), topics_.end(),
                     [](const auto& topic) { return topic->Done(); }) &&
         std::all_of(streams_.begin(), streams_.end(), [once](const auto& stream) {
           return stream->Ended() ||
                  (once && stream->unit() == PositionUnit::kEntries && stream->Done());
         });
}

std::vector<std::string> Agent::Missing() const {
  std::vector<std::string> missing;
  for (const auto& topic : topics_) {
    for (const std::string& pattern : topic->discovery().Unmatched()) {
      missing.push_back(pattern + ": no such file");
    }
    for (const auto& [path, why] : topic->discovery().unreadable()) {
      missing.push_back(fmt::format("{}: {}", path, why));
    }
    for (const auto& file : topic->files().files()) {
      if (file->state == FileState::kUnreadable) missing.push_back(file->path + ": can't be read");
    }
  }
  return missing;
}

// ---- the link

void Agent::SessionStarted(const client::AgentSession& session) {
  met_broker_ = true;
  notices_.Forget("in use");
  notices_.Say(Severity::kInfo, "connected to broker " + session.broker_name);
  const bool restored = TakeIdentity(session);
  // A new session starts without credit.
  wanted_credit_ = 0;
  report_at_ = {};
  quiet_report_at_ = {};
  for (const client::AgentTopic& answer : session.topics) {
    topic_failed_ = topic_failed_ || answer.error.has_value();
    for (const auto& topic : topics_) {
      if (topic->name() == answer.name) topic->SessionStarted(answer, restored, *link_);
    }
    for (const auto& stream : streams_) {
      if (stream->topic() == answer.name) stream->SessionStarted(answer, restored, *link_);
    }
  }
}

// Whether the broker came back from a backup since the session before.
bool Agent::TakeIdentity(const client::AgentSession& session) {
  const bool same = cluster_id_ == session.cluster_id;
  const bool restored = same && restore_count_ != session.restore_count;
  if (restored) {
    notices_.Say(Severity::kWarn, "broker " + session.broker_name +
                                      " was restored from a backup: what it lost is sent again "
                                      "from the files, and becomes gaps where they are gone");
  } else if (!same && !cluster_id_.nil()) {
    notices_.Say(Severity::kWarn, "broker " + session.broker_name +
                                      " has a new data directory: files are read from their "
                                      "start; what is in no file any more was in the old one");
  }
  cluster_id_ = session.cluster_id;
  restore_count_ = session.restore_count;
  return restored;
}

void Agent::SessionLost(const Error& why) {
  notices_.Say(Severity::kWarn, "no broker: " + why.message + "; files wait, nothing is lost");
  wanted_credit_ = 0;
  for (const auto& topic : topics_) topic->SessionLost();
  for (const auto& stream : streams_) stream->SessionLost();
}

void Agent::Fenced(const Error& why) {
  fenced_ = true;
  notices_.Say(Severity::kError, "another process of this machine took agent id " +
                                     options_.agent_id + " over: " + why.message);
}

void Agent::AgentIdInUse(const Error& why) {
  notices_.SayOnce("in use", Severity::kError, why.message);
}

}  // namespace logboom::agent
