#include "lib/client/consumer.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "lib/client/fetched_events.h"
#include "lib/client/session.h"
#include "lib/client/wire_descriptions.h"
#include "lib/client/wire_values.h"
#include "lib/protocol/protocol.h"

namespace logboom::client {

namespace {

using std::chrono::milliseconds;

// After an error that passes by itself.
constexpr milliseconds kRetryPause{200};
// After an answer without news that came sooner than asked for.
constexpr milliseconds kEmptyPause{10};
constexpr std::size_t kFetchBytesMin = std::size_t{64} << 10U;

std::size_t BytesHeldBy(const EventBody& event) {
  const auto* batch = std::get_if<FetchedBatch>(&event);
  return batch == nullptr ? 0 : batch->bytes.size();
}

std::optional<Offset> OffsetOf(const EventBody& event) {
  if (const auto* batch = std::get_if<FetchedBatch>(&event)) return batch->first_offset;
  if (const auto* range = std::get_if<Unreadable>(&event)) return range->begin;
  if (const auto* row = std::get_if<SourceRow>(&event)) return row->offset;
  if (const auto* out = std::get_if<OffsetOutOfRange>(&event)) return out->position;
  return std::nullopt;
}

enum class Phase {
  kNeedsTopic,   // its id, and the ends of the partition
  kNeedsOffset,  // of a time
  kReading,
  kStopped,  // failed: until it is assigned anew
};

struct Assigned {
  std::uint64_t assignment = 0;  // answers of an earlier one are dropped
  StartAt start;
  Phase phase = Phase::kNeedsTopic;
  bool held = false;  // nothing is fetched
  Uuid topic_id;
  LeaderEpoch leader_epoch{-1};
  bool asked = false;
  MonotonicMs asked_at;
  MonotonicMs retry_at;
  Offset fetch_from;
  SeenRows seen_rows;
  std::deque<EventBody> events;
  std::size_t held_bytes = 0;
  PartitionProgress progress;
};

const protocol::Topic* FindTopic(const protocol::MetadataResponse& metadata,
                                 const std::string& name) {
  for (const auto& topic : metadata.topics()) {
    if (topic.name() == name) return &topic;
  }
  return nullptr;
}

const protocol::Partition* FindPartition(const protocol::Topic& topic, PartitionIndex index) {
  for (const auto& partition : topic.partitions()) {
    if (partition.index() == index.value()) return &partition;
  }
  return nullptr;
}

}  // namespace

struct Consumer::State final : public SessionEvents {
  State(std::unique_ptr<transport::ClientTransport> transport, ConsumerOptions consumer_options,
        Random& random)
      : options(std::move(consumer_options)),
        session(
            std::move(transport), [this] { return HelloOf(options.identity); }, *this, random) {}

  void SessionStarted(const protocol::HelloResponse& /*hello*/) override {}
  void SessionLost(const Error& /*why*/) override {
    topics_asked = false;
    for (auto& [at, partition] : assigned) partition.asked = false;
  }
  void HelloRefused(const protocol::Error& /*why*/) override {}
  void SessionFenced(const protocol::Error& /*why*/) override {}

  void Poll(Instant instant) {
    now = instant.monotonic;
    session.Poll(instant);
    if (!session.live()) return;
    AskForTopics();
    for (auto& [at, partition] : assigned) {
      if (partition.asked || now < partition.retry_at) continue;
      if (partition.phase == Phase::kNeedsOffset) AskForOffset(at, partition);
      if (MayFetch(partition)) Fetch(at, partition);
    }
  }

  // Nothing where the partition was dropped or moved since it was asked.
  Assigned* Find(const TopicPartition& at, std::uint64_t assignment) {
    const auto found = assigned.find(at);
    if (found == assigned.end() || found->second.assignment != assignment) return nullptr;
    return &found->second;
  }

