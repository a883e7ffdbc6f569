#include "tests/torture/driver/partition_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace logboom::torture {

void PartitionLedger::Sent(const SentBatch& batch) { under_way_.emplace(batch.first, batch); }

void PartitionLedger::Refused(std::uint64_t first) {
  if (under_way_.erase(first) > 0) Forget(first, "was refused");
  if (Holds(first)) {
    findings_.Add(Fault::kBroken,
                  fmt::format("{}: batch {} was refused after it was served", name_, first));
  }
}

std::map<std::uint64_t, SentBatch>::iterator PartitionLedger::FindUnderWay(std::uint64_t number) {
  auto after = under_way_.upper_bound(number);
  if (after == under_way_.begin()) return under_way_.end();
  auto found = std::prev(after);
  return number < found->first + found->second.records ? found : under_way_.end();
}

void PartitionLedger::Acked(std::uint64_t first, Offset base) {
  if (auto placed = placed_.find(first); placed != placed_.end()) {
    acked_records_ += placed->second.records;
    if (placed->second.base != base) {
      findings_.Add(Fault::kDoubled, fmt::format("{}: batch {} stood at {}, and was acked at {}",
                                                 name_, first, placed->second.base, base));
    }
    return;
  }
  auto found = under_way_.find(first);
  if (found == under_way_.end()) {
    findings_.Add(Fault::kUnknown,
                  fmt::format("{}: an ack of batch {}, which is not under way", name_, first));
    return;
  }
  acked_records_ += found->second.records;
  const SentBatch batch = found->second;
  under_way_.erase(found);
  Place(batch, base);
}

void PartitionLedger::Served(Offset offset, std::uint64_t number) {
  if (offset < begin_) return;  // read before retention took it
  const auto at = static_cast<std::size_t>(offset - begin_);
  if (at < numbers_.size() && numbers_[at] == number) {
    if (keys_) keys_->Seen(offset, number);
    return;
  }
  auto found = FindUnderWay(number);
  if (found == under_way_.end()) return ReportStranger(offset, number);
  const SentBatch batch = found->second;
  under_way_.erase(found);
  if (Place(batch, offset - static_cast<std::int64_t>(number - batch.first)) && keys_) {
    keys_->Seen(offset, number);
  }
}

void PartitionLedger::LookAnew() {
  if (keys_) keys_->LookAnew();
}

void PartitionLedger::Forget(std::uint64_t first, std::string why) {
  gone_.emplace(first, std::move(why));
  if (gone_.size() > kGoneMax) gone_.erase(gone_.begin());
}

std::string PartitionLedger::WhyGone(std::uint64_t number) const {
  auto after = gone_.upper_bound(number);
  if (after == gone_.begin()) return "was never sent here";
  return fmt::format("batch {} {}", std::prev(after)->first, std::prev(after)->second);
}

void PartitionLedger::ReportStranger(Offset offset, std::uint64_t number) {
  const auto at = static_cast<std::size_t>(offset - begin_);
  const std::uint64_t before = at < numbers_.size() ? numbers_[at] : kNobody;
  if (before != kNobody && before != kUnseen) {
    findings_.Add(Fault::kReused, fmt::format("{}: offset {} was record {}, and is record {}",
                                              name_, offset, before, number));
    return;
  }
  auto after = placed_.upper_bound(number);
  if (after != placed_.begin()) {
    auto [first, placed] = *std::prev(after);
    if (number < first + placed.records) {
      findings_.Add(Fault::kDoubled, fmt::format("{}: record {} is at {}, and again at {}", name_,
                                                 number, placed.base, offset));
      return;
    }
  }
  findings_.Add(Fault::kUnknown, fmt::format("{}: record {} at {}: {}; this is start {}", name_,
                                             number, offset, WhyGone(number), starts_ + 1));
}

bool PartitionLedger::Free(Offset base, std::uint32_t records) const {
  for (std::uint32_t i = 0; i < records; ++i) {
    const auto at = static_cast<std::size_t>(base + i - begin_);
    if (at < numbers_.size() && numbers_[at] != kNobody) return false;
  }
  return true;
}

