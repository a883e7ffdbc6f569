#include "lib/client/producer.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "lib/client/partition_queue.h"
#include "lib/client/partitioner.h"
#include "lib/client/send_window.h"
#include "lib/client/session.h"
#include "lib/client/wire_descriptions.h"
#include "lib/client/wire_values.h"
#include "lib/protocol/protocol.h"

namespace logboom::client {

namespace {

using std::chrono::milliseconds;

// What it asks the broker to let it have under way.
constexpr std::size_t kCreditBytes = std::size_t{4} << 20U;

MonotonicMs After(MonotonicMs time, milliseconds span) { return time + span.count(); }

// A record that waits for its topic's partitions to be known.
struct WaitingRecord {
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  std::vector<std::pair<Bytes, std::optional<Bytes>>> headers;
  std::optional<PartitionIndex> partition;
  TimestampMs timestamp;
  std::size_t bytes = 0;
  MonotonicMs since;
};

std::optional<Bytes> CopyOf(const std::optional<ByteView>& bytes) {
  if (!bytes) return std::nullopt;
  return Bytes(*bytes);
}

std::optional<ByteView> ViewOf(const std::optional<Bytes>& bytes) {
  if (!bytes) return std::nullopt;
  return ByteView(*bytes);
}

struct PartitionState {
  PartitionState(const record::BatchBuilderOptions& options, Idempotence idempotence)
      : queue(options), window(idempotence) {}

  PartitionQueue queue;
  SendWindow window;
};

struct TopicState {
  Uuid id;
  std::vector<PartitionState> partitions;  // none: not known yet
  std::deque<WaitingRecord> waiting;
  bool asked = false;
  MonotonicMs ask_at;
  std::size_t sticky = 0;  // where null keys go until their batch is closed
};

protocol::Acks WireAcksOf(Acks acks) {
  switch (acks) {
    case Acks::kSynced: return protocol::SYNCED;
    case Acks::kWritten: return protocol::WRITTEN;
    case Acks::kNone: return protocol::NONE;
  }
  return protocol::SYNCED;
}

RefusalKind KindOf(const protocol::Error& error) {
  switch (error.code()) {
    case protocol::OUT_OF_ORDER_SEQUENCE: return RefusalKind::kOutOfOrder;
    case protocol::UNKNOWN_PRODUCER:
    case protocol::INVALID_PRODUCER_EPOCH: return RefusalKind::kProducerUnknown;
    default: return error.retriable() ? RefusalKind::kPasses : RefusalKind::kFinal;
  }
}

}  // namespace

struct Producer::State final : public SessionEvents {
  State(std::unique_ptr<transport::ClientTransport> transport, ProducerOptions producer_options,
        Random& producer_random, std::function<void(const Delivery&)> on_delivery)
      : options(std::move(producer_options)),
        random(producer_random),
        delivered(std::move(on_delivery)),
        session(
            std::move(transport), [this] { return HelloOf(options.identity); }, *this,
            producer_random) {}

  // ---- session

  void SessionStarted(const protocol::HelloResponse& hello) override {
    if (hello.batch_bytes_max() > 0) {
      batch_bytes_max = std::min<std::size_t>(record::kBatchBytesMax, hello.batch_bytes_max());
    }
    // At another broker the id is somebody else's.
    if (cluster_id && *cluster_id != hello.cluster_id()) producer_id.reset();
    cluster_id = hello.cluster_id();
  }
  void SessionLost(const Error& why) override {
    refusal.reset();
    asked_for_id = false;
    for (auto& [name, topic] : topics) {
      topic.asked = false;
      for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
        for (const auto& batch : topic.partitions[i].window.SessionLost()) {
          Report(name, i, batch->group, std::nullopt, Uncertain(name, why));
        }
      }
    }
  }
  void HelloRefused(const protocol::Error& /*why*/) override {}
  void SessionFenced(const protocol::Error& /*why*/) override {}

  // ---- records in

  record::BatchBuilderOptions BuilderOptions() const {
    return {
        .codec = options.codec, .level = options.codec_level, .batch_bytes_max = batch_bytes_max};
  }