  // A callback for an answer about one partition.
  using AnswerHandler = void (State::*)(Assigned&, Answer&);
  Session::Done Answering(const TopicPartition& at, const Assigned& partition,
                          AnswerHandler handler) {
    return [this, at, assignment = partition.assignment, handler](Result<Answer> answer) {
      Assigned* still = Find(at, assignment);
      if (still == nullptr || !answer.ok()) return;
      still->asked = false;
      (this->*handler)(*still, *answer);
    };
  }

  // ---- where to start

  void AskForTopics() {
    if (topics_asked) return;
    std::set<std::string> names;
    for (const auto& [at, partition] : assigned) {
      if (partition.phase == Phase::kNeedsTopic && now >= partition.retry_at)
        names.insert(at.topic);
    }
    if (names.empty()) return;
    protocol::Request request;
    for (const auto& name : names) {
      request.mutable_metadata()->add_topics(protocol::ValidUtf8(name));
    }
    topics_asked = session.Send(
        std::move(request), {},
        [this, names](const Result<Answer>& answer) {
          topics_asked = false;
          if (answer.ok()) TopicsAnswered(names, *answer);
        },
        IfLost::kForget);
  }

  void TopicsAnswered(const std::set<std::string>& names, const Answer& answer) {
    for (auto& [at, partition] : assigned) {
      if (partition.phase != Phase::kNeedsTopic || !names.contains(at.topic)) continue;
      if (!answer.ok()) {
        Refuse(partition, answer.response.error());
      } else {
        TakeTopic(at, partition, FindTopic(answer.response.metadata(), at.topic));
      }
    }
  }

  void TakeTopic(const TopicPartition& at, Assigned& partition, const protocol::Topic* topic) {
    if (topic == nullptr) {
      return Stop(partition, PartitionFailed{Fail(ErrorCode::kNotFound, "there is no topic '{}'",
                                                  protocol::VisibleText(at.topic))});
    }
    if (topic->has_error()) return Refuse(partition, topic->error());
    const protocol::Partition* found = FindPartition(*topic, at.partition);
    if (found == nullptr) {
      return Stop(partition, PartitionFailed{Fail(
                                 ErrorCode::kNotFound, "topic '{}' has no partition {}: it has {}",
                                 at.topic, at.partition, topic->partitions_size())});
    }
    partition.topic_id = UuidOf(topic->topic_id());
    partition.leader_epoch = LeaderEpoch(found->leader_epoch());
    partition.progress.log_start = Offset(found->log_start_offset());
    partition.progress.durable_end = Offset(found->durable_end_offset());
    partition.progress.end_at_start = partition.progress.durable_end;
    switch (partition.start.kind) {
      case StartAt::Kind::kEarliest: return Start(partition, *partition.progress.log_start);
      case StartAt::Kind::kLatest: return Start(partition, *partition.progress.durable_end);
      case StartAt::Kind::kOffset:
        if (partition.start.leader_epoch >= LeaderEpoch(0)) {
          partition.leader_epoch = partition.start.leader_epoch;
        }
        return Start(partition, partition.start.offset);
      case StartAt::Kind::kTime: partition.phase = Phase::kNeedsOffset; return;
    }
  }

  void AskForOffset(const TopicPartition& at, Assigned& partition) {
    protocol::Request request;
    auto& list = *request.mutable_list_offsets();
    list.set_topic_id(BytesOf(partition.topic_id));
    list.set_partition(at.partition.value());
    list.set_position(protocol::ListOffsetsRequest::BY_TIME);
    list.set_timestamp_ms(partition.start.time.value());
    partition.asked = session.Send(
        std::move(request), {}, Answering(at, partition, &State::OffsetAnswered), IfLost::kForget);
  }

  void OffsetAnswered(Assigned& partition, Answer& answer) {
    if (!answer.ok()) return Refuse(partition, answer.response.error());
    Start(partition, Offset(answer.response.list_offsets().offset()));
  }

