#include "tests/bitflip/compacted.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/record/batch_view.h"

namespace logboom::bitflip {
namespace {

using Faults = std::vector<std::string>;

bool IsIn(const std::optional<OffsetRange>& range, std::int64_t offset) {
  return range && offset >= range->begin && offset < range->end;
}

template <typename Take>
void ForEachRecord(const std::map<std::int64_t, Bytes>& batches, Take take) {
  record::BatchReader reader;
  for (const auto& [base, batch] : batches) {
    if (!reader.Open(batch).ok()) continue;
    for (auto record = reader.Next(); record.ok() && *record != nullptr; record = reader.Next()) {
      take(reader.header(), **record);
    }
  }
}

// Where the last record of each key stands, in what can be read.
std::map<Bytes, std::int64_t> LastOfEach(const KeyedRecords& records,
                                         const std::optional<OffsetRange>& touched) {
  std::map<Bytes, std::int64_t> last;
  for (const auto& [offset, record] : records) {
    if (!IsIn(touched, offset)) last[record.key] = offset;
  }
  return last;
}

bool StandsBefore(const KeyedRecords& records, const Bytes& key, std::int64_t end) {
  for (const auto& [offset, record] : records) {
    if (offset >= end) break;
    if (record.key == key) return true;
  }
  return false;
}

void CompareTold(const PartitionContents& after, const std::optional<OffsetRange>& touched,
                 Faults& faults) {
  for (const OffsetRange& one : after.refused) {
    faults.push_back(fmt::format("a broken batch is served: offsets {} to {}", one.begin, one.end));
  }
  for (const OffsetRange& one : after.unreadable) {
    if (touched && one.begin <= touched->begin && one.end >= touched->end) continue;
    faults.push_back(fmt::format("offsets {} to {} are told as unreadable", one.begin, one.end));
  }
}

}  // namespace

KeyedRecords RecordsOf(const std::map<std::int64_t, Bytes>& batches) {
  KeyedRecords records;
  ForEachRecord(batches, [&](const record::BatchHeader&, const record::Record& one) {
    records[one.offset.value()] = {Bytes(one.key.value_or("")),
                                   one.value ? std::optional<Bytes>(*one.value) : std::nullopt,
                                   one.timestamp.value()};
  });
  return records;
}

std::vector<std::int64_t> TombstonesPastTheirTime(const std::map<std::int64_t, Bytes>& batches,
                                                  TimestampMs now) {
  std::vector<std::int64_t> found;
  ForEachRecord(batches, [&](const record::BatchHeader& batch, const record::Record& one) {
    // The time stands in the place of the base timestamp.
    if (one.value || !batch.has_delete_horizon || batch.base_timestamp > now) return;
    found.push_back(one.offset.value());
  });
  return found;
}

std::vector<std::string> JudgeRecords(const KeyedRecords& before, const KeyedRecords& after,
                                      const std::vector<std::int64_t>& past_their_time,
                                      const std::optional<OffsetRange>& touched) {
  Faults faults;
  for (const auto& [offset, record] : after) {
    const auto found = before.find(offset);
    if (found == before.end() || found->second != record) {
      faults.push_back(fmt::format("the record at offset {} was not there", offset));
    }
  }
  const std::map<Bytes, std::int64_t> last = LastOfEach(before, touched);
  for (const auto& [offset, record] : before) {
    if (after.contains(offset) || IsIn(touched, offset) || last.at(record.key) > offset) continue;
    if (!std::ranges::binary_search(past_their_time, offset)) {
      faults.push_back(
          fmt::format("the last record of '{}', at offset {}, is gone", record.key, offset));
    } else if (StandsBefore(after, record.key, offset)) {
      faults.push_back(
          fmt::format("the tombstone at offset {} is gone, and older values of '{}' "
                      "are not",
                      offset, record.key));
    }
  }
  return faults;
}

std::vector<std::string> JudgeCompacted(const PartitionContents& before,
                                        const PartitionContents& after, TimestampMs now,
                                        const std::optional<OffsetRange>& touched) {
  Faults faults = JudgeRecords(RecordsOf(before.batches), RecordsOf(after.batches),
                               TombstonesPastTheirTime(before.batches, now), touched);
  faults.insert(faults.end(), after.errors.begin(), after.errors.end());
  if (after.log_start != before.log_start || after.end != before.end) {
    faults.push_back(fmt::format("the log goes from {} to {}, not from {} to {}", after.log_start,
                                 after.end, before.log_start, before.end));
  }
  CompareTold(after, touched, faults);
  return faults;
}

}  // namespace logboom::bitflip
