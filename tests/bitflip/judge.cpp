#include "tests/bitflip/judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/record/batch_header.h"

namespace logboom::bitflip {
namespace {

using Faults = std::vector<std::string>;

template <typename Value>
void CompareMaps(const char* what, const std::map<std::string, Value>& sound,
                 const std::map<std::string, Value>& damaged, Faults& faults) {
  for (const auto& [key, value] : sound) {
    const auto found = damaged.find(key);
    if (found == damaged.end()) {
      faults.push_back(fmt::format("{} is gone", what));
    } else if (found->second != value) {
      faults.push_back(fmt::format("{} is another one", what));
    }
  }
  for (const auto& [key, value] : damaged) {
    if (!sound.contains(key)) faults.push_back(fmt::format("{} was not there", what));
  }
}

// When a record arrived is a hint, and may be unknown; never wrong.
void CompareArrivals(const Contents& sound, const Contents& damaged, Faults& faults) {
  for (const auto& [key, arrived_ms] : sound.arrived_ms) {
    const auto found = damaged.arrived_ms.find(key);
    if (found == damaged.arrived_ms.end() || found->second == -1) continue;
    if (found->second == arrived_ms) continue;
    faults.push_back(fmt::format("a record arrived at {}, not {}", found->second, arrived_ms));
  }
}

class PartitionJudge {
 public:
  PartitionJudge(const PartitionName& name, const PartitionContents& sound,
                 const PartitionContents& damaged, std::optional<OffsetRange> touched,
                 Faults& faults)
      : name_(name), sound_(sound), damaged_(damaged), touched_(touched), faults_(faults) {}

  void Run() {
    for (const std::string& error : damaged_.errors) Fault(error);
    CompareBounds();
    CompareBatches();
    CompareTold();
    CompareTimes();
    if (damaged_.rows != sound_.rows) Fault("rows are other ones");
  }

 private:
  void Fault(const std::string& what) { faults_.push_back(fmt::format("{}: {}", name_, what)); }

  void CompareNumber(const char* what, std::int64_t sound, std::int64_t damaged) {
    if (sound != damaged) Fault(fmt::format("{} is {}, not {}", what, damaged, sound));
  }

  void CompareBounds() {
    CompareNumber("the log start", sound_.log_start, damaged_.log_start);
    CompareNumber("the end", sound_.end, damaged_.end);
    // An hour lies between the two: what a recovery can't know counts as appended now.
    if (damaged_.last_append_ms < sound_.last_append_ms) {
      Fault(fmt::format("the last append was at {}, not {}", damaged_.last_append_ms,
                        sound_.last_append_ms));
    }
    for (const auto& [epoch, end] : sound_.epoch_end) {
      const auto found = damaged_.epoch_end.find(epoch);
      CompareNumber("the end of an epoch", end,
                    found == damaged_.epoch_end.end() ? -1 : found->second);
    }
    if (damaged_.epoch < sound_.epoch) Fault("the leader epoch has fallen");
  }

  bool IsTouched(std::int64_t base) const { return touched_ && touched_->begin == base; }

  void CompareBatches() {
    for (const auto& [base, batch] : damaged_.batches) {
      const auto found = sound_.batches.find(base);
      if (found == sound_.batches.end()) {
        Fault(fmt::format("a batch at offset {} that was never there", base));
      } else if (found->second != batch) {
        Fault(fmt::format("the batch at offset {} is another one", base));
      }
    }
    for (const auto& [base, batch] : sound_.batches) {
      if (damaged_.batches.contains(base)) continue;
      if (!IsTouched(base)) {
        Fault(fmt::format("the untouched batch at offset {} can't be read", base));
      } else if (!Told(*touched_)) {
        Fault(fmt::format("the touched batch at offset {} is silently missing", base));
      }
    }
  }

  bool Told(const OffsetRange& range) const {
    const auto covers = [&](const OffsetRange& one) {
      return one.begin <= range.begin && one.end >= range.end;
    };
    return std::any_of(damaged_.unreadable.begin(), damaged_.unreadable.end(), covers) ||
           std::any_of(damaged_.refused.begin(), damaged_.refused.end(), covers);
  }

  // Nobody is told of damage where there is none, and nothing broken is sent for clients to find.
  void CompareTold() {
    for (const OffsetRange& one : damaged_.refused) {
      Fault(fmt::format("a broken batch is served: offsets {} to {}", one.begin, one.end));
    }
    for (const OffsetRange& one : damaged_.unreadable) {
      if (touched_ && IsOf(*touched_, one)) continue;
      Fault(fmt::format("offsets {} to {} are told as unreadable", one.begin, one.end));
    }
  }

  // The range, and of what compaction has left empty around it as much as nobody can tell apart.
  bool IsOf(const OffsetRange& range, const OffsetRange& told) const {
    if (told == range) return true;
    if (told.begin > range.begin || told.end < range.end) return false;
    return std::ranges::none_of(sound_.batches, [&](const auto& batch) {
      return batch.first != range.begin && batch.first < told.end && EndOf(batch) > told.begin;
    });
  }

  static std::int64_t EndOf(const std::pair<const std::int64_t, Bytes>& batch) {
    return record::ParseBatchHeader(batch.second)->next_offset().value();
  }

  // Where the record looked for is in the touched batch, the next one takes its place.
  void CompareTimes() {
    for (const auto& [time, offset] : sound_.offset_at_time) {
      const std::int64_t found = damaged_.offset_at_time.at(time);
      const bool in_touched = touched_ && offset >= touched_->begin && offset < touched_->end;
      if (found == offset || (in_touched && found >= touched_->end)) continue;
      Fault(fmt::format("the first offset at time {} is {}, not {}", time, found, offset));
    }
  }

  const PartitionName& name_;
  const PartitionContents& sound_;
  const PartitionContents& damaged_;
  std::optional<OffsetRange> touched_;
  Faults& faults_;
};

}  // namespace

std::vector<std::string> Judge(const Contents& sound, const Contents& damaged,
                               const std::optional<TouchedBatch>& touched) {
  Faults faults = damaged.errors;
  CompareMaps("a topic", sound.topics, damaged.topics, faults);
  CompareMaps("a source", sound.sources, damaged.sources, faults);
  CompareMaps("a committed offset", sound.committed, damaged.committed, faults);
  CompareArrivals(sound, damaged, faults);
  for (const auto& [name, partition] : sound.partitions) {
    const auto found = damaged.partitions.find(name);
    if (found == damaged.partitions.end()) {
      faults.push_back(fmt::format("{} is gone", name));
      continue;
    }
    const bool here = touched && touched->partition == name;
    PartitionJudge(name, partition, found->second,
                   here ? std::optional(touched->offsets) : std::nullopt, faults)
        .Run();
  }
  return faults;
}

}  // namespace logboom::bitflip
