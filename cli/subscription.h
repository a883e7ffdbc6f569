// The partitions that consume and tail read, over all brokers.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/brokers.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/record_printer.h"
#include "lib/client/consumer.h"

namespace logboom::cli {

// A partition that is read.
struct Reading {
  RecordOrigin origin;
  std::size_t broker = 0;  // index into Subscription's
  // As the broker described it before reading began.
  Offset log_start;
  Offset durable_end;
};

// What a subscription finds; called from inside Poll().
class SubscriptionEvents {
 public:
  virtual ~SubscriptionEvents() = default;
  // False: no more, please.
  virtual bool TakeRecord(const Reading& reading, const record::Record& record) = 0;
  virtual void TakeGap(const Reading& reading, const client::SourceRow& row) = 0;
};

// One owner, one thread. Complains about all that can't be read, and remembers it in code().
class Subscription {
 public:
  Subscription(Context& context, SubscriptionEvents& events);

  // Finds the partitions of the topics on every broker that is reached; `partition` narrows to one.
  // Not kDone where there is nothing to read.
  ExitCode Find(const std::vector<std::string>& topics, std::optional<std::int32_t> partition);

  // Begins, each partition where `start` says. `with_rows`: gaps are told.
  ExitCode Begin(const std::function<client::StartAt(const Reading&)>& start, bool with_rows);

  // Takes what is there. True where something was. No more is taken once TakeRecord() said false,
  // or `writable` does.
  bool Poll();
  void Wait(std::chrono::milliseconds timeout);

  bool stopped() const { return stopped_; }
  bool interrupted() { return interrupts_.Came(); }
  // All that was there when reading began has been taken, or can't be.
  bool ReachedEndAtStart() const;
  // No broker answers, and has not for so long.
  bool AloneFor(std::chrono::milliseconds silence) const;
  // Every partition stands still.
  bool AllFailed() const;

  const std::deque<Reading>& readings() const { return readings_; }
  std::optional<client::PartitionProgress> Progress(const Reading& reading) const;
  ExitCode code() const { return code_; }

 private:
  struct Source {
    std::string address;
    std::string name;
    std::unique_ptr<client::Consumer> consumer;
    std::optional<MonotonicMs> silent_since;
    bool complained = false;
  };

  Status FindOnBroker(const Broker& broker, const std::string& topic,
                      std::optional<std::int32_t> partition);
  bool PollSource(std::size_t index);
  void WatchConnection(Source& source, MonotonicMs now);
  Reading* Find(std::size_t broker, const client::TopicPartition& partition);
  void Handle(Reading& reading, const client::ConsumerEvent& event);
  void HandleBatch(const Reading& reading, const client::FetchedBatch& batch);
  void HandleOutOfRange(const Reading& reading, const client::OffsetOutOfRange& range);
  void TellUnreadable(const Reading& reading, const client::Unreadable& range);
  void Trouble(const Reading& reading, std::string_view what, ExitCode code);

  Context& context_;
  SubscriptionEvents& events_;
  Interrupts interrupts_;
  std::vector<Source> sources_;
  // Never moves: printers remember where an origin stands.
  std::deque<Reading> readings_;
  Reading* last_found_ = nullptr;
  client::FetchedRecords records_;
  bool stopped_ = false;
  ExitCode code_ = ExitCode::kDone;
};

}  // namespace logboom::cli
