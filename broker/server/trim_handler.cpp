// Trimming: an administrator lets the oldest records of a topic go.
#include <memory>
#include <utility>

#include "broker/server/server.h"
#include "lib/protocol/protocol.h"

namespace logboom::broker {
namespace {

void Fill(const Result<TrimmedRange>& trimmed, protocol::PartitionTrim& out) {
  if (!trimmed.ok()) {
    *out.mutable_error() = protocol::ToWire(trimmed.error());
    return;
  }
  out.set_old_log_start_offset(trimmed->old_start.value());
  out.set_new_log_start_offset(trimmed->new_start.value());
  out.set_bytes_freed(trimmed->bytes);
}

// The partitions that are asked for; which of them can't be is told.
Result<std::vector<PartitionIndex>> AskedPartitions(const Topic& topic,
                                                    const protocol::TrimTopicRequest& request) {
  if (request.partition() >= topic.partitions) {
    return Fail(ErrorCode::kNotFound, "topic '{}' has partitions 0 to {}; {} is none of them",
                topic.name, topic.partitions - 1, request.partition());
  }
  if (request.partition() >= 0) return std::vector{PartitionIndex{request.partition()}};
  if (request.before() == protocol::TrimTopicRequest::OFFSET && topic.partitions > 1) {
    return Fail(ErrorCode::kInvalid,
                "topic '{}' has {} partitions, each with its own offsets: say which partition, or "
                "give a time",
                topic.name, topic.partitions);
  }
  std::vector<PartitionIndex> all;
  for (std::int32_t i = 0; i < topic.partitions; ++i) all.emplace_back(i);
  return all;
}

}  // namespace

Result<Offset> Server::TrimOffset(const TopicPartition& where,
                                  const protocol::TrimTopicRequest& request) const {
  const auto state = engine_.StateOf(where);
  if (!state) return Fail(ErrorCode::kNotFound, "the topic was deleted");
  switch (request.before()) {
    case protocol::TrimTopicRequest::OFFSET: return Offset{request.value()};
    case protocol::TrimTopicRequest::END: return state->durable_end;
    case protocol::TrimTopicRequest::BY_TIME: {
      ASSIGN_OR_RETURN(const std::optional<Offset> first,
                       engine_.OffsetAtTime(where, TimestampMs{request.value()}));
      return first.value_or(state->durable_end);
    }
    default: return Fail(ErrorCode::kInvalid, "an unknown kind of place to trim before");
  }
}

void Server::HandleTrimTopic(const Call& call, const protocol::TrimTopicRequest& request) {
  if (!Allowed(call, Operation::kTrimTopic, {ResourceKind::kTopic, request.name()})) return;
  const Topic* topic = engine_.FindTopic(request.name());
  if (topic == nullptr) {
    AnswerError(call, protocol::UNKNOWN_TOPIC,
                fmt::format("there is no topic '{}'", protocol::VisibleText(request.name())));
    return;
  }
  const auto partitions = AskedPartitions(*topic, request);
  if (!partitions.ok()) {
    AnswerError(call, partitions.error());
    return;
  }
  // Answered when the last of them is done.
  struct Waiting {
    std::size_t left = 0;
    protocol::Response response;
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->left = partitions->size();
  const auto finish = [this, call, waiting](int row, const Result<TrimmedRange>& trimmed) {
    Fill(trimmed, *waiting->response.mutable_trim_topic()->mutable_partitions(row));
    if (--waiting->left == 0) Answer(call, std::move(waiting->response));
  };
  for (const PartitionIndex partition : *partitions) {
    auto& rows = *waiting->response.mutable_trim_topic();
    rows.add_partitions()->set_partition(partition.value());
  }
  const Uuid topic_id = topic->topic_id;
  for (std::size_t i = 0; i < partitions->size(); ++i) {
    const int row = static_cast<int>(i);
    const TopicPartition where{topic_id, (*partitions)[i]};
    const auto offset = TrimOffset(where, request);
    if (!offset.ok()) {
      finish(row, offset.error());
    } else if (request.dry_run()) {
      finish(row, engine_.WouldTrim(where, *offset));
    } else {
      engine_.Trim(where, *offset,
                   [finish, row](const Result<TrimmedRange>& trimmed) { finish(row, trimmed); });
    }
  }
}

}  // namespace logboom::broker
