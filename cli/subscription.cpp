#include "cli/subscription.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "cli/find_topics.h"

namespace logboom::cli {
namespace {

using std::chrono::milliseconds;

// With several brokers each is waited for in turn.
constexpr milliseconds kTurn{20};

}  // namespace

Subscription::Subscription(Context& context, ReadingEvents& events)
    : context_(context), taker_(context, events) {}

ExitCode Subscription::Find(const std::vector<std::string>& topics,
                            std::optional<std::int32_t> partition) {
  const FoundTopics found = FindTopics(context_, topics);
  taker_.Worsen(found.code);
  for (const auto& [broker, descriptions] : found.brokers) {
    for (const client::TopicDescription& topic : descriptions) {
      for (const client::PartitionDescription& one : topic.partitions) {
        if (partition && one.index != PartitionIndex(*partition)) continue;
        readings_.push_back({.origin = {broker.name, topic.name, one.index},
                             .broker = sources_.size(),
                             .log_start = one.log_start,
                             .durable_end = one.durable_end,
                             .end = {}});
      }
    }
    sources_.push_back({.watch = ConnectionWatch(broker.address), .consumer = nullptr});
  }
  if (!readings_.empty()) return ExitCode::kDone;
  if (taker_.code() == ExitCode::kDone) {
    context_.environment.complain(fmt::format("there is no partition {}", partition.value_or(0)));
    taker_.Worsen(ExitCode::kFailed);
  }
  return taker_.code();
}

ExitCode Subscription::Begin(const std::function<client::StartAt(const Reading&)>& start,
                             const SubscriptionOptions& options) {
  until_end_ = options.until_end;
  for (Source& source : sources_) {
    auto transport = context_.environment.connect(source.watch.address());
    if (!transport.ok()) return Complain(context_, transport.error());
    source.consumer = std::make_unique<client::Consumer>(
        *std::move(transport),
        client::ConsumerOptions{.identity = Identity(), .with_rows = options.with_rows},
        context_.environment.random);
  }
  for (const Reading& reading : readings_) {
    sources_[reading.broker].consumer->Assign({reading.origin.topic, reading.origin.partition},
                                              start(reading));
  }
  return ExitCode::kDone;
}

bool Subscription::Poll() {
  bool any = false;
  for (std::size_t i = 0; i < sources_.size() && !stopped(); ++i) any = PollSource(i) || any;
  return any;
}

bool Subscription::PollSource(std::size_t index) {
  Source& source = sources_[index];
  const Instant now = context_.environment.clock();
  source.consumer->Poll(now);
  source.watch.Watch(context_, source.consumer->connected(), source.consumer->last_error(),
                     now.monotonic);
  bool any = false;
  while (!stopped()) {
    const auto event = source.consumer->Next();
    if (!event) break;
    any = true;
    if (Reading* reading = Find(index, event->from)) Handle(*reading, *event);
  }
  return any;
}

bool Subscription::AloneFor(milliseconds silence) const {
  const MonotonicMs now = context_.environment.clock().monotonic;
  return std::ranges::all_of(
      sources_, [&](const Source& source) { return source.watch.SilentFor(silence, now); });
}

void Subscription::Wait(milliseconds timeout) {
  const int descriptor = interrupts_.descriptor();
  const milliseconds each = sources_.size() == 1 ? timeout : std::min(timeout, kTurn);
  for (Source& source : sources_) source.consumer->Wait(each, std::span(&descriptor, 1));
}

Reading* Subscription::Find(std::size_t broker, const client::TopicPartition& partition) {
  const auto matches = [&](const Reading& reading) {
    return reading.broker == broker && reading.origin.partition == partition.partition &&
           reading.origin.topic == partition.topic;
  };
  if (last_found_ != nullptr && matches(*last_found_)) return last_found_;
  const auto found = std::find_if(readings_.begin(), readings_.end(), matches);
  last_found_ = found == readings_.end() ? nullptr : &*found;
  return last_found_;
}

void Subscription::Handle(Reading& reading, const client::ConsumerEvent& event) {
  if (until_end_ && !reading.end) {
    if (const auto progress = Progress(reading)) reading.end = progress->end_at_start;
  }
  if (const auto* out = std::get_if<client::OffsetOutOfRange>(&event.what)) {
    HandleOutOfRange(reading, *out);
  } else {
    taker_.Take(reading, event);
  }
}

// Records that retention has taken can't be read any more, and are not passed over in silence;
// offsets that do not exist yet are the caller's mistake.
void Subscription::HandleOutOfRange(const Reading& reading, const client::OffsetOutOfRange& range) {
  taker_.Trouble(reading, DescribeOutOfRange(range), ExitCode::kFailed);
  if (range.position > range.durable_end) return;
  sources_[reading.broker].consumer->Assign({reading.origin.topic, reading.origin.partition},
                                            client::StartAt::At(range.log_start));
}

std::optional<client::PartitionProgress> Subscription::Progress(const Reading& reading) const {
  return sources_[reading.broker].consumer->Progress(
      {reading.origin.topic, reading.origin.partition});
}

bool Subscription::ReachedEnd() {
  return std::ranges::all_of(readings_, [this](const Reading& reading) {
    const auto progress = Progress(reading);
    return progress && progress->reached_end_at_start();
  });
}

bool Subscription::AllFailed() const {
  return std::ranges::all_of(readings_, [this](const Reading& reading) {
    const auto progress = Progress(reading);
    return progress && progress->failed;
  });
}

}  // namespace logboom::cli