  Status Take(const std::string& name, const ProducerRecord& record, Instant now) {
    RETURN_IF_ERROR(protocol::CheckTopicName(name));
    const record::RecordView view{.timestamp = record.timestamp.value_or(now.wall),
                                  .key = record.key,
                                  .value = record.value,
                                  .headers = record.headers};
    const std::size_t bytes = record::BatchBuilder::SizeOf(view);
    if (bytes + record::kBatchHeaderBytes > batch_bytes_max) {
      return Fail(ErrorCode::kLimit,
                  "a record of {} bytes for topic '{}': a batch holds {} at most", bytes, name,
                  batch_bytes_max - record::kBatchHeaderBytes);
    }
    if (record.headers.size() > std::size_t{record::kHeadersPerRecordMax}) {
      return Fail(ErrorCode::kLimit,
                  "a record with {} headers for topic '{}': it may have {} at most",
                  record.headers.size(), name, record::kHeadersPerRecordMax);
    }
    if (buffered_bytes + bytes > options.buffer_bytes_max) {
      return Fail(ErrorCode::kBusy, "the producer's buffer of {} bytes is full: try again later",
                  options.buffer_bytes_max);
    }
    TopicState& topic = topics[name];
    if (topic.partitions.empty()) {
      topic.waiting.push_back(Wait(record, view.timestamp, bytes, now.monotonic));
    } else {
      if (record.partition) RETURN_IF_ERROR(CheckPartition(name, topic, *record.partition));
      Place(name, topic, view, record.partition, bytes, now.monotonic);
    }
    buffered_bytes += bytes;
    ++buffered_records;
    session.SetWantedCredit(kCreditBytes);
    return Ok();
  }

  static WaitingRecord Wait(const ProducerRecord& record, TimestampMs timestamp, std::size_t bytes,
                            MonotonicMs now) {
    WaitingRecord waiting{.key = CopyOf(record.key),
                          .value = CopyOf(record.value),
                          .headers = {},
                          .partition = record.partition,
                          .timestamp = timestamp,
                          .bytes = bytes,
                          .since = now};
    for (const auto& header : record.headers) {
      waiting.headers.emplace_back(Bytes(header.key), CopyOf(header.value));
    }
    return waiting;
  }

  static Status CheckPartition(const std::string& name, const TopicState& topic,
                               PartitionIndex partition) {
    const auto count = static_cast<std::int32_t>(topic.partitions.size());
    if (partition.value() >= 0 && partition.value() < count) return Ok();
    return Fail(ErrorCode::kInvalid, "topic '{}' has no partition {}: it has {}", name, partition,
                count);
  }

  void Place(const std::string& name, TopicState& topic, const record::RecordView& record,
             std::optional<PartitionIndex> partition, std::size_t bytes, MonotonicMs now) {
    std::size_t index = ChoosePartition(topic, record, partition);
    if (!topic.partitions[index].queue.Fits(record)) {
      Close(name, topic, index);
      index = ChoosePartition(topic, record, partition);
    }
    PartitionQueue& queue = topic.partitions[index].queue;
    if (!queue.Fits(record)) Close(name, topic, index);
    queue.Add(record, bytes, now);
    if (queue.raw_bytes() >= options.batch_raw_bytes) Close(name, topic, index);
  }

  static std::size_t ChoosePartition(const TopicState& topic, const record::RecordView& record,
                                     std::optional<PartitionIndex> partition) {
    if (partition) return static_cast<std::size_t>(partition->value());
    if (!record.key) return topic.sticky;
    const auto count = static_cast<std::int32_t>(topic.partitions.size());
    return static_cast<std::size_t>(PartitionOfKey(*record.key, count).value());
  }

  void Close(const std::string& name, TopicState& topic, std::size_t index) {
    if (index == topic.sticky) topic.sticky = (topic.sticky + 1) % topic.partitions.size();
    auto closed = topic.partitions[index].queue.Close();
    if (!closed) return;
    if (closed->batch.ok()) {
      topic.partitions[index].window.Push(closed->group, *std::move(closed->batch));
    } else {
      Report(name, index, closed->group, std::nullopt, closed->batch.error());
    }
  }

  // ---- batches out

