// A log of a compacted topic, and passes of compaction over it, a step at a time.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "broker/storage/compaction.h"
#include "lib/file/faulty_file_system.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {

struct KeyedRecord {
  Offset offset;
  Bytes key;
  std::optional<Bytes> value;
  TimestampMs timestamp;
  friend bool operator==(const KeyedRecord&, const KeyedRecord&) = default;
};
using KeyedRecords = std::vector<KeyedRecord>;

inline constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;

class CompactionFixture : public LogFixture {
 protected:
  void SetUp() override {
    LogFixture::SetUp();
    options_.segment_bytes = 3000;
    options_.compact = true;
    options_.min_cleanable_dirty_ratio = 0;
  }

  struct Keyed {
    int key = 0;
    bool tombstone = false;
    std::int64_t producer_id = -1;
    bool of_agent = false;
    bool transactional = false;  // so is its whole batch, which then can't be taken apart
  };

  void Put(const std::vector<Keyed>& records) {
    record::BatchBuilder builder({.codec = record::Codec::kNone});
    std::int64_t producer_id = -1;
    for (const Keyed& one : records) {
      const Bytes key = fmt::format("key {}", one.key);
      const Bytes value = fmt::format("value {} of {}", ++values_, one.key) + Bytes(80, 'v');
      producer_id = one.producer_id;
      const record::HeaderView header{.key = "lb.span", .value = "x"};
      builder.Add({.timestamp = TimestampMs(now_ms_ + values_),
                   .key = key,
                   .value = one.tombstone ? std::nullopt : std::optional<ByteView>(value),
                   .headers = std::span(&header, one.of_agent ? 1 : 0)});
    }
    if (producer_id >= 0) builder.SetProducer(producer_id, 0, sequence_);
    if (producer_id >= 0) sequence_ += static_cast<std::int32_t>(records.size());
    Bytes batch(*builder.Finish());
    auto header = *record::ParseBatchHeader(batch);
    if (records.back().transactional) {
      header.transactional = true;
      record::WriteBatchHeader(batch.data(), header);
      record::SealBatch(batch.data(), batch.size());
      header = *record::ParseBatchHeader(batch);
    }
    ASSERT_TRUE(log_->Append(batch.data(), header, TimestampMs(now_ms_)).ok());
    ASSERT_TRUE(Commit().ok());
    now_ms_ += 10;
  }

  // Keys that come again and again, until so many segments are finished.
  void Fill(std::size_t segments, int keys) {
    while (log_->Copyable().size() < segments) {
      Put({{.key = next_key_ % keys}, {.key = (next_key_ * 7 + 1) % keys}});
      ++next_key_;
    }
  }

  // Plans and runs a pass. False where nothing is due.
  Result<bool> Compact(file::FileSystem& fs, CompactionLimits limits = {}) {
    clock_.Observe({TimestampMs(now_ms_), MonotonicMs(now_ms_ - skipped_ms_)});
    limits.batch_raw_bytes = std::min<std::size_t>(limits.batch_raw_bytes, 1500);
    ASSIGN_OR_RETURN(std::optional<CompactionPlan> plan, log_->PlanCompaction(clock_));
    if (!plan) return false;
    RETURN_IF_ERROR(log_->BeginCompaction(*plan));
    CompactionPass pass(fs, *plan, limits);
    while (true) {
      ASSIGN_OR_RETURN(const CompactionPass::Next next, pass.Step(700, {}));
      if (next == CompactionPass::Next::kEnd) break;
      if (next != CompactionPass::Next::kInstall) continue;
      ASSIGN_OR_RETURN(const bool installed, log_->Install(pass.TakeCopied()));
      EXPECT_TRUE(installed);
    }
    RETURN_IF_ERROR(log_->EndCompaction(pass.clean_end()));
    return true;
  }

  KeyedRecords Records() {
    KeyedRecords seen;
    record::BatchReader reader;
    for (Offset from = log_->log_start(); from < log_->durable_end();) {
      const auto fetched = log_->Read(from, 2000);
      EXPECT_TRUE(fetched.ok() && fetched->unreadable.empty() && fetched->next_offset > from);
      if (!fetched.ok() || fetched->next_offset <= from) break;
      for (ByteView rest = fetched->bytes; !rest.empty();) {
        const auto header = record::ParseBatchHeader(rest);
        EXPECT_TRUE(reader.Open(rest.substr(0, header->size_bytes())).ok());
        for (auto record = reader.Next(); *record != nullptr; record = reader.Next()) {
          const record::Record& one = **record;
          seen.push_back({one.offset, Bytes(one.key.value_or("")),
                          one.value ? std::optional<Bytes>(*one.value) : std::nullopt,
                          one.timestamp});
        }
        rest.remove_prefix(header->size_bytes());
      }
      from = fetched->next_offset;
    }
    return seen;
  }

  KeyedRecords OfKey(int key) {
    KeyedRecords found = Records();
    std::erase_if(found, [&](const auto& one) { return one.key != fmt::format("key {}", key); });
    return found;
  }

  std::vector<record::BatchHeader> Headers() {
    std::vector<record::BatchHeader> headers;
    const Bytes all = ReadAll(log_->log_start(), 100'000);
    for (ByteView rest = all; !rest.empty(); rest.remove_prefix(headers.back().size_bytes())) {
      headers.push_back(*record::ParseBatchHeader(rest));
    }
    return headers;
  }

  void DamageAll(std::string_view suffix) {
    const auto entries = fs_->List(kDirectory);
    ASSERT_TRUE(entries.ok());
    for (const file::DirectoryEntry& entry : *entries) {
      if (entry.name.ends_with(suffix)) FlipByte(fmt::format("{}/{}", kDirectory, entry.name), 3);
    }
  }

  // The last of each key below `end`, and all that stand behind it, in order.
  static KeyedRecords LastOfEach(const KeyedRecords& all, Offset end) {
    std::map<Bytes, Offset> last;
    for (const KeyedRecord& one : all) {
      if (one.offset < end) last[one.key] = one.offset;
    }
    KeyedRecords kept;
    for (const KeyedRecord& one : all) {
      if (one.offset >= end || last.at(one.key) == one.offset) kept.push_back(one);
    }
    return kept;
  }

  Status RollIfOld() {
    clock_.Observe({TimestampMs(now_ms_), MonotonicMs(now_ms_ - skipped_ms_)});
    return log_->RollIfOld(clock_);
  }

  Offset CleanableEnd() { return log_->Copyable().back().next_offset; }

  record::BatchReader reader_;
  AgeClock clock_{Instant{TimestampMs(now_ms_), MonotonicMs(now_ms_)}};
  std::int64_t skipped_ms_ = 0;  // by the wall clock
  int values_ = 0;
  int next_key_ = 0;
  std::int32_t sequence_ = 0;
};

}  // namespace logboom::broker