  static void Start(Assigned& partition, Offset at) {
    partition.phase = Phase::kReading;
    partition.fetch_from = at;
    partition.progress.start = at;
  }

  // ---- reading

  bool MayFetch(const Assigned& partition) const {
    return partition.phase == Phase::kReading && !partition.held && HasRoom(partition);
  }

  bool HasRoom(const Assigned& partition) const {
    return held_bytes < options.prefetch_bytes_max &&
           partition.held_bytes <= options.prefetch_bytes_max / assigned.size();
  }

  std::uint32_t FetchBytes() const {
    const std::size_t share = options.prefetch_bytes_max / assigned.size();
    const std::size_t largest =
        std::min(options.fetch_bytes_max, std::size_t{protocol::kFetchBytesMax});
    return static_cast<std::uint32_t>(
        std::clamp(share, std::min(kFetchBytesMin, largest), largest));
  }

  void Fetch(const TopicPartition& at, Assigned& partition) {
    protocol::Request request;
    auto& fetch = *request.mutable_fetch();
    fetch.set_topic_id(BytesOf(partition.topic_id));
    fetch.set_partition(at.partition.value());
    fetch.set_offset(partition.fetch_from.value());
    fetch.set_bytes_max(FetchBytes());
    fetch.set_wait_ms_max(static_cast<std::uint32_t>(WaitMax().count()));
    fetch.set_leader_epoch(partition.leader_epoch.value());
    fetch.set_with_rows(options.with_rows);
    partition.asked = session.Send(
        std::move(request), {}, Answering(at, partition, &State::FetchAnswered), IfLost::kForget);
    partition.asked_at = now;
  }

  milliseconds WaitMax() const {
    return std::clamp(options.wait_max, milliseconds{0}, protocol::kFetchWaitMax);
  }

  void FetchAnswered(Assigned& partition, Answer& answer) {
    const auto& fetch = answer.response.fetch();
    if (answer.response.has_fetch()) {
      partition.progress.log_start = Offset(fetch.log_start_offset());
      partition.progress.durable_end = Offset(fetch.durable_end_offset());
    }
    if (!answer.ok()) return FetchRefused(partition, answer.response.error());
    partition.leader_epoch = LeaderEpoch(fetch.leader_epoch());
    FetchedEvents fetched =
        EventsOf(partition.fetch_from, fetch, answer.payload, partition.seen_rows);
    counters.corrupt_batches += fetched.corrupt_batches;
    const bool stands = fetched.next == partition.fetch_from && fetched.events.empty();
    if (stands && fetched.corrupt_batches > 0) {
      partition.retry_at = After(now, kRetryPause);
    } else if (stands && now < After(partition.asked_at, std::min(kEmptyPause, WaitMax()))) {
      partition.retry_at = After(now, kEmptyPause);
    }
    partition.fetch_from = fetched.next;
    for (const EventBody& event : fetched.events) Queue(partition, event);
  }

  void FetchRefused(Assigned& partition, const protocol::Error& error) {
    if (error.code() != protocol::OFFSET_OUT_OF_RANGE) return Refuse(partition, error);
    Stop(partition,
         OffsetOutOfRange{.position = partition.fetch_from,
                          .log_start = partition.progress.log_start.value_or(Offset(0)),
                          .durable_end = partition.progress.durable_end.value_or(Offset(0))});
  }

  void Refuse(Assigned& partition, const protocol::Error& error) {
    if (error.retriable()) {
      partition.retry_at = After(now, kRetryPause);
    } else {
      Stop(partition, PartitionFailed{protocol::FromWire(error)});
    }
  }

  void Stop(Assigned& partition, const EventBody& why) {
    partition.phase = Phase::kStopped;
    partition.progress.failed = true;
    Queue(partition, why);
  }

  // ---- events

  void Queue(Assigned& partition, const EventBody& event) {
    const std::size_t bytes = BytesHeldBy(event);
    partition.held_bytes += bytes;
    held_bytes += bytes;
    partition.events.push_back(event);
    ++queued_events;
  }