  void Poll(Instant now) {
    now_ = now.monotonic;
    session.Poll(now);
    ExpireWaiting(now.monotonic);
    AskForTopics(now.monotonic);
    AskForId(now.monotonic);
    for (auto& [name, topic] : topics) {
      for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
        PartitionState& partition = topic.partitions[i];
        const auto& queue = partition.queue;
        if (queue.filling() &&
            (flushing || now.monotonic >= After(queue.oldest(), options.linger))) {
          Close(name, topic, i);
        }
        Expire(name, i, partition, now.monotonic);
        SendReady(name, topic, i, now.monotonic);
      }
    }
    if (buffered_records == 0) session.SetWantedCredit(0);
  }

  void SendReady(const std::string& name, TopicState& topic, std::size_t index, MonotonicMs now) {
    SendWindow& window = topic.partitions[index].window;
    if (window.WantsId() && producer_id && *producer_id != window.last_id()) {
      window.SetId(*producer_id);
    }
    while (const SendWindow::Batch batch = window.Next(now)) {
      if (!SendBatch(name, topic.id, index, batch)) return;
      if (options.acks != Acks::kNone) {
        window.Sent();
      } else {
        Report(name, index, window.SentForGood()->group, std::nullopt, std::nullopt);
      }
    }
  }

  bool SendBatch(const std::string& name, const Uuid& topic_id, std::size_t index,
                 const SendWindow::Batch& batch) {
    protocol::Request request;
    auto& produce = *request.mutable_produce();
    produce.set_topic_id(BytesOf(topic_id));
    produce.set_partition(static_cast<std::int32_t>(index));
    produce.set_acks(WireAcksOf(options.acks));
    Session::Done answered;
    if (options.acks != Acks::kNone) {
      answered = [this, name, index, batch](const Result<Answer>& answer) {
        if (answer.ok()) Answered(name, index, batch, *answer);
      };
    }
    return session.Send(std::move(request), batch->payload, answered, IfLost::kForget);
  }

  void Answered(const std::string& name, std::size_t index, const SendWindow::Batch& batch,
                const Answer& answer) {
    TopicState& topic = topics.at(name);
    SendWindow& window = topic.partitions[index].window;
    if (answer.ok()) {
      refusal.reset();
      window.Delivered(batch);
      const std::int64_t offset = answer.response.produce().base_offset();
      // Of an old duplicate the broker knows no more than that it has it.
      return Report(name, index, batch->group,
                    offset >= 0 ? std::optional(Offset(offset)) : std::nullopt, std::nullopt);
    }
    const RefusalKind kind = KindOf(answer.response.error());
    if (kind == RefusalKind::kPasses) refusal = answer.error();
    for (const auto& failed : window.Refused(batch, kind, now_)) {
      const bool its_own = failed == batch && kind == RefusalKind::kFinal;
      Report(name, index, failed->group, std::nullopt,
             its_own ? answer.error() : Uncertain(name, answer.error()));
    }
    // Perhaps deleted and made anew: the next records ask again.
    if (answer.response.error().code() == protocol::UNKNOWN_TOPIC) ForgetIfIdle(topic);
  }

  static Error Uncertain(const std::string& name, const Error& why) {
    return Fail(
        ErrorCode::kUnavailable,
        "records for topic '{}' were under way when the connection was lost, and the broker "
        "can't tell any more whether it has them: look before you send them again: {}",
        name, why.message);
  }

  // ---- the producer id

  // Asked for before the first batch is full: the topic is asked for meanwhile.
  bool WantsId() const {
    if (options.acks == Acks::kNone) return false;
    if (!producer_id) return buffered_records > 0;
    for (const auto& [name, topic] : topics) {
      for (const PartitionState& partition : topic.partitions) {
        if (partition.window.WantsId() && *producer_id == partition.window.last_id()) return true;
      }
    }
    return false;
  }

  void AskForId(MonotonicMs now) {
    if (asked_for_id || now < ask_for_id_at || !session.live() || !WantsId()) return;
    protocol::Request request;
    request.mutable_init_producer_id();
    asked_for_id = session.Send(
        std::move(request), {},
        [this](const Result<Answer>& answer) {
          if (answer.ok()) IdAnswered(*answer);
        },
        IfLost::kForget);
  }

  void IdAnswered(const Answer& answer) {
    asked_for_id = false;
    if (answer.ok()) {
      producer_id = answer.response.init_producer_id().producer_id();
      return;
    }
    if (answer.response.error().retriable()) {
      refusal = answer.error();
      ask_for_id_at = After(now_, kRetryPause);
      return;
    }
    for (auto& [name, topic] : topics) {
      for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
        SendWindow& window = topic.partitions[i].window;
        if (!window.WantsId()) continue;
        for (const auto& batch : window.TakeReady()) {
          Report(name, i, batch->group, std::nullopt, answer.error());
        }
      }
    }
  }

  void ForgetIfIdle(TopicState& topic) {
    const bool idle = std::ranges::all_of(topic.partitions, [](const PartitionState& partition) {
      return !partition.queue.filling() && partition.window.idle();
    });
    if (!idle) return;
    topic.partitions.clear();
    // Its sequences begin again, should it be the same topic after all: not under the same id.
    producer_id.reset();
  }

  void Report(const std::string& name, std::size_t index, const RecordGroup& group,
              std::optional<Offset> base_offset, std::optional<Error> error) {
    Forget(group);
    delivered({.topic = name,
               .partition = PartitionIndex(static_cast<std::int32_t>(index)),
               .records = group.records,
               .bytes = group.bytes,
               .base_offset = base_offset,
               .error = std::move(error)});
  }

  void Forget(const RecordGroup& group) {
    buffered_bytes -= group.bytes;
    buffered_records -= group.records;
  }

  // ---- topics

  void AskForTopics(MonotonicMs now) {
    for (auto& [name, topic] : topics) {
      if (topic.waiting.empty() || topic.asked || now < topic.ask_at) continue;
      protocol::Request request;
      request.mutable_metadata()->add_topics(name);
      request.mutable_metadata()->set_auto_create(options.auto_create_topics);
      topic.asked = session.Send(
          std::move(request), {},
          [this, name = name](const Result<Answer>& answer) {
            if (answer.ok()) TopicAnswered(name, *answer);
          },
          IfLost::kForget);
    }
  }

  void TopicAnswered(const std::string& name, const Answer& answer) {
    TopicState& topic = topics.at(name);
    topic.asked = false;
    const auto& metadata = answer.response.metadata();
    const protocol::Error* error = nullptr;
    if (!answer.ok()) {
      error = &answer.response.error();
    } else if (metadata.topics_size() == 1 && metadata.topics(0).has_error()) {
      error = &metadata.topics(0).error();
    }
    if (error != nullptr && error->retriable()) {
      topic.ask_at = After(now_, kRetryPause);
    } else if (error != nullptr) {
      FailWaiting(name, topic, protocol::FromWire(*error));
    } else if (metadata.topics_size() != 1 || metadata.topics(0).partitions_size() == 0) {
      FailWaiting(name, topic, Fail(ErrorCode::kNotFound, "there is no topic '{}'", name));
    } else {
      TopicKnown(name, topic, metadata.topics(0));
    }
  }

  void TopicKnown(const std::string& name, TopicState& topic, const protocol::Topic& known) {
    topic.id = UuidOf(known.topic_id());
    const auto idempotence = options.acks == Acks::kNone ? Idempotence::kOff : Idempotence::kOn;
    for (int i = 0; i < known.partitions_size(); ++i) {
      topic.partitions.emplace_back(BuilderOptions(), idempotence);
    }
    // Else partition 0 would get all that programs write who live for a batch.
    topic.sticky = static_cast<std::size_t>(random.Below(topic.partitions.size()));
    for (auto waiting = std::exchange(topic.waiting, {}); const WaitingRecord& record : waiting) {
      PlaceWaiting(name, topic, record);
    }
  }

  void PlaceWaiting(const std::string& name, TopicState& topic, const WaitingRecord& record) {
    if (record.partition) {
      const Status status = CheckPartition(name, topic, *record.partition);
      if (!status.ok()) return FailRecord(name, record, status.error());
    }
    if (record.bytes + record::kBatchHeaderBytes > batch_bytes_max) {
      return FailRecord(name, record,
                        Fail(ErrorCode::kLimit, "a record of {} bytes: the broker takes {} at most",
                             record.bytes, batch_bytes_max));
    }
    std::vector<record::HeaderView> headers;
    headers.reserve(record.headers.size());
    for (const auto& [key, value] : record.headers) {
      headers.push_back({.key = key, .value = ViewOf(value)});
    }
    Place(name, topic,
          {.timestamp = record.timestamp,
           .key = ViewOf(record.key),
           .value = ViewOf(record.value),
           .headers = headers},
          record.partition, record.bytes, record.since);
  }

  void FailWaiting(const std::string& name, TopicState& topic, const Error& error) {
    for (auto failed = std::exchange(topic.waiting, {}); const WaitingRecord& record : failed) {
      FailRecord(name, record, error);
    }
  }

  void FailRecord(const std::string& name, const WaitingRecord& record, const Error& error) {
    Forget({.records = 1, .bytes = record.bytes, .oldest = {}});
    delivered({.topic = name,
               .partition = record.partition.value_or(PartitionIndex(-1)),
               .records = 1,
               .bytes = record.bytes,
               .base_offset = std::nullopt,
               .error = error});
  }

  // ---- time

  Error TimedOut(const std::string& name) const {
    const auto why = refusal ? refusal : session.last_error();
    return Fail(refusal ? refusal->code : ErrorCode::kTimeout,
                "records for topic '{}' were not delivered within {} ms{}{}", name,
                options.delivery_timeout.count(), why ? ": " : "", why ? why->message : "");
  }

  bool IsOver(MonotonicMs since, MonotonicMs now) const {
    return now >= After(since, options.delivery_timeout);
  }

  void ExpireWaiting(MonotonicMs now) {
    for (auto& [name, topic] : topics) {
      while (!topic.waiting.empty() && IsOver(topic.waiting.front().since, now)) {
        const WaitingRecord record = std::move(topic.waiting.front());
        topic.waiting.pop_front();
        FailRecord(name, record, TimedOut(name));
      }
    }
  }

  void Expire(const std::string& name, std::size_t index, PartitionState& partition,
              MonotonicMs now) {
    const MonotonicMs since = now - options.delivery_timeout.count();
    while (const auto batch = partition.window.TakeOlderThan(since)) {
      Report(name, index, batch->group, std::nullopt, TimedOut(name));
    }
  }

  // When something of our own is due, whatever the session waits for.
  milliseconds UntilDue() const {
    if (!session.live()) return milliseconds::max();
    milliseconds due = milliseconds::max();
    for (const auto& [name, topic] : topics) {
      if (!topic.waiting.empty() && !topic.asked) due = std::min(due, Until(topic.ask_at));
      for (const auto& partition : topic.partitions) {
        if (partition.queue.filling()) {
          due = std::min(due, Until(After(partition.queue.oldest(), options.linger)));
        }
        if (partition.window.retry_at() > now_) {
          due = std::min(due, Until(partition.window.retry_at()));
        }
      }
    }
    if (ask_for_id_at > now_) due = std::min(due, Until(ask_for_id_at));
    return due;
  }

  milliseconds Until(MonotonicMs time) const {
    return std::max(milliseconds{0}, milliseconds{time - now_});
  }

  ProducerOptions options;
  Random& random;
  std::function<void(const Delivery&)> delivered;
  std::map<std::string, TopicState> topics;
  std::size_t batch_bytes_max = record::kBatchBytesMax;
  std::size_t buffered_bytes = 0;
  std::size_t buffered_records = 0;
  bool flushing = false;
  MonotonicMs now_;
  std::optional<std::string> cluster_id;
  std::optional<std::int64_t> producer_id;  // for windows that want one
  bool asked_for_id = false;
  MonotonicMs ask_for_id_at;
  std::optional<Error> refusal;  // the last one that passes by itself, and nothing taken since
  Session session;
};

