// What must hold of the keys of a compacted partition: a record is there, or a later one of its key
// is or was, or it is a tombstone past its time. What is gone stays away, and of what a tombstone
// deleted that is gone nothing is left.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "tests/torture/driver/findings.h"
#include "tests/torture/driver/sent_batch.h"

namespace logboom::torture {

// delete.retention.ms of the topic.
inline constexpr std::int64_t kTombstonesStayMs = 1000;

// One owner, one thread. Faults go to `findings`, which must outlive it.
class KeyLedger {
 public:
  KeyLedger(std::string name, Findings& findings) : name_(std::move(name)), findings_(findings) {}

  // It is in the log, as was acknowledged or served; sent at `sent_ms`.
  void Stands(Offset offset, std::uint64_t number, std::int64_t sent_ms);
  // The log is read anew, from its begin: what was Seen() before no longer counts.
  void LookAnew();
  void Seen(Offset offset, std::uint64_t number);
  // All that is there was Seen(). `perhaps`: batches that may have been there, and are gone before
  // anybody has seen them.
  void Settle(std::int64_t now_ms, const std::vector<SentBatch>& perhaps);

  // Records that were gone, for good reason.
  std::uint64_t compacted() const { return compacted_; }

 private:
  struct Standing {
    std::uint64_t number = 0;
    std::int64_t sent_ms = 0;
    bool seen = false;
  };
  enum class Newer { kKnown, kTombstoneGone };
  bool Judge(Offset offset, const Standing& standing, std::int64_t now_ms,
             std::map<Bytes, Newer>& newer);

  std::string name_;
  Findings& findings_;
  std::map<Offset, Standing> standing_;
  std::uint64_t compacted_ = 0;
};

}  // namespace logboom::torture