  std::optional<ConsumerEvent> Next() {
    if (queued_events == 0) return std::nullopt;
    // The one behind the last, and round again.
    auto at = assigned.upper_bound(last_served);
    while (at == assigned.end() || at->second.events.empty()) {
      at = at == assigned.end() ? assigned.begin() : std::next(at);
    }
    last_served = at->first;
    ConsumerEvent event{.from = at->first, .what = Take(at->second)};
    return event;
  }

  EventBody Take(Assigned& partition) {
    EventBody event = std::move(partition.events.front());
    partition.events.pop_front();
    --queued_events;
    const std::size_t bytes = BytesHeldBy(event);
    partition.held_bytes -= bytes;
    held_bytes -= bytes;
    if (bytes > 0) {
      ++counters.batches;
      counters.bytes += bytes;
    }
    if (std::holds_alternative<Unreadable>(event)) ++counters.unreadable_ranges;
    return event;
  }

  void SetHeld(const TopicPartition& at, bool held) {
    const auto found = assigned.find(at);
    if (found != assigned.end()) found->second.held = held;
  }

  void Drop(const TopicPartition& at) {
    const auto found = assigned.find(at);
    if (found == assigned.end()) return;
    held_bytes -= found->second.held_bytes;
    queued_events -= found->second.events.size();
    assigned.erase(found);
  }

  milliseconds UntilDue() const {
    if (queued_events > 0) return milliseconds{0};
    milliseconds due = milliseconds::max();
    if (!session.live()) return due;
    for (const auto& [at, partition] : assigned) {
      if (partition.retry_at > now) due = std::min(due, milliseconds{partition.retry_at - now});
    }
    return due;
  }

  ConsumerOptions options;
  std::map<TopicPartition, Assigned> assigned;
  TopicPartition last_served;
  std::uint64_t last_assignment = 0;
  std::size_t held_bytes = 0;
  std::size_t queued_events = 0;
  ConsumerCounters counters;
  bool topics_asked = false;
  MonotonicMs now;
  Session session;
};

Consumer::Consumer(std::unique_ptr<transport::ClientTransport> transport, ConsumerOptions options,
                   Random& random)
    : state_(std::make_unique<State>(std::move(transport), std::move(options), random)) {}
Consumer::~Consumer() { state_->session.SayGoodbye(); }

void Consumer::Assign(const TopicPartition& partition, const StartAt& start) {
  state_->Drop(partition);
  Assigned& assigned = state_->assigned[partition];
  assigned.assignment = ++state_->last_assignment;
  assigned.start = start;
}

void Consumer::Unassign(const TopicPartition& partition) { state_->Drop(partition); }

void Consumer::Hold(const TopicPartition& partition) { state_->SetHeld(partition, true); }
void Consumer::Release(const TopicPartition& partition) { state_->SetHeld(partition, false); }

void Consumer::Poll(Instant now) { state_->Poll(now); }

void Consumer::Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors) {
  state_->session.Wait(std::min(timeout, state_->UntilDue()), descriptors);
}

std::optional<ConsumerEvent> Consumer::Next() { return state_->Next(); }

std::optional<PartitionProgress> Consumer::Progress(const TopicPartition& partition) const {
  const auto found = state_->assigned.find(partition);
  if (found == state_->assigned.end()) return std::nullopt;
  PartitionProgress progress = found->second.progress;
  if (!progress.start) return progress;
  progress.position = found->second.fetch_from;
  if (!found->second.events.empty()) {
    progress.position = OffsetOf(found->second.events.front()).value_or(*progress.position);
  }
  return progress;
}

const ConsumerCounters& Consumer::counters() const { return state_->counters; }
bool Consumer::connected() const { return state_->session.live(); }
std::optional<Error> Consumer::last_error() const { return state_->session.last_error(); }

}  // namespace logboom::client
