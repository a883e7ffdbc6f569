// Which partitions a topic has is asked of the broker; its records wait until that is known.
#include <utility>

#include "lib/client/producer_state.h"
#include "lib/client/wire_values.h"

namespace logboom::client {

namespace {

std::optional<ByteView> ViewOf(const std::optional<Bytes>& bytes) {
  if (!bytes) return std::nullopt;
  return ByteView(*bytes);
}

}  // namespace

void Producer::State::AskForTopics(MonotonicMs now) {
  for (auto& [name, topic] : topics) {
    if ((topic.waiting.empty() && !topic.stale) || topic.asked || now < topic.ask_at) continue;
    protocol::Request request;
    request.mutable_metadata()->add_topics(name);
    request.mutable_metadata()->set_auto_create(options.auto_create_topics && !topic.stale);
    topic.asked = session.Send(
        std::move(request), {},
        [this, name = name](const Result<Answer>& answer) {
          if (answer.ok()) TopicAnswered(name, *answer);
        },
        IfLost::kForget);
  }
}

void Producer::State::TopicAnswered(const std::string& name, const Answer& answer) {
  ProducedTopic& topic = topics.at(name);
  topic.asked = false;
  const auto& metadata = answer.response.metadata();
  if (!topic.partitions.empty()) return TopicKnownAnew(topic, metadata);
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

// A topic that is gone, or another one by now, is told by the answer to its next batch.
void Producer::State::TopicKnownAnew(ProducedTopic& topic,
                                     const protocol::MetadataResponse& metadata) {
  topic.stale = false;
  topic.known_at = now_;
  if (metadata.topics_size() != 1 || UuidOf(metadata.topics(0).topic_id()) != topic.id) return;
  const int known = static_cast<int>(topic.partitions.size());
  AddPartitions(topic, metadata.topics(0).partitions_size() - known);
}

void Producer::State::AddPartitions(ProducedTopic& topic, int count) {
  const auto idempotence = options.acks == Acks::kNone ? Idempotence::kOff : Idempotence::kOn;
  for (int i = 0; i < count; ++i) topic.partitions.emplace_back(BuilderOptions(), idempotence);
}

void Producer::State::TopicKnown(const std::string& name, ProducedTopic& topic,
                                 const protocol::Topic& known) {
  topic.id = UuidOf(known.topic_id());
  topic.known_at = now_;
  AddPartitions(topic, known.partitions_size());
  // Else partition 0 would get all that programs write who live for a batch.
  topic.sticky = static_cast<std::size_t>(random.Below(topic.partitions.size()));
  for (auto waiting = std::exchange(topic.waiting, {}); const WaitingRecord& record : waiting) {
    PlaceWaiting(name, topic, record);
  }
}

void Producer::State::PlaceWaiting(const std::string& name, ProducedTopic& topic,
                                   const WaitingRecord& record) {
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

void Producer::State::FailWaiting(const std::string& name, ProducedTopic& topic,
                                  const Error& error) {
  for (auto failed = std::exchange(topic.waiting, {}); const WaitingRecord& record : failed) {
    FailRecord(name, record, error);
  }
}

void Producer::State::FailRecord(const std::string& name, const WaitingRecord& record,
                                 const Error& error) {
  Forget({.records = 1, .bytes = record.bytes, .oldest = {}});
  delivered({.topic = name,
             .partition = record.partition.value_or(PartitionIndex(-1)),
             .records = 1,
             .bytes = record.bytes,
             .base_offset = std::nullopt,
             .error = error});
}

}  // namespace logboom::client