Producer::Producer(std::unique_ptr<transport::ClientTransport> transport, ProducerOptions options,
                   Random& random, std::function<void(const Delivery&)> delivered)
    : state_(std::make_unique<State>(std::move(transport), std::move(options), random,
                                     std::move(delivered))) {}
Producer::~Producer() { state_->session.SayGoodbye(); }

Status Producer::Send(const std::string& topic, const ProducerRecord& record, Instant now) {
  return state_->Take(topic, record, now);
}

void Producer::Poll(Instant now) { state_->Poll(now); }

void Producer::Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors) {
  state_->session.Wait(std::min(timeout, state_->UntilDue()), descriptors);
}

Status Producer::Flush(const Clock& clock, std::chrono::milliseconds timeout) {
  Instant now = clock();
  const MonotonicMs deadline = After(now.monotonic, timeout);
  state_->flushing = true;
  while (true) {
    Poll(now);
    if (buffered_records() == 0 || now.monotonic >= deadline) break;
    if (state_->session.refusal() && !state_->session.refusal()->retriable()) break;
    Wait(milliseconds{deadline - now.monotonic});
    now = clock();
  }
  state_->flushing = false;
  if (buffered_records() == 0) return Ok();
  if (!connected() && last_error()) return *last_error();
  return Fail(ErrorCode::kTimeout, "{} records were not delivered within {} ms", buffered_records(),
              timeout.count());
}

bool Producer::connected() const { return state_->session.live(); }
std::optional<Error> Producer::last_error() const { return state_->session.last_error(); }
std::optional<Error> Producer::last_refusal() const { return state_->refusal; }
std::size_t Producer::buffered_records() const { return state_->buffered_records; }
std::size_t Producer::buffered_bytes() const { return state_->buffered_bytes; }

}  // namespace logboom::client
