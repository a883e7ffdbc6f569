#include "agent/shipper.h"

#include <algorithm>
#include <utility>

#include "agent/limits.h"
#include "lib/base/check.h"

namespace logboom::agent {

Shipper::Shipper(std::string topic, Counters& counters, Notices& notices)
    : topic_(std::move(topic)), counters_(counters), notices_(notices), backoff_(kRefusedWaitMin) {}

void Shipper::Start(const Uuid& topic_id, PartitionIndex partition) {
  Forget();
  topic_id_ = topic_id;
  partition_ = partition;
}

void Shipper::Forget() {
  ++session_;
  under_way_ = 0;
  bytes_under_way_ = 0;
  outbox_.reset();
  draining_ = false;
  recuts_.clear();
}

bool Shipper::CanSend(const client::AgentLink& link, MonotonicMs now) const {
  return !outbox_ && !draining_ && !backoff_.Waits(now) && under_way_ < kBatchesUnderWayMax &&
         link.connected() && link.credit_bytes() >= kCreditMin;
}

void Shipper::Send(client::AgentLink& link, AssembledBatch batch, std::vector<Source*> sources) {
  CHECK(!outbox_ && sources.size() == batch.spans.size());
  auto sent = std::make_shared<Sent>();
  sent->number = next_number_++;
  sent->bytes = batch.bytes.size();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const record::SourceSpan& span = batch.spans[i].span;
    sent->runs.push_back({sources[i], span.begin, {span.end, span.window}, span.records});
    counters_.bytes_read += static_cast<std::uint64_t>(span.end - span.begin);
  }
  ++counters_.batches_sent;
  counters_.batch_bytes_sent += sent->bytes;
  bytes_under_way_ += sent->bytes;
  outbox_ = Outbox{std::move(batch.spans), transport::Payload(std::move(batch.bytes)), sent};
  Offer(link);
}

bool Shipper::Offer(client::AgentLink& link) {
  auto done = [this, session = session_,
               sent = outbox_->sent](const client::ProduceOutcome& outcome) {
    if (session == session_) Answered(*sent, outcome);
  };
  if (!link.Produce(topic_id_, partition_, outbox_->spans, outbox_->payload, std::move(done))) {
    return false;
  }
  ++under_way_;
  outbox_.reset();
  return true;
}

std::vector<Source*> Shipper::Poll(client::AgentLink& link, MonotonicMs now) {
  now_ = now;
  // A batch that waits while others are refused would only be refused too.
  if (outbox_ && draining_) {
    for (const Run& run : outbox_->sent->runs) recuts_.try_emplace(run.source);
    bytes_under_way_ -= outbox_->sent->bytes;
    outbox_.reset();
  }
  if (outbox_ && link.connected()) Offer(link);
  if (!draining_ || under_way_ > 0) return {};
  draining_ = false;
  std::vector<Source*> changed;
  for (const auto& [source, recut] : std::exchange(recuts_, {})) {
    if (!recut.appended) {
      source->Rewind();
    } else if (recut.appended->value() < 0) {
      source->Reopen();
    } else {
      source->RewindTo(std::max(*recut.appended, source->durable.end));
    }
    changed.push_back(source);
  }
  // In an order that does not depend on where they lie: a simulator replays it.
  std::sort(changed.begin(), changed.end(),
            [](const Source* a, const Source* b) { return a->id < b->id; });
  return changed;
}

void Shipper::Answered(const Sent& sent, const client::ProduceOutcome& outcome) {
  --under_way_;
  bytes_under_way_ -= sent.bytes;
  using Kind = client::ProduceOutcome::Kind;
  switch (outcome.kind) {
    case Kind::kDurable: return Durable(sent);
    case Kind::kConflict: return Conflict(sent, outcome);
    case Kind::kRefused: return Refused(sent, outcome);
  }
}

void Shipper::Durable(const Sent& sent) {
  backoff_.Succeeded();
  notices_.Forget("refused " + topic_);
  for (const Run& run : sent.runs) {
    const SourcePosition before = run.source->durable.end;
    run.source->Acked(run.end);
    if (run.source->durable.end > before) {
      counters_.bytes_acked += static_cast<std::uint64_t>(run.source->durable.end - before);
      counters_.records_acked += run.records;
    }
    const auto recut = recuts_.find(run.source);
    if (recut != recuts_.end() && recut->second.number < sent.number) {
      recut->second = {sent.number, run.end.end};
    }
  }
}

void Shipper::Conflict(const Sent& sent, const client::ProduceOutcome& outcome) {
  ++counters_.conflicts;
  draining_ = true;
  for (const Run& run : sent.runs) {
    const auto position =
        std::find_if(outcome.positions.begin(), outcome.positions.end(),
                     [&run](const auto& each) { return each.source_id == run.source->id; });
    Recut recut{sent.number, std::nullopt};
    if (position != outcome.positions.end()) recut.appended = position->appended;
    recuts_[run.source] = recut;
  }
  // A conflict that comes again at once would be a loop at the speed of the network.
  backoff_.Failed(now_, kRefusedWaitMax);
}

void Shipper::Refused(const Sent& sent, const client::ProduceOutcome& outcome) {
  ++counters_.refusals;
  draining_ = true;
  for (const Run& run : sent.runs) recuts_[run.source] = {sent.number, std::nullopt};
  const std::string why = outcome.error ? outcome.error->message : "no reason given";
  backoff_.Failed(now_, outcome.retriable ? kRefusedWaitMax : kRefusedForGoodWaitMax);
  if (outcome.error && outcome.error->code == ErrorCode::kNotFound) topic_lost_ = true;
  notices_.SayOnce(
      "refused " + topic_, outcome.retriable ? Severity::kWarn : Severity::kError,
      "topic " + topic_ + ": the broker refuses our lines: " + why +
          (outcome.retriable ? "; trying again, nothing is lost"
                             : "; nothing is skipped, trying again until someone mends it"));
}

std::optional<MonotonicMs> Shipper::waits_until(MonotonicMs now) const {
  if (!backoff_.Waits(now)) return std::nullopt;
  return backoff_.until();
}

bool Shipper::TakeTopicLost() { return std::exchange(topic_lost_, false); }

}  // namespace logboom::agent
