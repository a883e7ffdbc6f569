// Produce and what belongs to it: idempotent producers, and an agent's spans, progress rows and
// sources.
#include <utility>

#include "broker/server/server.h"
#include "broker/server/translate.h"
#include "lib/protocol/protocol.h"
#include "lib/record/batch_view.h"
#include "lib/record/span.h"

namespace logboom::broker {
namespace {

// Headers below `lb.` are the agents' own: in a batch without spans they would pass for accepted
// spans when positions are built anew from the log.
Status RefuseReservedHeaders(record::BatchReader& reader, ByteView batch) {
  RETURN_IF_ERROR(reader.Open(batch));
  while (true) {
    ASSIGN_OR_RETURN(const record::Record* record, reader.Next());
    if (record == nullptr) return Ok();
    for (const record::HeaderView& header : record->headers) {
      if (header.key.starts_with(record::kReservedHeaderPrefix)) {
        return Fail(ErrorCode::kInvalid,
                    "a record has a header '{}': names that begin with '{}' are reserved",
                    protocol::VisibleText(header.key), record::kReservedHeaderPrefix);
      }
    }
  }
}

// All three fields of an idempotent producer, or none.
Status CheckProducer(const record::BatchHeader& header, bool with_spans) {
  if (header.producer_id == -1) return Ok();
  if (header.producer_id < 0 || header.producer_epoch < 0 || header.base_sequence < 0) {
    return Fail(ErrorCode::kInvalid, "a batch of producer {}, epoch {}, sequence {}",
                header.producer_id, header.producer_epoch, header.base_sequence);
  }
  if (!with_spans) return Ok();
  return Fail(ErrorCode::kInvalid, "a batch with spans has no producer id: spans tell what is new");
}

protocol::Error Refusal(const record::BatchHeader& header, const ProducerVerdict& verdict) {
  switch (verdict.kind) {
    case ProducerVerdict::Kind::kUnknown:
      return protocol::MakeError(
          protocol::UNKNOWN_PRODUCER,
          fmt::format("nothing is known of producer {} here, and the batch begins with sequence "
                      "{}: it was silent for too long, or what it wrote is gone",
                      header.producer_id, header.base_sequence));
    case ProducerVerdict::Kind::kStaleEpoch:
      return protocol::MakeError(
          protocol::INVALID_PRODUCER_EPOCH,
          fmt::format("producer {} has written with epoch {}, the batch is "
                      "of epoch {}",
                      header.producer_id, verdict.epoch, header.producer_epoch));
    default:
      return protocol::MakeError(
          protocol::OUT_OF_ORDER_SEQUENCE,
          fmt::format("a batch of {} records from sequence {} on of producer {}, epoch {}: {} is "
                      "due",
                      header.record_count, header.base_sequence, header.producer_id,
                      header.producer_epoch, verdict.expected_sequence));
  }
}

}  // namespace

bool Server::HoldsAgent(const Call& call) {
  if (call.agent_id.empty()) {
    AnswerError(call, protocol::INVALID_REQUEST, "only a session of an agent may do that");
    return false;
  }
  if (!sources_.agents().Holds(call.agent_id, call.session)) {
    AnswerError(call, protocol::FENCED,
                fmt::format("another process has taken over the agent id '{}'", call.agent_id));
    return false;
  }
  return true;
}

void Server::HandleProduce(const Call& call, const protocol::ProduceRequest& request,
                           transport::Payload payload) {
  const std::size_t payload_bytes = payload.size();
  auto refuse = [&](protocol::ErrorCode code, std::string_view message) {
    credit_.Finish(call.session, payload_bytes);
    AnswerError(call, code, message);
  };
  if (!protocol::Acks_IsValid(request.acks())) {
    refuse(protocol::INVALID_REQUEST, "acks are SYNCED, WRITTEN or NONE");
    return;
  }
  const Topic* topic = TopicOf(call, request.topic_id(), request.partition(), Operation::kProduce);
  if (topic == nullptr) {
    credit_.Finish(call.session, payload_bytes);
    return;
  }
  if (payload_bytes > MaxMessageBytes(topic->config)) {
    refuse(protocol::MESSAGE_TOO_LARGE,
           fmt::format("a batch of {} bytes: max.message.bytes of '{}' is {}", payload_bytes,
                       topic->name, MaxMessageBytes(topic->config)));
    return;
  }
  auto header = record::VerifyBatch(payload.view());
  if (!header.ok()) {
    refuse(protocol::CORRUPT_BATCH, header.error().message);
    return;
  }
  if (header->record_count == 0 || header->control || header->transactional) {
    refuse(protocol::INVALID_REQUEST, "a produced batch holds records, and no control batches");
    return;
  }
  const bool with_spans = request.spans_size() > 0;
  if (with_spans && IsCompacted(topic->config)) {
    refuse(protocol::INVALID_RECORD,
           fmt::format("topic '{}' is compacted (cleanup.policy), and would keep the last line of "
                       "each file alone: give the agent another topic",
                       topic->name));
    return;
  }
  if (const Status checked = CheckProducer(*header, with_spans); !checked.ok()) {
    refuse(protocol::INVALID_REQUEST, checked.error().message);
    return;
  }
  const TopicPartition where{topic->topic_id, PartitionIndex{request.partition()}};
  if (!with_spans) {
    ProducePlain(call, where, request.acks(), *header, std::move(payload));
  } else {
    ProduceSpans(call, where, request, *header, std::move(payload));
  }
}

void Server::ProducePlain(const Call& call, const TopicPartition& where, protocol::Acks acks,
                          const record::BatchHeader& header, transport::Payload payload) {
  const std::size_t payload_bytes = payload.size();
  if (header.producer_id >= 0 && !IsNewOfProducer(call, where, acks, header, payload_bytes)) return;
  const bool compacted = IsCompacted(engine_.FindTopic(where.topic_id)->config);
  if (compacted) {
    if (const Status keyed = CheckKeyed(batch_reader_, payload.view()); !keyed.ok()) {
      credit_.Finish(call.session, payload_bytes);
      AnswerError(call, keyed.error().code == ErrorCode::kInvalid
                            ? protocol::MakeError(protocol::INVALID_RECORD, keyed.error().message)
                            : protocol::ToWire(keyed.error()));
      return;
    }
  }
  // Nobody looks for spans in a batch with a producer id, and a look inside costs twice what all
  // the rest of a produce does.
  Status checked = header.producer_id < 0 && !compacted
                       ? RefuseReservedHeaders(batch_reader_, payload.view())
                       : Ok();
  Result<AppendedBatch> appended = checked.ok()
                                       ? engine_.Append(where, payload.data(), header, call.now)
                                       : Result<AppendedBatch>(checked.error());
  if (!appended.ok()) {
    credit_.Finish(call.session, payload_bytes);
    AnswerError(call, appended.error());
    return;
  }
  protocol::ProduceResponse produced;
  produced.set_base_offset(appended->base_offset.value());
  produced.set_append_time_ms(appended->append_time.value());
  AnswerProduced(call, where, acks, std::move(produced), payload_bytes);
}

bool Server::IsNewOfProducer(const Call& call, const TopicPartition& where, protocol::Acks acks,
                             const record::BatchHeader& header, std::size_t payload_bytes) {
  const Result<ProducerVerdict> verdict = engine_.JudgeProducer(where, header);
  if (verdict.ok() && verdict->kind == ProducerVerdict::Kind::kFresh) return true;
  if (verdict.ok() && verdict->kind == ProducerVerdict::Kind::kDuplicate) {
    protocol::ProduceResponse produced;
    produced.set_duplicate(true);
    produced.set_base_offset(verdict->base_offset.value_or(Offset(-1)).value());
    produced.set_append_time_ms(verdict->append_time.value());
    AnswerProduced(call, where, acks, std::move(produced), payload_bytes);
    return false;
  }
  credit_.Finish(call.session, payload_bytes);
  AnswerError(call, verdict.ok() ? Refusal(header, *verdict) : protocol::ToWire(verdict.error()));
  return false;
}

void Server::AnswerProduced(const Call& call, const TopicPartition& where, protocol::Acks acks,
                            protocol::ProduceResponse produced, std::size_t payload_bytes) {
  protocol::Response response;
  *response.mutable_produce() = std::move(produced);
  if (acks != protocol::SYNCED) {
    credit_.Finish(call.session, payload_bytes);
    if (acks == protocol::WRITTEN) Answer(call, std::move(response));
    return;
  }
  ++produces_under_way_;
  engine_.WhenDurable(
      where, [this, call, payload_bytes, response = std::move(response)](const Status& durable) {
        --produces_under_way_;
        credit_.Finish(call.session, payload_bytes);
        AnswerStatus(call, durable, response);
      });
}

void Server::HandleInitProducerId(const Call& call) {
  if (!Allowed(call, Operation::kProduce, {ResourceKind::kBroker, {}})) return;
  engine_.NewProducerId([this, call](const Result<std::int64_t>& id) {
    if (!id.ok()) {
      AnswerError(call, id.error());
      return;
    }
    protocol::Response response;
    response.mutable_init_producer_id()->set_producer_id(*id);
    Answer(call, std::move(response));
  });
}

void Server::ProduceSpans(const Call& call, const TopicPartition& where,
                          const protocol::ProduceRequest& request,
                          const record::BatchHeader& header, transport::Payload payload) {
  const std::size_t payload_bytes = payload.size();
  auto refuse = [&](protocol::ErrorCode code, std::string_view message) {
    credit_.Finish(call.session, payload_bytes);
    AnswerError(call, code, message);
  };
  if (!HoldsAgent(call)) {
    credit_.Finish(call.session, payload_bytes);
    return;
  }
  if (request.acks() != protocol::SYNCED) {
    refuse(protocol::INVALID_REQUEST, "a produce with spans takes acks = SYNCED alone");
    return;
  }
  if (header.producer_id >= 0) {
    refuse(protocol::INVALID_REQUEST, "a batch with spans has no producer id");
    return;
  }
  if (request.spans_size() > protocol::kSpansMax) {
    refuse(protocol::INVALID_REQUEST,
           fmt::format("{} spans: a produce takes {}", request.spans_size(), protocol::kSpansMax));
    return;
  }
  std::vector<ProducedSpan> spans;
  for (const protocol::Span& one : request.spans()) {
    auto span = FromWire(one, call.agent_id);
    if (!span.ok()) {
      refuse(protocol::INVALID_REQUEST, span.error().message);
      return;
    }
    spans.push_back(*std::move(span));
  }
  ++produces_under_way_;
  sources_.Produce(call.agent_id, where, payload.data(), header, std::move(spans), call.now,
                   [this, call, payload_bytes](const SourceOutcome& outcome) {
                     --produces_under_way_;
                     credit_.Finish(call.session, payload_bytes);
                     protocol::Response response;
                     protocol::ProduceResponse& produce = *response.mutable_produce();
                     produce.set_base_offset(-1);
                     produce.set_duplicate(outcome.duplicate);
                     if (outcome.appended) {
                       produce.set_base_offset(outcome.appended->base_offset.value());
                       produce.set_append_time_ms(outcome.appended->append_time.value());
                     }
                     AnswerOutcome(call, outcome, std::move(response));
                   });
}

void Server::AnswerOutcome(const Call& call, const SourceOutcome& outcome,
                           protocol::Response response) {
  switch (outcome.kind) {
    case SourceOutcome::Kind::kDurable: Answer(call, std::move(response)); return;
    case SourceOutcome::Kind::kFailed: AnswerError(call, *outcome.error); return;
    case SourceOutcome::Kind::kConflict: break;
  }
  protocol::Response conflict;
  *conflict.mutable_error() = protocol::MakeError(
      protocol::SPAN_CONFLICT, "the spans do not go on where their sources stand");
  for (const SourcePositions& one : outcome.positions) {
    ToWire(one, *conflict.mutable_error()->add_positions());
  }
  Answer(call, std::move(conflict));
}

void Server::HandleSourceProgress(const Call& call,
                                  const protocol::SourceProgressRequest& request) {
  const Topic* topic = TopicOf(call, request.topic_id(), request.partition(), Operation::kProduce);
  if (topic == nullptr || !HoldsAgent(call)) return;
  if (request.rows_size() == 0 || request.rows_size() > protocol::kProgressRowsMax) {
    AnswerError(call, protocol::INVALID_REQUEST,
                fmt::format("{} rows: a request takes 1 to {}", request.rows_size(),
                            protocol::kProgressRowsMax));
    return;
  }
  std::vector<ProgressRow> rows;
  for (const protocol::ProgressRow& one : request.rows()) {
    auto row = FromWire(one, call.agent_id);
    if (!row.ok()) {
      AnswerError(call, protocol::INVALID_REQUEST, row.error().message);
      return;
    }
    rows.push_back(*std::move(row));
  }
  ++produces_under_way_;
  sources_.Progress(call.agent_id, {topic->topic_id, PartitionIndex{request.partition()}},
                    std::move(rows), call.now, [this, call](const SourceOutcome& outcome) {
                      --produces_under_way_;
                      protocol::Response response;
                      response.mutable_source_progress();
                      AnswerOutcome(call, outcome, std::move(response));
                    });
}

void Server::HandleListSources(const Call& call, const protocol::ListSourcesRequest& request) {
  const Topic* topic = TopicOf(call, request.topic_id(), 0, Operation::kProduce);
  if (topic == nullptr || !HoldsAgent(call)) return;
  const Uuid after = Uuid::FromBytes(request.after_source_id()).value_or(Uuid{});
  protocol::Response response;
  protocol::ListSourcesResponse& answer = *response.mutable_list_sources();
  const auto page = sources_.table().Page(topic->topic_id, call.agent_id, request.with_final(),
                                          after, protocol::kSourcesPageMax);
  std::size_t bytes = 0;
  for (const Source* source : page) {
    protocol::Source& one = *answer.add_sources();
    ToWire(*source, one);
    bytes += one.ByteSizeLong();
    if (bytes >= protocol::kPageBytesMax) break;
  }
  answer.set_more(static_cast<std::size_t>(answer.sources_size()) < page.size() ||
                  page.size() == protocol::kSourcesPageMax);
  Answer(call, std::move(response));
}

}  // namespace logboom::broker
