// Follows one topic on all brokers that have it: first the last lines of the past, in the order of
// their times, then what comes. All that could not be read or shown is a notice in its place.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gui/core/frame.h"
#include "gui/core/line_store.h"
#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/client/consumer.h"
#include "lib/transport/transport.h"

namespace logboom::gui {

using ConnectTransport =
    std::function<Result<std::unique_ptr<transport::ClientTransport>>(const std::string& address)>;

// One owner, one thread. Goes on by itself when a broker comes back, at the next record.
class TailReader {
 public:
  // `random` must outlive it.
  TailReader(ConnectTransport connect, client::ClientIdentity identity, Random& random);
  ~TailReader();

  // Begins with up to `history_rows` lines of each partition's past.
  void Follow(std::string topic, std::int64_t history_rows, Instant now);
  void Stop();
  bool following() const { return !topic_.empty(); }
  const std::string& topic() const { return topic_; }

  // What is known of the brokers: partitions that are new there are read from their start.
  void Update(const std::vector<BrokerView>& brokers);
  // Appends what came to `out`. True where something did.
  bool Poll(Instant now, LineBlock& out);
  // Something is connected that Wait() can wait for.
  bool connecting() const { return !sources_.empty(); }
  // Until something may have come, or `timeout` is over.
  void Wait(std::chrono::milliseconds timeout);
  // Lines that were skipped to keep up, since Follow().
  std::int64_t skipped() const { return skipped_; }

 private:
  struct Reading {
    client::TopicPartition partition;
    Offset history_end;  // the past ends here
  };
  struct Source {
    std::uint16_t broker = 0;
    std::unique_ptr<client::Consumer> consumer;
    std::vector<Reading> readings;
  };

  void UpdateBroker(std::uint16_t index, const BrokerView& broker);
  Source* FindOrConnect(std::uint16_t index, const BrokerView& broker);
  client::StartAt StartOf(const client::PartitionDescription& partition) const;
  bool PollSource(Source& source, Instant now, LineBlock& out);
  void SkipWhereBehind(Source& source, Instant now, LineBlock& out);
  void Handle(Source& source, const client::ConsumerEvent& event, Instant now, LineBlock& out);
  void HandleBatch(const Source& source, const client::TopicPartition& from,
                   const client::FetchedBatch& batch, LineBlock& out);
  void HandleOutOfRange(Source& source, const client::TopicPartition& from,
                        const client::OffsetOutOfRange& range, Instant now, LineBlock& out);
  bool HistoryIsComplete(Instant now) const;
  void ShowHistory(LineBlock& out);

  ConnectTransport connect_;
  client::ClientIdentity identity_;
  Random& random_;

  std::string topic_;
  std::int64_t history_rows_ = 0;
  bool live_ = false;  // the past has been shown
  MonotonicMs began_;
  LineBlock history_;
  std::deque<Source> sources_;
  client::FetchedRecords records_;
  std::int64_t skipped_ = 0;
};

}  // namespace logboom::gui