bool PartitionLedger::Place(const SentBatch& batch, Offset base) {
  if (base < begin_ || !Free(base, batch.records)) {
    findings_.Add(Fault::kReused, fmt::format("{}: batch {} stands at {}, where others stood",
                                              name_, batch.first, base));
    return false;
  }
  const auto at = static_cast<std::size_t>(base - begin_);
  if (numbers_.size() < at + batch.records) numbers_.resize(at + batch.records, kNobody);
  for (std::uint32_t i = 0; i < batch.records; ++i) numbers_[at + i] = batch.first + i;
  placed_.emplace(batch.first, Placed{base, batch.records, batch.bytes});
  for (std::uint32_t i = 0; keys_ && i < batch.records; ++i) {
    keys_->Stands(base + i, batch.first + i, batch.sent_ms);
  }
  CheckOrder(batch, base);
  return true;
}

void PartitionLedger::CheckOrder(const SentBatch& batch, Offset base) {
  auto here = placed_.find(batch.first);
  const bool after_last = here == placed_.begin() || std::prev(here)->second.base < base;
  const bool before_next = std::next(here) == placed_.end() || std::next(here)->second.base > base;
  if (!after_last || !before_next) {
    findings_.Add(Fault::kOutOfOrder, fmt::format("{}: batch {} at {} is not between those sent "
                                                  "before and after it",
                                                  name_, batch.first, base));
  }
}

std::size_t PartitionLedger::BytesFrom(Offset log_start) const {
  std::size_t bytes = 0;
  for (auto one = placed_.rbegin(); one != placed_.rend() && one->second.base >= log_start; ++one) {
    bytes += one->second.bytes;
  }
  return bytes;
}

void PartitionLedger::TrimTo(Offset log_start) {
  while (begin_ < log_start && !numbers_.empty()) {
    numbers_.pop_front();
    ++begin_;
  }
  // What nobody was told of may have been there, and have gone by retention since.
  begin_ = std::max(begin_, log_start);
  while (!placed_.empty() && placed_.begin()->second.base < begin_) placed_.erase(placed_.begin());
}

void PartitionLedger::CheckNoHoles(Offset from) {
  for (Offset at = std::max(from, begin_); at < end(); ++at) {
    if (numbers_[static_cast<std::size_t>(at - begin_)] != kNobody) continue;
    findings_.Add(Fault::kLost, fmt::format("{}: nothing was served at {}", name_, at));
    return;
  }
}

// Offsets of batches that were compacted before anybody was told that they are there.
std::uint64_t PartitionLedger::CountUnseen(Offset durable_end) {
  if (durable_end > end()) {
    numbers_.resize(static_cast<std::size_t>(durable_end - begin_), kNobody);
  }
  std::uint64_t unseen = 0;
  for (Offset at = std::max(settled_end_, begin_); at < end(); ++at) {
    std::uint64_t& number = numbers_[static_cast<std::size_t>(at - begin_)];
    if (number != kNobody) continue;
    number = kUnseen;
    ++unseen;
  }
  settled_end_ = end();
  return unseen;
}

void PartitionLedger::SettleKeys(Offset durable_end, std::int64_t now_ms) {
  const std::uint64_t unseen = CountUnseen(durable_end);
  std::vector<SentBatch> perhaps;
  std::uint64_t sent = 0;
  for (const auto& [first, batch] : under_way_) {
    if (unseen == 0) break;
    perhaps.push_back(batch);
    sent += batch.records;
  }
  if (unseen > sent) {
    findings_.Add(Fault::kBroken,
                  fmt::format("{}: nothing was served at {} offsets, and {} records were under way",
                              name_, unseen, sent));
  }
  keys_->Settle(now_ms, perhaps);
}

void PartitionLedger::Settle(Offset log_start, Offset from, Offset durable_end,
                             std::int64_t now_ms) {
  if (log_start < begin_) {
    findings_.Add(Fault::kReused, fmt::format("{}: the log began at {}, and begins at {}", name_,
                                              begin_, log_start));
  }
  if (keys_ && log_start > begin_) {
    findings_.Add(Fault::kLost,
                  fmt::format("{}: compacted, and it begins at {}", name_, log_start));
  }
  TrimTo(log_start);
  if (durable_end < end()) {
    findings_.Add(Fault::kLost, fmt::format("{}: acked or served up to {}, and it ends at {}",
                                            name_, end(), durable_end));
  } else if (durable_end > end() && !keys_) {
    findings_.Add(Fault::kBroken,
                  fmt::format("{}: ends at {}, and only {} was served", name_, durable_end, end()));
  }
  if (keys_) {
    SettleKeys(durable_end, now_ms);
  } else {
    CheckNoHoles(from);
  }
  ++starts_;
  for (const auto& [first, batch] : under_way_) {
    Forget(first, fmt::format("was not there at start {}", starts_));
  }
  under_way_.clear();
}

}  // namespace logboom::torture
