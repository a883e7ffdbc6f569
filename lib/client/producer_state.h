// What a producer holds, and how its parts fit together. Internal to lib/client: protobuf inside.
//
//   producer.cpp          records in, time, and what callers see
//   producer_topics.cpp   which partitions a topic has; records that wait to know
//   producer_batches.cpp  batches out, their answers, the producer id
#pragma once

#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "lib/base/uuid.h"
#include "lib/client/partition_queue.h"
#include "lib/client/producer.h"
#include "lib/client/send_window.h"
#include "lib/client/session.h"
#include "lib/protocol/protocol.h"

namespace logboom::client {

// A record that waits for its topic's partitions to be known.
struct WaitingRecord {
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  std::vector<std::pair<Bytes, std::optional<Bytes>>> headers;
  std::optional<PartitionIndex> partition;
  TimestampMs timestamp;
  std::size_t bytes = 0;
  MonotonicMs since;
};

struct ProducedPartition {
  ProducedPartition(const record::BatchBuilderOptions& options, Idempotence idempotence)
      : queue(options), window(idempotence) {}

  PartitionQueue queue;
  SendWindow window;
};

struct ProducedTopic {
  Uuid id;
  std::vector<ProducedPartition> partitions;  // none: not known yet
  std::deque<WaitingRecord> waiting;
  bool asked = false;
  MonotonicMs ask_at;
  MonotonicMs known_at;
  bool stale = false;      // known for long, and still sent to
  std::size_t sticky = 0;  // where null keys go until their batch is closed
};

struct Producer::State final : public SessionEvents {
  State(std::unique_ptr<transport::ClientTransport> transport, ProducerOptions producer_options,
        Random& producer_random, std::function<void(const Delivery&)> on_delivery);

  // ---- session
  void SessionStarted(const protocol::HelloResponse& hello) override;
  void SessionLost(const Error& why) override;
  void HelloRefused(const protocol::Error& /*why*/) override {}
  void SessionFenced(const protocol::Error& /*why*/) override {}

  // ---- records in
  record::BatchBuilderOptions BuilderOptions() const;
  Status Take(const std::string& name, const ProducerRecord& record, Instant now);
  static WaitingRecord Wait(const ProducerRecord& record, TimestampMs timestamp, std::size_t bytes,
                            MonotonicMs now);
  static Status CheckPartition(const std::string& name, const ProducedTopic& topic,
                               PartitionIndex partition);
  void Place(const std::string& name, ProducedTopic& topic, const record::RecordView& record,
             std::optional<PartitionIndex> partition, std::size_t bytes, MonotonicMs now);
  static std::size_t ChoosePartition(const ProducedTopic& topic, const record::RecordView& record,
                                     std::optional<PartitionIndex> partition);
  void Close(const std::string& name, ProducedTopic& topic, std::size_t index);

  // ---- batches out
  void Poll(Instant now);
  void SendReady(const std::string& name, ProducedTopic& topic, std::size_t index, MonotonicMs now);
  bool SendBatch(const std::string& name, const Uuid& topic_id, std::size_t index,
                 const SendWindow::Batch& batch);
  void Answered(const std::string& name, std::size_t index, const SendWindow::Batch& batch,
                const Answer& answer);
  static Error Uncertain(const std::string& name, const Error& why);

  // ---- the producer id
  bool WantsId() const;
  void AskForId(MonotonicMs now);
  void IdAnswered(const Answer& answer);
  void ForgetIfIdle(ProducedTopic& topic);
  void Report(const std::string& name, std::size_t index, const RecordGroup& group,
              std::optional<Offset> base_offset, std::optional<Error> error);
  void Forget(const RecordGroup& group);

  // ---- topics
  void AskForTopics(MonotonicMs now);
  void TopicAnswered(const std::string& name, const Answer& answer);
  void TopicKnownAnew(ProducedTopic& topic, const protocol::MetadataResponse& metadata);
  void AddPartitions(ProducedTopic& topic, int count);
  void TopicKnown(const std::string& name, ProducedTopic& topic, const protocol::Topic& known);
  void PlaceWaiting(const std::string& name, ProducedTopic& topic, const WaitingRecord& record);
  void FailWaiting(const std::string& name, ProducedTopic& topic, const Error& error);
  void FailRecord(const std::string& name, const WaitingRecord& record, const Error& error);

  // ---- time
  Error TimedOut(const std::string& name) const;
  bool IsOver(MonotonicMs since, MonotonicMs now) const;
  void ExpireWaiting(MonotonicMs now);
  void Expire(const std::string& name, std::size_t index, ProducedPartition& partition,
              MonotonicMs now);
  std::chrono::milliseconds UntilDue() const;
  std::chrono::milliseconds Until(MonotonicMs time) const;

  ProducerOptions options;
  Random& random;
  std::function<void(const Delivery&)> delivered;
  std::map<std::string, ProducedTopic> topics;
  std::size_t batch_bytes_max = record::kBatchBytesMax;
  std::size_t buffered_bytes = 0;
  std::size_t buffered_records = 0;
  bool flushing = false;
  MonotonicMs now_;
  std::optional<std::string> cluster_id;
  std::optional<std::int64_t> producer_id;  // for windows that want one
  bool asked_for_id = false;
  MonotonicMs ask_for_id_at;
  std::optional<Error> refusal;  // the last one that passes by itself, and nothing taken since
  Session session;
};

}  // namespace logboom::client
