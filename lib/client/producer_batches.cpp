// Batches go out within the broker's credit, and their answers come in.
#include <algorithm>
#include <utility>

#include "lib/client/producer_state.h"
#include "lib/client/wire_values.h"

namespace logboom::client {

namespace {

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

void Producer::State::Poll(Instant now) {
  now_ = now.monotonic;
  session.Poll(now);
  ExpireWaiting(now.monotonic);
  AskForTopics(now.monotonic);
  AskForId(now.monotonic);
  for (auto& [name, topic] : topics) {
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      ProducedPartition& partition = topic.partitions[i];
      const auto& queue = partition.queue;
      if (queue.filling() && (flushing || now.monotonic >= After(queue.oldest(), options.linger))) {
        Close(name, topic, i);
      }
      Expire(name, i, partition, now.monotonic);
      SendReady(name, topic, i, now.monotonic);
    }
  }
  if (buffered_records == 0) session.SetWantedCredit(0);
}

void Producer::State::SendReady(const std::string& name, ProducedTopic& topic, std::size_t index,
                                MonotonicMs now) {
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

bool Producer::State::SendBatch(const std::string& name, const Uuid& topic_id, std::size_t index,
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

void Producer::State::Answered(const std::string& name, std::size_t index,
                               const SendWindow::Batch& batch, const Answer& answer) {
  ProducedTopic& topic = topics.at(name);
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

Error Producer::State::Uncertain(const std::string& name, const Error& why) {
  return Fail(ErrorCode::kUnavailable,
              "records for topic '{}' were under way when the connection was lost, and the broker "
              "can't tell any more whether it has them: look before you send them again: {}",
              name, why.message);
}

// ---- the producer id

// Asked for before the first batch is full: the topic is asked for meanwhile.
bool Producer::State::WantsId() const {
  if (options.acks == Acks::kNone) return false;
  if (!producer_id) return buffered_records > 0;
  for (const auto& [name, topic] : topics) {
    for (const ProducedPartition& partition : topic.partitions) {
      if (partition.window.WantsId() && *producer_id == partition.window.last_id()) return true;
    }
  }
  return false;
}

void Producer::State::AskForId(MonotonicMs now) {
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

void Producer::State::IdAnswered(const Answer& answer) {
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

void Producer::State::ForgetIfIdle(ProducedTopic& topic) {
  const bool idle = std::ranges::all_of(topic.partitions, [](const ProducedPartition& partition) {
    return !partition.queue.filling() && partition.window.idle();
  });
  if (!idle) return;
  topic.partitions.clear();
  // Its sequences begin again, should it be the same topic after all: not under the same id.
  producer_id.reset();
}

void Producer::State::Report(const std::string& name, std::size_t index, const RecordGroup& group,
                             std::optional<Offset> base_offset, std::optional<Error> error) {
  Forget(group);
  delivered({.topic = name,
             .partition = PartitionIndex(static_cast<std::int32_t>(index)),
             .records = group.records,
             .bytes = group.bytes,
             .base_offset = base_offset,
             .error = std::move(error)});
}

void Producer::State::Forget(const RecordGroup& group) {
  buffered_bytes -= group.bytes;
  buffered_records -= group.records;
}

}  // namespace logboom::client
