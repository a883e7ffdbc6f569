#include "tests/torture/driver/key_ledger.h"

#include <fmt/format.h>

#include "tests/torture/driver/record_text.h"

namespace logboom::torture {
namespace {

bool IsPastItsTime(std::uint64_t number, std::int64_t sent_ms, std::int64_t now_ms) {
  return IsTombstone(number) && now_ms - sent_ms >= kTombstonesStayMs;
}

}  // namespace

void KeyLedger::Stands(Offset offset, std::uint64_t number, std::int64_t sent_ms) {
  standing_[offset] = {number, sent_ms};
}

void KeyLedger::LookAnew() {
  for (auto& [offset, standing] : standing_) standing.seen = false;
}

void KeyLedger::Seen(Offset offset, std::uint64_t number) {
  const auto found = standing_.find(offset);
  if (found != standing_.end() && found->second.number == number) {
    found->second.seen = true;
    return;
  }
  findings_.Add(Fault::kStale,
                fmt::format("{}: record {} at {} was gone, and is back", name_, number, offset));
}

// Whether it stays known. `newer`: what is known of its key behind it.
bool KeyLedger::Judge(Offset offset, const Standing& standing, std::int64_t now_ms,
                      std::map<Bytes, Newer>& newer) {
  const Bytes key = KeyOf(standing.number);
  const auto behind = newer.find(key);
  if (standing.seen) {
    if (behind != newer.end() && behind->second == Newer::kTombstoneGone) {
      findings_.Add(Fault::kStale, fmt::format("{}: record {} at {} is there, and the tombstone "
                                               "that deleted its key is gone",
                                               name_, standing.number, offset));
    }
    newer.try_emplace(key, Newer::kKnown);
    return true;
  }
  ++compacted_;
  if (behind != newer.end()) return false;
  newer.emplace(key, Newer::kTombstoneGone);
  if (!IsPastItsTime(standing.number, standing.sent_ms, now_ms)) {
    findings_.Add(Fault::kLost,
                  fmt::format("{}: {} {} at {} was the last of its key, and is gone", name_,
                              IsTombstone(standing.number) ? "tombstone" : "record",
                              standing.number, offset));
  }
  return false;
}

// From the end, so that what stands behind a record is known when it is met.
void KeyLedger::Settle(std::int64_t now_ms, const std::vector<SentBatch>& perhaps) {
  std::map<Bytes, Newer> newer;
  for (const SentBatch& batch : perhaps) {
    for (std::uint64_t number = batch.first; number < batch.first + batch.records; ++number) {
      if (IsPastItsTime(number, batch.sent_ms, now_ms)) {
        newer.emplace(KeyOf(number), Newer::kKnown);
      }
    }
  }
  for (auto one = standing_.end(); one != standing_.begin();) {
    --one;
    if (!Judge(one->first, one->second, now_ms, newer)) one = standing_.erase(one);
  }
}

}  // namespace logboom::torture
