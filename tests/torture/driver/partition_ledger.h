// What must hold of one partition, whatever happens to its broker: which record stands at which
// offset, as it was acknowledged (synced) or served; and what was sent and is not answered yet.
//
// Every record of a run has a number of its own, rising in the order of sending. A batch is sent
// once and never again: so it is there once, or, where nobody was told that it is, not at all.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "lib/base/types.h"
#include "tests/torture/driver/findings.h"
#include "tests/torture/driver/key_ledger.h"
#include "tests/torture/driver/sent_batch.h"

namespace logboom::torture {

// kNewestOfKey: by compaction records go, as KeyLedger says.
enum class Keeps { kAll, kNewestOfKey };

// One owner, one thread. Faults go to `findings`, which must outlive it.
class PartitionLedger {
 public:
  PartitionLedger(std::string name, Findings& findings, Keeps keeps = Keeps::kAll)
      : name_(std::move(name)), findings_(findings) {
    if (keeps == Keeps::kNewestOfKey) keys_.emplace(name_, findings_);
  }

  void Sent(const SentBatch& batch);
  void Acked(std::uint64_t first, Offset base);
  // It was answered with an error that says: nothing of it is in the log.
  void Refused(std::uint64_t first);
  // A record as a fetch gave it.
  void Served(Offset offset, std::uint64_t number);
  // What was Served() before says nothing of what is there now: of a compacted one, which is read
  // from its begin before each Settle().
  void LookAnew();
  // A broker that started says where the log begins and ends, and all from `from` on was Served().
  // What was under way when its predecessor ended and is not there now never will be.
  void Settle(Offset log_start, Offset from, Offset durable_end, std::int64_t now_ms = 0);

  // The batch is in the log, as far as anyone was told.
  bool Holds(std::uint64_t first) const { return placed_.contains(first); }
  bool UnderWay(std::uint64_t first) const { return under_way_.contains(first); }
  Offset begin() const { return begin_; }
  // One past the last record that must be there.
  Offset end() const { return begin_ + static_cast<std::int64_t>(numbers_.size()); }
  std::uint64_t acked_records() const { return acked_records_; }
  bool compacted() const { return keys_.has_value(); }
  std::uint64_t records_compacted() const { return keys_ ? keys_->compacted() : 0; }
  // Bytes of the batches from `log_start` on that are known to be there.
  std::size_t BytesFrom(Offset log_start) const;

 private:
  static constexpr std::uint64_t kNobody = 0;
  static constexpr std::uint64_t kUnseen = ~std::uint64_t{0};  // compacted before it was seen
  static constexpr std::size_t kGoneMax = 1000;
  struct Placed {
    Offset base;
    std::uint32_t records;
    std::size_t bytes;
  };

  std::map<std::uint64_t, SentBatch>::iterator FindUnderWay(std::uint64_t number);
  bool Place(const SentBatch& batch, Offset base);
  bool Free(Offset base, std::uint32_t records) const;
  void CheckOrder(const SentBatch& batch, Offset base);
  void Forget(std::uint64_t first, std::string why);
  std::string WhyGone(std::uint64_t number) const;
  void ReportStranger(Offset offset, std::uint64_t number);
  void TrimTo(Offset log_start);
  void CheckNoHoles(Offset from);
  std::uint64_t CountUnseen(Offset durable_end);
  void SettleKeys(Offset durable_end, std::int64_t now_ms);

  std::string name_;
  Findings& findings_;
  Offset begin_;
  std::deque<std::uint64_t> numbers_;       // at begin_ + index; kNobody: not heard of yet
  std::map<std::uint64_t, Placed> placed_;  // by first number
  std::map<std::uint64_t, SentBatch> under_way_;
  // By first number, the newest of them: what became of batches that must not be there. For words.
  std::map<std::uint64_t, std::string> gone_;
  std::optional<KeyLedger> keys_;
  Offset settled_end_;
  std::uint64_t starts_ = 0;
  std::uint64_t acked_records_ = 0;
};

}  // namespace logboom::torture
