// What consume reads as a member of a consumer group: on each broker the partitions that the group
// there gives it, each from where the group has committed. What was written out is committed, and
// nothing else.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "cli/brokers.h"
#include "cli/connection_watch.h"
#include "cli/environment.h"
#include "cli/event_taker.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/reading.h"
#include "cli/record_source.h"
#include "lib/client/group_consumer.h"

namespace logboom::cli {

struct GroupSubscriptionOptions {
  std::string group;
  std::vector<std::string> topics;
  client::StartAt start;                         // where the group has committed nothing
  std::string assignor;                          // empty: any
  std::string instance_id;                       // empty: none
  std::chrono::milliseconds session_timeout{0};  // 0: the broker's default
  bool with_rows = false;                        // gaps are told
  // Ends at what is the end, once the group has settled, of the partitions that are then its own.
  bool until_end = false;
};

class GroupSubscription final : public RecordSource, private ReadingEvents {
 public:
  // `events` hears nothing of Passed().
  GroupSubscription(Context& context, ReadingEvents& events, GroupSubscriptionOptions options);

  // Joins the group on every broker that has one of the topics. Not kDone where there is none.
  ExitCode Begin();

  bool Poll() override;
  void Wait(std::chrono::milliseconds timeout) override;
  bool stopped() const override { return taker_.stopped(); }
  bool interrupted() override { return interrupts_.Came(); }
  bool ReachedEnd() override;
  bool AloneFor(std::chrono::milliseconds silence) const override;
  bool AllFailed() const override;
  ExitCode code() const override { return taker_.code(); }
  void WrittenOut() override;
  void End() override;

 private:
  struct Source {
    Broker broker;
    ConnectionWatch watch;
    std::unique_ptr<client::GroupConsumer> consumer;
    std::uint64_t rejoins_told = 0;
    bool failure_told = false;
    // The partitions that are read to their end; nothing while the group has not settled.
    std::optional<std::vector<client::TopicPartition>> last_partitions;
  };
  // Where a record ends in the output.
  struct Mark {
    const Reading* reading = nullptr;
    Offset next;
    std::uint64_t output_bytes = 0;
  };

  bool TakeRecord(const Reading& reading, const record::Record& record) override {
    return events_.TakeRecord(reading, record);
  }
  void TakeRow(const Reading& reading, const client::SourceRow& row) override {
    events_.TakeRow(reading, row);
  }
  void Passed(const Reading& reading, Offset next) override;

  Status Join(Source& source, const std::vector<std::string>& topics);
  bool PollSource(std::size_t index);
  void TellTroubles(std::size_t index);
  void Handle(Reading& reading, const client::ConsumerEvent& event);
  void Leave(client::GroupConsumer& consumer, MonotonicMs deadline);
  Reading& Find(std::size_t broker, const client::TopicPartition& partition);
  bool Settle(std::size_t index);
  bool HasReachedEnd(std::size_t index);

  Context& context_;
  ReadingEvents& events_;
  GroupSubscriptionOptions options_;
  EventTaker taker_;
  Interrupts interrupts_;
  std::vector<Source> sources_;
  // Never moves: printers remember where an origin stands.
  std::deque<Reading> readings_;
  std::deque<Mark> marks_;
};

}  // namespace logboom::cli
