#include "lib/client/producer.h"

#include <algorithm>
#include <utility>

#include "lib/client/partitioner.h"
#include "lib/client/producer_state.h"
#include "lib/client/wire_descriptions.h"

namespace logboom::client {

namespace {

using std::chrono::milliseconds;

// What it asks the broker to let it have under way.
constexpr std::size_t kCreditBytes = std::size_t{4} << 20U;

std::optional<Bytes> CopyOf(const std::optional<ByteView>& bytes) {
  if (!bytes) return std::nullopt;
  return Bytes(*bytes);
}

}  // namespace

Producer::State::State(std::unique_ptr<transport::ClientTransport> transport,
                       ProducerOptions producer_options, Random& producer_random,
                       std::function<void(const Delivery&)> on_delivery)
    : options(std::move(producer_options)),
      random(producer_random),
      delivered(std::move(on_delivery)),
      session(
          std::move(transport), [this] { return HelloOf(options.identity); }, *this,
          producer_random) {}

// ---- session

void Producer::State::SessionStarted(const protocol::HelloResponse& hello) {
  if (hello.batch_bytes_max() > 0) {
    batch_bytes_max = std::min<std::size_t>(record::kBatchBytesMax, hello.batch_bytes_max());
  }
  // At another broker the id is somebody else's.
  if (cluster_id && *cluster_id != hello.cluster_id()) producer_id.reset();
  cluster_id = hello.cluster_id();
}

void Producer::State::SessionLost(const Error& why) {
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

// ---- records in

record::BatchBuilderOptions Producer::State::BuilderOptions() const {
  return {.codec = options.codec, .level = options.codec_level, .batch_bytes_max = batch_bytes_max};
}

Status Producer::State::Take(const std::string& name, const ProducerRecord& record, Instant now) {
  RETURN_IF_ERROR(protocol::CheckTopicName(name));
  const record::RecordView view{.timestamp = record.timestamp.value_or(now.wall),
                                .key = record.key,
                                .value = record.value,
                                .headers = record.headers};
  const std::size_t bytes = record::BatchBuilder::SizeOf(view);
  if (bytes + record::kBatchHeaderBytes > batch_bytes_max) {
    return Fail(ErrorCode::kLimit, "a record of {} bytes for topic '{}': a batch holds {} at most",
                bytes, name, batch_bytes_max - record::kBatchHeaderBytes);
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
  ProducedTopic& topic = topics[name];
  if (topic.partitions.empty()) {
    topic.waiting.push_back(Wait(record, view.timestamp, bytes, now.monotonic));
  } else {
    if (record.partition) RETURN_IF_ERROR(CheckPartition(name, topic, *record.partition));
    Place(name, topic, view, record.partition, bytes, now.monotonic);
    topic.stale = now.monotonic >= After(topic.known_at, options.metadata_max_age);
  }
  buffered_bytes += bytes;
  ++buffered_records;
  session.SetWantedCredit(kCreditBytes);
  return Ok();
}

WaitingRecord Producer::State::Wait(const ProducerRecord& record, TimestampMs timestamp,
                                    std::size_t bytes, MonotonicMs now) {
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

Status Producer::State::CheckPartition(const std::string& name, const ProducedTopic& topic,
                                       PartitionIndex partition) {
  const auto count = static_cast<std::int32_t>(topic.partitions.size());
  if (partition.value() >= 0 && partition.value() < count) return Ok();
  return Fail(ErrorCode::kInvalid, "topic '{}' has no partition {}: it has {}", name, partition,
              count);
}

void Producer::State::Place(const std::string& name, ProducedTopic& topic,
                            const record::RecordView& record,
                            std::optional<PartitionIndex> partition, std::size_t bytes,
                            MonotonicMs now) {
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

std::size_t Producer::State::ChoosePartition(const ProducedTopic& topic,
                                             const record::RecordView& record,
                                             std::optional<PartitionIndex> partition) {
  if (partition) return static_cast<std::size_t>(partition->value());
  if (!record.key) return topic.sticky;
  const auto count = static_cast<std::int32_t>(topic.partitions.size());
  return static_cast<std::size_t>(PartitionOfKey(*record.key, count).value());
}

void Producer::State::Close(const std::string& name, ProducedTopic& topic, std::size_t index) {
  if (index == topic.sticky) topic.sticky = (topic.sticky + 1) % topic.partitions.size();
  auto closed = topic.partitions[index].queue.Close();
  if (!closed) return;
  if (closed->batch.ok()) {
    topic.partitions[index].window.Push(closed->group, *std::move(closed->batch));
  } else {
    Report(name, index, closed->group, std::nullopt, closed->batch.error());
  }
}

// ---- time

Error Producer::State::TimedOut(const std::string& name) const {
  const auto why = refusal ? refusal : session.last_error();
  return Fail(refusal ? refusal->code : ErrorCode::kTimeout,
              "records for topic '{}' were not delivered within {} ms{}{}", name,
              options.delivery_timeout.count(), why ? ": " : "", why ? why->message : "");
}

bool Producer::State::IsOver(MonotonicMs since, MonotonicMs now) const {
  return now >= After(since, options.delivery_timeout);
}

void Producer::State::ExpireWaiting(MonotonicMs now) {
  for (auto& [name, topic] : topics) {
    while (!topic.waiting.empty() && IsOver(topic.waiting.front().since, now)) {
      const WaitingRecord record = std::move(topic.waiting.front());
      topic.waiting.pop_front();
      FailRecord(name, record, TimedOut(name));
    }
  }
}

void Producer::State::Expire(const std::string& name, std::size_t index,
                             ProducedPartition& partition, MonotonicMs now) {
  const MonotonicMs since = now - options.delivery_timeout.count();
  while (const auto batch = partition.window.TakeOlderThan(since)) {
    Report(name, index, batch->group, std::nullopt, TimedOut(name));
  }
}

// When something of our own is due, whatever the session waits for.
milliseconds Producer::State::UntilDue() const {
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

milliseconds Producer::State::Until(MonotonicMs time) const {
  return std::max(milliseconds{0}, milliseconds{time - now_});
}

// ---- what callers see

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
