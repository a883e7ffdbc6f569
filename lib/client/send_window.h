// The batches of one partition on their way to the broker: in order, few at a time, and with the
// sequences of an idempotent producer, so that what is sent twice is appended once. Internal to
// lib/client.
//
// A batch gets its sequence when it is first sent, and keeps it as long as the broker may have it.
// What the broker has refused it surely does not have; what was under way when a session ended it
// may have. Where the broker no longer takes the sequences (records before them are gone, or it has
// forgotten the producer), the batches that it surely does not have begin anew, with a higher epoch
// or another id; the others fail: to send them under new sequences might double them.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "lib/base/types.h"
#include "lib/client/partition_queue.h"
#include "lib/transport/transport.h"

namespace logboom::client {

// Batches of one partition under way at a time: the broker knows so many of a producer.
inline constexpr std::size_t kUnderWayMax = 5;
// After an error that passes by itself.
inline constexpr std::chrono::milliseconds kRetryPause{200};

enum class Idempotence { kOn, kOff };

struct OutgoingBatch {
  RecordGroup group;
  transport::Payload payload;

  std::uint64_t order = 0;  // of the first sending; 0: has no sequence
  bool was_sent = false;    // its bytes may be in use
  bool uncertain = false;   // a session ended while it was under way: the broker may have it
};

enum class RefusalKind {
  kPasses,           // the same batch may be taken later
  kOutOfOrder,       // the broker is due another sequence
  kProducerUnknown,  // the broker does not know the producer id, or a newer epoch of it
  kFinal,            // of this batch alone
};

// One owner, one thread.
class SendWindow {
 public:
  using Batch = std::shared_ptr<OutgoingBatch>;

  explicit SendWindow(Idempotence idempotence) : idempotence_(idempotence) {}

  void Push(const RecordGroup& group, transport::Payload payload);
  bool idle() const { return ready_.empty() && under_way_.empty(); }
  bool has_under_way() const { return !under_way_.empty(); }
  MonotonicMs retry_at() const { return retry_at_; }

  // True where nothing can be sent for want of a producer id other than last_id().
  bool WantsId() const;
  std::int64_t last_id() const { return last_id_; }
  void SetId(std::int64_t producer_id);

  // What is to be sent next, with its sequence; nothing where that has to wait. The same one again
  // until Sent() is called.
  Batch Next(MonotonicMs now);
  void Sent();
  // For what nobody answers: it is forgotten.
  Batch SentForGood();

  // What became of a batch under way. Batches that fail by it are handed back, in order.
  void Delivered(const Batch& batch);
  std::vector<Batch> Refused(const Batch& batch, RefusalKind kind, MonotonicMs now);
  // Whatever is under way may have been appended, and is sent again.
  std::vector<Batch> SessionLost();

  // The oldest one that waits, where it is older than `since`; it is forgotten.
  Batch TakeOlderThan(MonotonicMs since);
  // Forgets all that wait.
  std::vector<Batch> TakeReady();

 private:
  enum class Anew { kNo, kEpoch, kId };

  void Stamp(OutgoingBatch& batch);
  void Return(const Batch& batch);
  bool IsOldest(const OutgoingBatch& batch) const;
  std::vector<Batch> GoOn();
  std::vector<Batch> BeginAnew();

  Idempotence idempotence_;
  std::deque<Batch> ready_;      // those with a sequence come first, by order
  std::deque<Batch> under_way_;  // by order
  MonotonicMs retry_at_;
  // Something was refused: nothing is sent before all that is under way is answered.
  bool draining_ = false;
  Anew anew_ = Anew::kNo;

  std::int64_t id_ = -1;
  std::int64_t last_id_ = -1;
  std::int16_t epoch_ = 0;
  std::int32_t next_sequence_ = 0;
  std::uint64_t last_order_ = 0;
};

}  // namespace logboom::client
