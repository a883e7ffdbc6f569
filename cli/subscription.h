// The partitions that consume and tail read, over all brokers.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/connection_watch.h"
#include "cli/environment.h"
#include "cli/event_taker.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/reading.h"
#include "cli/record_source.h"
#include "lib/client/consumer.h"

namespace logboom::cli {

struct SubscriptionOptions {
  bool with_rows = false;  // gaps are told
  bool until_end = false;  // records behind the end at the start are not meant
};

class Subscription final : public RecordSource {
 public:
  Subscription(Context& context, ReadingEvents& events);

  // Finds the partitions of the topics on every broker that is reached; `partition` narrows to one.
  // Not kDone where there is nothing to read.
  ExitCode Find(const std::vector<std::string>& topics, std::optional<std::int32_t> partition);

  // Begins, each partition where `start` says.
  ExitCode Begin(const std::function<client::StartAt(const Reading&)>& start,
                 const SubscriptionOptions& options);

  bool Poll() override;
  void Wait(std::chrono::milliseconds timeout) override;
  bool stopped() const override { return taker_.stopped(); }
  bool interrupted() override { return interrupts_.Came(); }
  bool ReachedEnd() override;
  bool AloneFor(std::chrono::milliseconds silence) const override;
  bool AllFailed() const override;
  ExitCode code() const override { return taker_.code(); }

  const std::deque<Reading>& readings() const { return readings_; }
  std::optional<client::PartitionProgress> Progress(const Reading& reading) const;

 private:
  struct Source {
    ConnectionWatch watch;
    std::unique_ptr<client::Consumer> consumer;
  };

  bool PollSource(std::size_t index);
  Reading* Find(std::size_t broker, const client::TopicPartition& partition);
  void Handle(Reading& reading, const client::ConsumerEvent& event);
  void HandleOutOfRange(const Reading& reading, const client::OffsetOutOfRange& range);

  Context& context_;
  EventTaker taker_;
  Interrupts interrupts_;
  bool until_end_ = false;
  std::vector<Source> sources_;
  // Never moves: printers remember where an origin stands.
  std::deque<Reading> readings_;
  Reading* last_found_ = nullptr;
};

}  // namespace logboom::cli
