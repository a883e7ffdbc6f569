#include "cli/subscription.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "lib/display/visible_text.h"

namespace logboom::cli {
namespace {

using std::chrono::milliseconds;

// With several brokers each is waited for in turn.
constexpr milliseconds kTurn{20};

}  // namespace

Subscription::Subscription(Context& context, SubscriptionEvents& events)
    : context_(context), events_(events) {}

Status Subscription::FindOnBroker(const Broker& broker, const std::string& topic,
                                  std::optional<std::int32_t> partition) {
  ASSIGN_OR_RETURN(const client::TopicDescription found, broker.admin->DescribeTopic(topic));
  for (const client::PartitionDescription& one : found.partitions) {
    if (partition && one.index != PartitionIndex(*partition)) continue;
    readings_.push_back({.origin = {broker.name, topic, one.index},
                         .broker = sources_.size(),
                         .log_start = one.log_start,
                         .durable_end = one.durable_end});
  }
  return Ok();
}

ExitCode Subscription::Find(const std::vector<std::string>& topics,
                            std::optional<std::int32_t> partition) {
  ReachedBrokers reached = ReachBrokers(context_);
  code_ = reached.code;
  std::vector<std::optional<Error>> missing(topics.size());
  std::vector<std::size_t> found(topics.size());
  for (const Broker& broker : reached.brokers) {
    for (std::size_t i = 0; i < topics.size(); ++i) {
      const Status status = FindOnBroker(broker, topics[i], partition);
      if (status.ok()) {
        ++found[i];
      } else if (status.error().code == ErrorCode::kNotFound) {
        missing[i] = status.error();
      } else {
        code_ = Worse(code_, Complain(context_, status.error().Within(broker.address)));
      }
    }
    sources_.push_back(
        {.address = broker.address, .name = broker.name, .consumer = nullptr, .silent_since = {}});
  }
  // One broker of several need not have a topic; one of them must.
  for (std::size_t i = 0; i < topics.size(); ++i) {
    if (found[i] == 0 && missing[i]) code_ = Worse(code_, Complain(context_, *missing[i]));
  }
  if (!readings_.empty()) return ExitCode::kDone;
  if (code_ == ExitCode::kDone) {
    context_.environment.complain(fmt::format("there is no partition {}", partition.value_or(0)));
    code_ = ExitCode::kFailed;
  }
  return code_;
}

ExitCode Subscription::Begin(const std::function<client::StartAt(const Reading&)>& start,
                             bool with_rows) {
  for (Source& source : sources_) {
    auto transport = context_.environment.connect(source.address);
    if (!transport.ok()) return Complain(context_, transport.error());
    source.consumer = std::make_unique<client::Consumer>(
        *std::move(transport),
        client::ConsumerOptions{.identity = Identity(), .with_rows = with_rows},
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
  for (std::size_t i = 0; i < sources_.size() && !stopped_; ++i) any = PollSource(i) || any;
  return any;
}

bool Subscription::PollSource(std::size_t index) {
  Source& source = sources_[index];
  const Instant now = context_.environment.clock();
  source.consumer->Poll(now);
  WatchConnection(source, now.monotonic);
  bool any = false;
  while (!stopped_) {
    const auto event = source.consumer->Next();
    if (!event) break;
    any = true;
    if (Reading* reading = Find(index, event->from)) Handle(*reading, *event);
  }
  return any;
}

// A broker that restarts comes back by itself; the reader is told once that it is gone, and once
// that it is back.
void Subscription::WatchConnection(Source& source, MonotonicMs now) {
  if (source.consumer->connected()) {
    if (source.complained) {
      context_.environment.complain(fmt::format("{} is back", source.address));
    }
    source.complained = false;
    source.silent_since.reset();
    return;
  }
  if (!source.silent_since) source.silent_since = now;
  if (source.complained || now - *source.silent_since < context_.flags.timeout.count()) return;
  source.complained = true;
  const auto why = source.consumer->last_error();
  context_.environment.complain(fmt::format("{} does not answer{}{}; trying again", source.address,
                                            why ? ": " : "", why ? why->message : ""));
}

bool Subscription::AloneFor(milliseconds silence) const {
  const MonotonicMs now = context_.environment.clock().monotonic;
  return std::all_of(sources_.begin(), sources_.end(), [&](const Source& source) {
    return source.silent_since && now - *source.silent_since >= silence.count();
  });
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
  if (const auto* batch = std::get_if<client::FetchedBatch>(&event.what)) {
    HandleBatch(reading, *batch);
  } else if (const auto* range = std::get_if<client::Unreadable>(&event.what)) {
    TellUnreadable(reading, *range);
  } else if (const auto* row = std::get_if<client::SourceRow>(&event.what)) {
    if (row->row.kind == client::RowKind::kGap) events_.TakeGap(reading, *row);
  } else if (const auto* out = std::get_if<client::OffsetOutOfRange>(&event.what)) {
    HandleOutOfRange(reading, *out);
  } else if (const auto* failed = std::get_if<client::PartitionFailed>(&event.what)) {
    Trouble(reading, failed->error.message, ExitCodeOf(failed->error));
  }
}

void Subscription::HandleBatch(const Reading& reading, const client::FetchedBatch& batch) {
  if (Status opened = records_.Open(batch); !opened.ok()) {
    TellUnreadable(reading, records_.unreadable(opened.error()));
    return;
  }
  while (!stopped_) {
    const auto record = records_.Next();
    if (!record.ok()) {
      TellUnreadable(reading, records_.unreadable(record.error()));
      return;
    }
    if (*record == nullptr) return;
    stopped_ = !events_.TakeRecord(reading, **record);
  }
}

// Records that retention has taken can't be read any more, and are not passed over in silence;
// offsets that do not exist yet are the caller's mistake.
void Subscription::HandleOutOfRange(const Reading& reading, const client::OffsetOutOfRange& range) {
  if (range.position > range.durable_end) {
    Trouble(reading,
            fmt::format("there is no offset {} yet: the log ends at {}", range.position,
                        range.durable_end),
            ExitCode::kFailed);
    return;
  }
  Trouble(reading,
          fmt::format("records {} to {} are gone; going on at {}", range.position,
                      range.log_start - 1, range.log_start),
          ExitCode::kFailed);
  sources_[reading.broker].consumer->Assign({reading.origin.topic, reading.origin.partition},
                                            client::StartAt::At(range.log_start));
}

void Subscription::TellUnreadable(const Reading& reading, const client::Unreadable& range) {
  Trouble(
      reading,
      fmt::format("records {} to {} can't be read: {}", range.begin, range.end - 1, range.reason),
      ExitCode::kFailed);
}

void Subscription::Trouble(const Reading& reading, std::string_view what, ExitCode code) {
  const std::string broker = sources_.size() > 1 ? reading.origin.broker + " " : std::string();
  context_.environment.complain(
      fmt::format("{}{}/{}: {}", broker, reading.origin.topic, reading.origin.partition, what));
  code_ = Worse(code_, code);
}

std::optional<client::PartitionProgress> Subscription::Progress(const Reading& reading) const {
  return sources_[reading.broker].consumer->Progress(
      {reading.origin.topic, reading.origin.partition});
}

bool Subscription::ReachedEndAtStart() const {
  return std::all_of(readings_.begin(), readings_.end(), [this](const Reading& reading) {
    const auto progress = Progress(reading);
    return progress && progress->reached_end_at_start();
  });
}

bool Subscription::AllFailed() const {
  return std::all_of(readings_.begin(), readings_.end(), [this](const Reading& reading) {
    const auto progress = Progress(reading);
    return progress && progress->failed;
  });
}

}  // namespace logboom::cli
