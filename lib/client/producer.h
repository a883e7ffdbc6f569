// Sends records to topics by name: gathers them into batches by partition, sends within the
// broker's credit, and tells what became of each batch. For records without sources: agents have
// AgentLink.
//
// Once each, and in order within a partition: a batch whose answer was lost is sent again with the
// producer id and sequence that it had, and the broker appends it once. Where the broker no longer
// knows what it has of this producer (it lost records, or has forgotten a producer silent for a
// week), a batch that it may have is not sent again: its delivery is an error that says so. With
// Acks::kNone nothing is sent twice, and anything may be lost.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/client/options.h"
#include "lib/record/batch_builder.h"
#include "lib/record/codec.h"
#include "lib/transport/transport.h"

namespace logboom::client {

enum class Acks {
  kSynced,   // answered once it is on the disk
  kWritten,  // answered once it is in the broker's page cache
  kNone,     // not answered: delivered means sent
};

struct ProducerOptions {
  ClientIdentity identity{};
  Acks acks = Acks::kSynced;
  record::Codec codec = record::Codec::kZstd;
  int codec_level = 1;
  // A batch is sent once it has so many raw bytes, or its first record is so old.
  std::size_t batch_raw_bytes = std::size_t{256} << 10U;
  std::chrono::milliseconds linger{5};
  // Of all records that are not yet delivered.
  std::size_t buffer_bytes_max = std::size_t{32} << 20U;
  // From Send() on; then the record's delivery is an error.
  std::chrono::milliseconds delivery_timeout{120'000};
  bool auto_create_topics = true;
  // How long it takes a topic to have the partitions that it had: then the next record asks again.
  // Where there are more by now, keys may go to other partitions than before.
  std::chrono::milliseconds metadata_max_age{60'000};
};

struct ProducerRecord {
  std::optional<ByteView> key;
  std::optional<ByteView> value;
  std::span<const record::HeaderView> headers;
  // Else by key (as Kafka), or for null keys one after the other, a batch each.
  std::optional<PartitionIndex> partition;
  std::optional<TimestampMs> timestamp;  // else the wall clock of Send()
};

// What became of some records of one partition, all of them alike.
struct Delivery {
  std::string topic;
  PartitionIndex partition{-1};  // -1: it never got that far
  std::size_t records = 0;
  std::size_t bytes = 0;              // of keys, values and headers
  std::optional<Offset> base_offset;  // of the first; none for Acks::kNone
  std::optional<Error> error;         // none: delivered as `acks` says
};

// One connection. One owner, one thread.
class Producer {
 public:
  // `random` must outlive it. `delivered` is called from inside Poll() and Flush().
  Producer(std::unique_ptr<transport::ClientTransport> transport, ProducerOptions options,
           Random& random, std::function<void(const Delivery&)> delivered);
  // Gives up what is not yet delivered, without a word.
  ~Producer();

  // Copies the record. kBusy where the buffer is full: Poll() and Wait(), then send it again.
  // kLimit for a record that no batch can hold, kInvalid for a topic name that is none.
  Status Send(const std::string& topic, const ProducerRecord& record, Instant now);

  void Poll(Instant now);
  // Until something may have come, is due, a descriptor is readable, or `timeout` is over.
  void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors = {});

  // Sends all that waits and waits until every record is delivered or failed. kTimeout, or
  // kUnavailable where there is no session, once `timeout` is over; the records stay.
  Status Flush(const Clock& clock, std::chrono::milliseconds timeout);

  bool connected() const;
  // Why there is no session; nothing where there is one, or where it was not tried yet.
  std::optional<Error> last_error() const;
  // Why the broker takes nothing for now (its disk is full); nothing once it has taken a batch.
  std::optional<Error> last_refusal() const;
  std::size_t buffered_records() const;
  std::size_t buffered_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace logboom::client
