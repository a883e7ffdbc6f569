// Fetch with long poll, and offsets by time. What is fetched is durable.
#include <algorithm>
#include <utility>

#include "broker/server/server.h"
#include "broker/server/translate.h"
#include "lib/protocol/protocol.h"

namespace logboom::broker {

// Gap rows of one answer.
constexpr int kRowsOfFetchMax = 1'000;

void Server::HandleFetch(const Call& call, const protocol::FetchRequest& request) {
  const Topic* topic = TopicOf(call, request.topic_id(), request.partition(), Operation::kFetch);
  if (topic == nullptr) return;
  const auto wait_ms =
      std::min<std::int64_t>(request.wait_ms_max(), protocol::kFetchWaitMax.count());
  WaitingFetch fetch{call,
                     {topic->topic_id, PartitionIndex{request.partition()}},
                     Offset{request.offset()},
                     std::min(request.bytes_max(), protocol::kFetchBytesMax),
                     LeaderEpoch{request.leader_epoch()},
                     request.with_rows(),
                     call.now.monotonic + wait_ms};
  if (TryFetch(fetch)) return;
  Session& session = sessions_.at(call.session);
  if (session.waiting_fetches >= kWaitingFetchesMax) {
    AnswerError(call, protocol::BUSY,
                fmt::format("{} fetches of this session wait already", kWaitingFetchesMax));
    return;
  }
  ++session.waiting_fetches;
  next_fetch_deadline_ = std::min(next_fetch_deadline_, fetch.deadline);
  waiting_fetches_[fetch.where].push_back(std::move(fetch));
}

bool Server::TryFetch(const WaitingFetch& fetch) {
  const auto state = engine_.StateOf(fetch.where);
  if (!state) {
    AnswerError(fetch.call, protocol::UNKNOWN_TOPIC, "the topic was deleted");
    return true;
  }
  if (fetch.from < state->log_start || fetch.from > state->durable_end) {
    AnswerOutOfRange(fetch, *state,
                     fmt::format("offset {} is outside of the log, which holds {} to {}",
                                 fetch.from, state->log_start, state->durable_end));
    return true;
  }
  if (fetch.leader_epoch >= LeaderEpoch{0} && fetch.leader_epoch < state->leader_epoch) {
    const auto end = engine_.EndOfEpoch(fetch.where, fetch.leader_epoch);
    if (end.ok() && fetch.from > *end) {
      AnswerOutOfRange(fetch, *state,
                       fmt::format("the log was cut: the records at and behind offset {} are not "
                                   "those that were there before",
                                   std::max(*end, state->log_start)));
      return true;
    }
  }
  const bool due = fetch.call.now.monotonic >= fetch.deadline;
  if (fetch.from == state->durable_end && !due) return false;
  auto fetched = engine_.Fetch(fetch.where, fetch.from, fetch.bytes_max);
  if (!fetched.ok()) {
    AnswerError(fetch.call, fetched.error());
    return true;
  }
  AnswerFetch(fetch, *state, *std::move(fetched));
  return true;
}

namespace {

// Drops the batches that do not end at or before `end`. The first one always stays.
void CutBehind(FetchedBytes& fetched, Offset end) {
  ByteView rest = fetched.bytes;
  std::size_t kept_bytes = 0;
  while (!rest.empty()) {
    auto header = record::ParseBatchHeader(rest);
    if (!header.ok() || (kept_bytes > 0 && header->next_offset() > end)) break;
    kept_bytes += header->size_bytes();
    fetched.next_offset = header->next_offset();
    rest.remove_prefix(header->size_bytes());
  }
  fetched.bytes.resize(kept_bytes);
  std::erase_if(fetched.unreadable,
                [&](const UnreadableRange& one) { return one.begin >= fetched.next_offset; });
}

}  // namespace

// Rows precede their record: those of the next record come with the next fetch, unless this is the
// end of the log, where it may be long until there is one. Where there are too many rows for one
// answer it ends ahead of the first that is left out; only those inside of one batch go untold.
void Server::AddRows(const WaitingFetch& fetch, const PartitionState& state, FetchedBytes& fetched,
                     protocol::FetchResponse& body) {
  const Offset to =
      fetched.next_offset == state.durable_end ? fetched.next_offset : fetched.next_offset - 1;
  std::size_t bytes = 0;
  for (const ShownRow& gap :
       sources_.RowsBetween(fetch.where, fetch.from, to, kRowsOfFetchMax + 1)) {
    if (body.rows_size() == kRowsOfFetchMax || bytes >= protocol::kPageBytesMax) {
      CutBehind(fetched, gap.offset);
      return;
    }
    protocol::SourceRow& row = *body.add_rows();
    ToWire(gap, row);
    bytes += row.ByteSizeLong();
  }
}

void Server::AnswerOutOfRange(const WaitingFetch& fetch, const PartitionState& state,
                              std::string_view message) {
  protocol::Response response;
  *response.mutable_error() = protocol::MakeError(protocol::OFFSET_OUT_OF_RANGE, message);
  protocol::FetchResponse& body = *response.mutable_fetch();
  body.set_log_start_offset(state.log_start.value());
  body.set_durable_end_offset(state.durable_end.value());
  body.set_leader_epoch(state.leader_epoch.value());
  Answer(fetch.call, std::move(response));
}

void Server::AnswerFetch(const WaitingFetch& fetch, const PartitionState& state,
                         FetchedBytes fetched) {
  protocol::Response response;
  protocol::FetchResponse& body = *response.mutable_fetch();
  body.set_log_start_offset(state.log_start.value());
  body.set_durable_end_offset(state.durable_end.value());
  body.set_leader_epoch(state.leader_epoch.value());
  if (fetch.with_rows) AddRows(fetch, state, fetched, body);
  body.set_next_offset(fetched.next_offset.value());
  for (const UnreadableRange& range : fetched.unreadable) {
    protocol::UnreadableRange& one = *body.add_unreadable();
    one.set_begin_offset(range.begin.value());
    one.set_end_offset(range.end.value());
    one.set_reason(protocol::ValidUtf8(range.reason));
  }
  Answer(fetch.call, std::move(response), std::move(fetched.bytes));
}

void Server::WakeFetches(const TopicPartition& where) {
  auto found = waiting_fetches_.find(where);
  if (found == waiting_fetches_.end()) return;
  std::vector<WaitingFetch> fetches = std::exchange(found->second, {});
  std::vector<WaitingFetch> still;
  for (WaitingFetch& fetch : fetches) {
    auto session = sessions_.find(fetch.call.session);
    if (session == sessions_.end()) continue;
    --session->second.waiting_fetches;
    if (TryFetch(fetch)) continue;
    ++session->second.waiting_fetches;
    still.push_back(std::move(fetch));
  }
  // Answers may have ended sessions, and with them fetches: what is there now is new.
  auto& now_waiting = waiting_fetches_[where];
  std::move(still.begin(), still.end(), std::back_inserter(now_waiting));
  if (now_waiting.empty()) waiting_fetches_.erase(where);
}

void Server::EndDueFetches(Instant now) {
  if (now.monotonic < next_fetch_deadline_) return;
  next_fetch_deadline_ = kNever;
  std::vector<TopicPartition> due;
  for (auto& [where, fetches] : waiting_fetches_) {
    bool any_due = false;
    for (WaitingFetch& fetch : fetches) {
      fetch.call.now = now;
      if (fetch.deadline <= now.monotonic) {
        any_due = true;
      } else {
        next_fetch_deadline_ = std::min(next_fetch_deadline_, fetch.deadline);
      }
    }
    if (any_due) due.push_back(where);
  }
  for (const TopicPartition& where : due) WakeFetches(where);
}

void Server::HandleListOffsets(const Call& call, const protocol::ListOffsetsRequest& request) {
  const Topic* topic = TopicOf(call, request.topic_id(), request.partition(), Operation::kFetch);
  if (topic == nullptr) return;
  const TopicPartition where{topic->topic_id, PartitionIndex{request.partition()}};
  const auto state = engine_.StateOf(where);
  if (!state) {
    AnswerError(call, protocol::UNKNOWN_TOPIC, "the topic was deleted");
    return;
  }
  protocol::Response response;
  protocol::ListOffsetsResponse& body = *response.mutable_list_offsets();
  body.set_timestamp_ms(-1);
  body.set_leader_epoch(state->leader_epoch.value());
  switch (request.position()) {
    case protocol::ListOffsetsRequest::EARLIEST: body.set_offset(state->log_start.value()); break;
    case protocol::ListOffsetsRequest::LATEST: body.set_offset(state->durable_end.value()); break;
    case protocol::ListOffsetsRequest::BY_TIME: {
      auto offset = engine_.OffsetAtTime(where, TimestampMs{request.timestamp_ms()});
      if (!offset.ok()) {
        AnswerError(call, offset.error());
        return;
      }
      body.set_offset(offset->value_or(state->durable_end).value());
      if (offset->has_value()) body.set_timestamp_ms(request.timestamp_ms());
      break;
    }
    default: AnswerError(call, protocol::INVALID_REQUEST, "an unknown kind of position"); return;
  }
  Answer(call, std::move(response));
}

}  // namespace logboom::broker
