#include "cli/group_subscription.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "cli/find_topics.h"
#include "lib/protocol/names.h"

namespace logboom::cli {
namespace {

using client::TopicPartition;
using std::chrono::milliseconds;

// With several brokers each is waited for in turn.
constexpr milliseconds kTurn{20};
// At least, for what was written out to be committed.
constexpr milliseconds kLeaveMax{5'000};
// And for a word of parting where all is committed.
constexpr milliseconds kPartingMax{1'000};

TopicPartition PartitionOf(const Reading& reading) {
  return {.topic = reading.origin.topic, .partition = reading.origin.partition};
}

}  // namespace

GroupSubscription::GroupSubscription(Context& context, ReadingEvents& events,
                                     GroupSubscriptionOptions options)
    : context_(context), events_(events), options_(std::move(options)), taker_(context, *this) {}

ExitCode GroupSubscription::Begin() {
  if (Status named = protocol::CheckGroupName(options_.group); !named.ok()) {
    taker_.Worsen(Complain(context_, named.error()));
    return code();
  }
  FoundTopics found = FindTopics(context_, options_.topics);
  taker_.Worsen(found.code);
  for (auto& [broker, descriptions] : found.brokers) {
    if (descriptions.empty()) continue;
    std::vector<std::string> topics;
    for (const client::TopicDescription& topic : descriptions) topics.push_back(topic.name);
    const std::string address = broker.address;
    sources_.push_back({.broker = std::move(broker),
                        .watch = ConnectionWatch(address),
                        .consumer = nullptr,
                        .last_partitions = {}});
    if (Status joined = Join(sources_.back(), topics); !joined.ok()) {
      return Complain(context_, joined.error());
    }
  }
  return sources_.empty() ? code() : ExitCode::kDone;
}

Status GroupSubscription::Join(Source& source, const std::vector<std::string>& topics) {
  const auto& connect = context_.environment.connect;
  ASSIGN_OR_RETURN(auto coordination, connect(source.broker.address));
  ASSIGN_OR_RETURN(auto data, connect(source.broker.address));
  source.consumer = std::make_unique<client::GroupConsumer>(
      std::move(coordination), std::move(data),
      client::GroupConsumerOptions{
          .group = options_.group,
          .topics = topics,
          .start = options_.start,
          .client_id = ClientId(),
          .host = HostName(),
          .session_timeout = options_.session_timeout,
          .assignor = options_.assignor,
          .instance_id = options_.instance_id,
          .reading = {.identity = Identity(), .with_rows = options_.with_rows}},
      context_.environment.random);
  return Ok();
}

bool GroupSubscription::Poll() {
  bool any = false;
  for (std::size_t i = 0; i < sources_.size() && !stopped(); ++i) any = PollSource(i) || any;
  return any;
}

bool GroupSubscription::PollSource(std::size_t index) {
  client::GroupConsumer& consumer = *sources_[index].consumer;
  const Instant now = context_.environment.clock();
  consumer.Poll(now);
  sources_[index].watch.Watch(context_, consumer.connected(), consumer.last_error(), now.monotonic);
  TellTroubles(index);
  bool any = false;
  while (!stopped()) {
    const auto event = consumer.Next();
    if (!event) break;
    any = true;
    Handle(Find(index, event->from), *event);
  }
  return any;
}

void GroupSubscription::TellTroubles(std::size_t index) {
  Source& source = sources_[index];
  const std::uint64_t rejoins = source.consumer->counters().rejoins;
  if (rejoins > std::exchange(source.rejoins_told, rejoins)) {
    context_.environment.complain(fmt::format(
        "{} took this reader for gone: it has joined the group again, and records that were not "
        "yet committed come again",
        source.broker.address));
  }
  for (const client::RefusedCommit& refused : source.consumer->TakeRefusedCommits()) {
    taker_.Trouble(Find(index, refused.partition),
                   fmt::format("the broker does not take the commit of offset {}: {}",
                               refused.offset, refused.error.message),
                   ExitCode::kFailed);
  }
  const auto failure = source.consumer->failure();
  if (!failure || std::exchange(source.failure_told, true)) return;
  const ExitCode told = Complain(context_, failure->Within(source.broker.address));
  taker_.Worsen(failure->code == ErrorCode::kBusy ? ExitCode::kFenced : told);
}

void GroupSubscription::Handle(Reading& reading, const client::ConsumerEvent& event) {
  const auto* out = std::get_if<client::OffsetOutOfRange>(&event.what);
  if (out == nullptr) return taker_.Take(reading, event);
  const bool beyond = out->position > out->durable_end;
  taker_.Trouble(reading, DescribeOutOfRange(*out) + (beyond ? "; going on there" : ""),
                 ExitCode::kFailed);
  // It has been told, and need not be told again.
  if (out->position < out->log_start) Passed(reading, out->log_start);
}

Reading& GroupSubscription::Find(std::size_t broker, const TopicPartition& partition) {
  const auto found = std::ranges::find_if(readings_, [&](const Reading& reading) {
    return reading.broker == broker && reading.origin.partition == partition.partition &&
           reading.origin.topic == partition.topic;
  });
  if (found != readings_.end()) return *found;
  readings_.push_back(
      {.origin = {sources_[broker].broker.name, partition.topic, partition.partition},
       .broker = broker,
       .log_start = {},
       .durable_end = {},
       .end = {}});
  return readings_.back();
}

// ---- what was written out

void GroupSubscription::Passed(const Reading& reading, Offset next) {
  marks_.push_back(
      {.reading = &reading, .next = next, .output_bytes = context_.environment.out.total_bytes()});
}

// Those before the first that was not: also where the reader went away in the middle.
void GroupSubscription::WrittenOut() {
  const std::uint64_t accepted = context_.environment.out.accepted_bytes();
  for (; !marks_.empty() && marks_.front().output_bytes <= accepted; marks_.pop_front()) {
    const Mark& mark = marks_.front();
    sources_[mark.reading->broker].consumer->Handled(PartitionOf(*mark.reading), mark.next);
  }
}

void GroupSubscription::End() {
  for (Source& source : sources_) source.consumer->Leave();
  const milliseconds patience = std::max(kLeaveMax, context_.flags.timeout);
  const MonotonicMs deadline = context_.environment.clock().monotonic + patience.count();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    Leave(*sources_[i].consumer, deadline);
    TellTroubles(i);
    if (sources_[i].consumer->all_committed()) continue;
    context_.environment.complain(
        fmt::format("{} has not confirmed what was committed last: records that were printed may "
                    "come again",
                    sources_[i].broker.address));
    taker_.Worsen(ExitCode::kNotReached);
  }
}

// A broker that does not answer and has all commits finds out by itself that the reader is gone.
void GroupSubscription::Leave(client::GroupConsumer& consumer, MonotonicMs deadline) {
  const MonotonicMs parting = context_.environment.clock().monotonic + kPartingMax.count();
  while (true) {
    const Instant now = context_.environment.clock();
    consumer.Poll(now);
    const MonotonicMs enough = consumer.all_committed() ? std::min(parting, deadline) : deadline;
    if (consumer.finished() || now.monotonic >= enough) return;
    consumer.Wait(kTurn);
  }
}

// ---- how it ends

bool GroupSubscription::ReachedEnd() {
  bool reached = true;
  for (std::size_t i = 0; i < sources_.size(); ++i) reached = HasReachedEnd(i) && reached;
  return reached;
}

bool GroupSubscription::HasReachedEnd(std::size_t index) {
  Source& source = sources_[index];
  if (source.consumer->failure()) return true;
  if (!source.last_partitions && !Settle(index)) return false;
  return std::ranges::all_of(*source.last_partitions, [&](const TopicPartition& partition) {
    // What has gone to another member is his to read.
    const auto progress = source.consumer->Progress(partition);
    return !progress || progress->failed ||
           (progress->position && *progress->position >= *Find(index, partition).end);
  });
}

// Members that come and go move partitions for a while.
bool GroupSubscription::Settle(std::size_t index) {
  Source& source = sources_[index];
  if (!source.consumer->settled()) return false;
  const std::vector<TopicPartition> owned = source.consumer->Owned();
  for (const TopicPartition& partition : owned) {
    const auto progress = source.consumer->Progress(partition);
    if (!progress || (!progress->end_at_start && !progress->failed)) return false;
  }
  for (const TopicPartition& partition : owned) {
    const auto progress = source.consumer->Progress(partition);
    const Offset position = progress->position.value_or(Offset(0));
    Find(index, partition).end = std::max(position, progress->end_at_start.value_or(position));
  }
  source.last_partitions = owned;
  return true;
}

bool GroupSubscription::AloneFor(milliseconds silence) const {
  const MonotonicMs now = context_.environment.clock().monotonic;
  return std::ranges::all_of(
      sources_, [&](const Source& source) { return source.watch.SilentFor(silence, now); });
}

bool GroupSubscription::AllFailed() const {
  return std::ranges::all_of(
      sources_, [](const Source& source) { return source.consumer->failure().has_value(); });
}

void GroupSubscription::Wait(milliseconds timeout) {
  const int descriptor = interrupts_.descriptor();
  if (sources_.size() > 1) timeout = std::min(timeout, kTurn);
  for (Source& source : sources_) source.consumer->Wait(timeout, std::span(&descriptor, 1));
}

}  // namespace logboom::cli
