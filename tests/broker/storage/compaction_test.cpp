// Compaction by key: the last record of each key stays where it was, whatever happens meanwhile.
#include "broker/storage/compaction.h"

#include <algorithm>
#include <map>

#include "broker/storage/limits.h"
#include "broker/storage/scrub_segment.h"
#include "lib/file/faulty_file_system.h"
#include "lib/segment/compaction_checkpoint.h"
#include "lib/segment/verify.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

struct KeyedRecord {
  Offset offset;
  Bytes key;
  std::optional<Bytes> value;
  TimestampMs timestamp;
  friend bool operator==(const KeyedRecord&, const KeyedRecord&) = default;
};
using KeyedRecords = std::vector<KeyedRecord>;

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;

class Compaction : public LogFixture {
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
    const auto header = *record::ParseBatchHeader(batch);
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

  Status OpenOn(file::FileSystem& fs) {
    log_.reset();
    auto opened = PartitionLog::Open(fs, kDirectory, kQuarantine, options_, std::nullopt, false,
                                     TimestampMs(now_ms_), {});
    if (!opened.ok()) return opened.error();
    log_ = std::move(*opened);
    return Ok();
  }

  record::BatchReader reader_;
  AgeClock clock_{Instant{TimestampMs(now_ms_), MonotonicMs(now_ms_)}};
  std::int64_t skipped_ms_ = 0;  // by the wall clock
  int values_ = 0;
  int next_key_ = 0;
  std::int32_t sequence_ = 0;
};

TEST_F(Compaction, TheLastRecordOfEachKeyStaysWhereItWas) {
  ASSERT_TRUE(Open().ok());
  Fill(4, 12);
  const KeyedRecords before = Records();
  const Offset end = CleanableEnd();
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_EQ(Records(), LastOfEach(before, end));
  EXPECT_EQ(log_->compacted_end(), end);
  ASSERT_TRUE(log_->Close().ok());
  ExpectVerified();
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Records(), LastOfEach(before, end));
}

TEST_F(Compaction, WhatHasShrunkIsPutTogether) {
  ASSERT_TRUE(Open().ok());
  Fill(6, 12);
  ASSERT_TRUE(Compact(*fs_).value());
  Fill(log_->Copyable().size() + 1, 12);
  const KeyedRecords before = Records();
  const Offset end = CleanableEnd();
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_LE(log_->Copyable().size(), 3U);
  EXPECT_EQ(Records(), LastOfEach(before, end));
  ASSERT_TRUE(log_->Close().ok());
  ExpectVerified();
}

TEST_F(Compaction, OffsetsAreNotGivenOutAgain) {
  ASSERT_TRUE(Open().ok());
  Fill(2, 1);
  const Offset end = log_->log_end();
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_EQ(log_->log_end(), end);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->log_end(), end);
  EXPECT_EQ(log_->log_start(), Offset(0));
  Put({{.key = 5}});
  EXPECT_EQ(Records().back().offset, end);
}

TEST_F(Compaction, SeekByTimeFindsTheFirstRecordThatIsLeft) {
  ASSERT_TRUE(Open().ok());
  Fill(4, 9);
  ASSERT_TRUE(Compact(*fs_).value());
  const KeyedRecords kept = Records();
  for (TimestampMs time(1'700'000'000'000); time <= kept.back().timestamp; time = time + 7) {
    const auto found = log_->OffsetAtTime(time);
    ASSERT_TRUE(found.ok() && *found);
    const auto first = std::find_if(kept.begin(), kept.end(),
                                    [&](const auto& one) { return one.timestamp >= time; });
    ASSERT_EQ(**found, first->offset);
  }
}

TEST_F(Compaction, ATrimIntoAHoleLeavesWhatStandsBehindIt) {
  ASSERT_TRUE(Open().ok());
  Fill(3, 3);
  ASSERT_TRUE(Compact(*fs_).value());
  KeyedRecords kept = Records();
  const Offset start = kept.front().offset + -1;
  ASSERT_TRUE(log_->TrimBefore(start).ok());
  EXPECT_EQ(log_->log_start(), start);
  EXPECT_EQ(Records(), kept);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Records(), kept);
}

TEST_F(Compaction, AReaderInAHoleGoesOnBehindIt) {
  ASSERT_TRUE(Open().ok());
  Fill(2, 3);
  ASSERT_TRUE(Compact(*fs_).value());
  const KeyedRecords kept = Records();
  for (Offset from = log_->log_start(); from < log_->durable_end(); ++from) {
    const auto fetched = log_->Read(from, 1);
    ASSERT_TRUE(fetched.ok()) << fetched.error().message;
    EXPECT_TRUE(fetched->unreadable.empty());
    EXPECT_GT(fetched->next_offset, from);
  }
}

TEST_F(Compaction, SeveralPassesWhereTheKeysDoNotFit) {
  ASSERT_TRUE(Open().ok());
  Fill(80, 3000);
  const KeyedRecords before = Records();
  int passes = 0;
  while (Compact(*fs_, {.map_bytes_max = 1}).value()) ++passes;  // holds 768 keys
  EXPECT_GE(passes, 2);
  EXPECT_EQ(Records(), LastOfEach(before, CleanableEnd()));
}

TEST_F(Compaction, NothingIsDueWhereEnoughIsClean) {
  options_.min_cleanable_dirty_ratio = 0.8;
  ASSERT_TRUE(Open().ok());
  Fill(4, 400);
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_FALSE(Compact(*fs_).value());
  Fill(log_->Copyable().size() + 1, 400);
  EXPECT_FALSE(Compact(*fs_).value());  // one dirty segment beside four clean ones
  options_.max_compaction_lag_ms = 1000;
  log_->SetOptions(options_);
  now_ms_ += 2000;
  EXPECT_TRUE(Compact(*fs_).value());  // but overdue
}

TEST_F(Compaction, WhatIsYoungStaysAsItCame) {
  options_.min_compaction_lag_ms = 60'000;
  ASSERT_TRUE(Open().ok());
  Fill(2, 5);
  const KeyedRecords before = Records();
  EXPECT_FALSE(Compact(*fs_).value());
  EXPECT_EQ(Records(), before);
  now_ms_ += 70'000;
  EXPECT_TRUE(Compact(*fs_).value());
}

TEST_F(Compaction, ATombstoneStaysForItsTimeAndThenGoes) {
  ASSERT_TRUE(Open().ok());
  Put({{.key = 100}});
  Put({{.key = 100, .tombstone = true}});
  Fill(2, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  ASSERT_EQ(OfKey(100).size(), 1U);
  EXPECT_FALSE(OfKey(100).front().value);
  now_ms_ += kDayMs - 1000;
  Fill(log_->Copyable().size() + 1, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_EQ(OfKey(100).size(), 1U);
  now_ms_ += 10'000;
  Fill(log_->Copyable().size() + 1, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_TRUE(OfKey(100).empty());
}

// A clock that is set ahead by a year ends no tombstone's time.
TEST_F(Compaction, ATombstoneStaysWhereTheClockJumps) {
  ASSERT_TRUE(Open().ok());
  Put({{.key = 100, .tombstone = true}});
  Fill(2, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  now_ms_ += 365 * kDayMs;
  skipped_ms_ += 365 * kDayMs;
  Fill(log_->Copyable().size() + 1, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_EQ(OfKey(100).size(), 1U);
  now_ms_ += kDayMs;
  Fill(log_->Copyable().size() + 1, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_TRUE(OfKey(100).empty());
}

// Lines of an agent, from before the topic was compacted: they all stay, and so must what hides
// them.
TEST_F(Compaction, ATombstoneStaysBehindAValueThatCanNotGo) {
  ASSERT_TRUE(Open().ok());
  Put({{.key = 100, .of_agent = true}});
  Put({{.key = 100, .tombstone = true}});
  Fill(2, 5);
  for (int pass = 0; pass < 3; ++pass) {
    ASSERT_TRUE(Compact(*fs_).value());
    ASSERT_EQ(OfKey(100).size(), 2U);
    now_ms_ += 2 * kDayMs;
    Fill(log_->Copyable().size() + 1, 5);
  }
}

// Its time begins with the pass that has its key in the map: before, older values still stand.
TEST_F(Compaction, ATombstoneThatIsNotMappedYetHasNoHorizon) {
  ASSERT_TRUE(Open().ok());
  for (int key = 0; key < 800; key += 8) {
    std::vector<Keyed> eight;
    for (int i = 0; i < 8; ++i) eight.push_back({.key = key + i, .tombstone = key >= 720});
    Put(eight);
  }
  Fill(log_->Copyable().size() + 1, 3);
  ASSERT_TRUE(Compact(*fs_, {.map_bytes_max = 1}).value());  // holds 768 keys
  int with = 0;
  int without = 0;
  for (const record::BatchHeader& header : Headers()) {
    if (header.base_offset < Offset(720) || header.base_offset >= Offset(800)) continue;
    ++(header.has_delete_horizon ? with : without);
    EXPECT_EQ(header.has_delete_horizon, header.next_offset() <= Offset(768));
  }
  EXPECT_GT(with, 0);
  EXPECT_GT(without, 0);
}

TEST_F(Compaction, TheLastBatchOfAProducerLeavesItsHeader) {
  ASSERT_TRUE(Open().ok());
  Put({{.key = 1, .producer_id = 5}});
  Put({{.key = 1, .producer_id = 5}});
  Put({{.key = 1}});
  Fill(2, 3);
  ASSERT_TRUE(Compact(*fs_).value());
  const auto of_producer = [&] {
    std::vector<record::BatchHeader> found = Headers();
    std::erase_if(found, [](const auto& header) { return header.producer_id != 5; });
    return found;
  };
  ASSERT_EQ(of_producer().size(), 1U);
  const record::BatchHeader last = of_producer()[0];
  EXPECT_EQ(last.record_count, 0);
  EXPECT_EQ(last.base_sequence, 1);
  EXPECT_EQ(last.base_offset, Offset(1));
  // Without any snapshot the header alone tells what comes next.
  DamageAll(segment::kProducerSnapshotSuffix);
  ASSERT_TRUE(Open().ok());
  record::BatchHeader next = last;
  next.last_offset_delta = 0;
  next.base_sequence = 2;
  EXPECT_EQ(log_->JudgeProducer(next)->kind, ProducerVerdict::Kind::kFresh);
  next.base_sequence = 3;
  EXPECT_EQ(log_->JudgeProducer(next)->kind, ProducerVerdict::Kind::kOutOfOrder);
}

// What a snapshot says of a batch that had a producer is no damage where the batch has none now.
TEST_F(Compaction, SnapshotsOfBatchesThatWerePutTogetherAreSound) {
  ASSERT_TRUE(Open().ok());
  for (int key = 1000; log_->Copyable().size() < 3; ++key) Put({{.key = key, .producer_id = 5}});
  ASSERT_TRUE(Compact(*fs_).value());
  ASSERT_TRUE(log_->Close().ok());
  ExpectVerified();
}

TEST_F(Compaction, AProducerThatIsForgottenLeavesNothing) {
  ASSERT_TRUE(Open().ok());
  Put({{.key = 1, .producer_id = 5}});
  Fill(2, 3);
  now_ms_ += kProducerExpiryMs;
  Fill(4, 3);  // what is forgotten is so at a roll
  ASSERT_TRUE(Compact(*fs_).value());
  for (const record::BatchHeader& header : Headers()) EXPECT_NE(header.producer_id, 5);
}

TEST_F(Compaction, AnIdleLogIsRolledSoThatCompactionGetsOn) {
  options_.max_compaction_lag_ms = 5000;
  ASSERT_TRUE(Open().ok());
  Put({{.key = 1}});
  Put({{.key = 1}});
  ASSERT_TRUE(RollIfOld().ok());
  EXPECT_FALSE(log_->HasUnsealed());
  now_ms_ += 6000;
  ASSERT_TRUE(RollIfOld().ok());
  ASSERT_EQ(log_->segments().size(), 2U);
  while (log_->HasUnsealed()) ASSERT_TRUE(Commit().ok());
  ASSERT_EQ(log_->Copyable().size(), 1U);
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_EQ(Records().size(), 1U);
  EXPECT_EQ(log_->durable_end(), Offset(2));
  SeededRandom random(1);
  fs_->Crash(random);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Records().size(), 1U);
  EXPECT_EQ(log_->log_end(), Offset(2));
}

TEST_F(Compaction, ACompactedSegmentWithoutItsSealIsNoDamage) {
  ASSERT_TRUE(Open().ok());
  Fill(3, 6);
  ASSERT_TRUE(Compact(*fs_).value());
  const KeyedRecords kept = Records();
  const auto segments = log_->segments();
  log_.reset();
  for (const SegmentSummary& segment : segments) {
    [[maybe_unused]] const Status removed =
        fs_->Remove(PathOf(segment.base_offset, segment::kSealSuffix));
  }
  ASSERT_TRUE(Open().ok());
  EXPECT_FALSE(log_->recovery().cut_at);
  EXPECT_EQ(Records(), kept);
}

TEST_F(Compaction, AnOffsetThatRottedEndsThePass) {
  ASSERT_TRUE(Open().ok());
  Fill(3, 1000);
  ASSERT_TRUE(Compact(*fs_, {.batch_raw_bytes = 1}).value());
  Fill(5, 1000);
  const auto second = static_cast<std::int64_t>(Headers().front().size_bytes());
  // Of its base offset, which lies outside of its checksum.
  FlipByte(PathOf(Offset(0), segment::kLogSuffix), second + 4, 0x80);
  EXPECT_EQ(Compact(*fs_).error().code, ErrorCode::kCorrupt);
}

TEST_F(Compaction, AScrubFindsNothingInACompactedSegment) {
  ASSERT_TRUE(Open().ok());
  Fill(3, 6);
  ASSERT_TRUE(Compact(*fs_).value());
  for (const bool sealed : {true, false}) {
    for (const CopySource& source : log_->Copyable()) {
      if (!sealed) {
        ASSERT_TRUE(fs_->Remove(PathOf(source.base_offset, segment::kSealSuffix)).ok());
      }
      ScrubTask task;
      task.directory = kDirectory;
      task.base_offset = task.from.next_offset = source.base_offset;
      task.next_offset = source.next_offset;
      task.size_bytes = source.size_bytes;
      task.epochs = log_->epochs();
      const ScrubOutcome outcome = ScrubSegment(*fs_, task, 1 << 20, {});
      EXPECT_TRUE(outcome.finished);
      EXPECT_TRUE(outcome.findings.empty());
      EXPECT_TRUE(outcome.unreadable.empty());
      EXPECT_EQ(outcome.fresh_seal.has_value(), !sealed);
      EXPECT_TRUE(sealed || outcome.fresh_seal->compacted);
    }
  }
}

TEST_F(Compaction, WithoutItsCheckpointAllIsDirty) {
  ASSERT_TRUE(Open().ok());
  Fill(3, 6);
  ASSERT_TRUE(Compact(*fs_).value());
  const KeyedRecords kept = Records();
  FlipByte(fmt::format("{}/{}", kDirectory, segment::kCompactionCheckpointName), 20);
  for (const CopySource& source : log_->Copyable()) {
    FlipByte(PathOf(source.base_offset, segment::kSealSuffix), 20);
  }
  ASSERT_TRUE(Open().ok());
  EXPECT_FALSE(log_->recovery().cut_at);
  EXPECT_EQ(log_->compacted_end(), Offset(0));
  EXPECT_EQ(Records(), kept);
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_EQ(Records(), LastOfEach(kept, CleanableEnd()));
}

// What is appended where compacted records are gone is not clean.
TEST_F(Compaction, ALogThatLostItsEndIsDirtyFromThereOn) {
  ASSERT_TRUE(Open().ok());
  Fill(3, 6);
  ASSERT_TRUE(Compact(*fs_).value());
  const Offset clean = *log_->compacted_end();
  const Offset last = log_->Copyable().back().base_offset;
  for (const SegmentSummary& segment : log_->segments()) {
    if (segment.base_offset >= last) {
      ASSERT_TRUE(RemoveSegmentFiles(*fs_, kDirectory, segment.base_offset, false).ok());
    }
  }
  ASSERT_TRUE(Open().ok());
  EXPECT_LE(*log_->compacted_end(), last);
  EXPECT_LT(*log_->compacted_end(), clean);
}

TEST_F(Compaction, AFailedSyncOfTheCheckpointEndsTheAppends) {
  ASSERT_TRUE(Open().ok());
  Fill(2, 3);
  file::FaultyFileSystem faulty(*fs_);
  ASSERT_TRUE(OpenOn(faulty).ok());
  faulty.Add({.kind = file::CallKind::kSync,
              .path_part = std::string(segment::kCompactionCheckpointName)});
  EXPECT_FALSE(Compact(faulty).ok());
  EXPECT_TRUE(log_->broken());
}

TEST_F(Compaction, KeylessRecordsAndAgentsLinesAreRefused) {
  EXPECT_FALSE(CheckKeyed(reader_, BuildBatch({})).ok());
  record::BatchBuilder builder({});
  const record::HeaderView header{.key = "lb.span", .value = "x"};
  builder.Add({.timestamp = TimestampMs(1),
               .key = "host:/a",
               .value = "line",
               .headers = std::span(&header, 1)});
  const Status refused = CheckKeyed(reader_, *builder.Finish());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_NE(refused.error().message.find("lb."), std::string::npos);
}

// From the checkpoint's first write to its last, each call of the file system is once the last.
TEST_F(Compaction, ACrashAtAnyStepLosesNoKeyAndNoOrder) {
  for (std::uint64_t round = 0, finished = 0; finished < 6; ++round) {
    const std::uint64_t step = round / 2;
    SCOPED_TRACE(fmt::format("step {}, seed {}", step, round));
    log_.reset();
    fs_ = std::make_unique<file::MemoryFileSystem>();
    batches_.clear();
    values_ = next_key_ = 0;
    Compaction::SetUp();
    SeededRandom random(round);
    ASSERT_TRUE(Open().ok());
    Fill(5, 9);
    const KeyedRecords before = Records();
    file::FaultyFileSystem faulty(*fs_);
    ASSERT_TRUE(OpenOn(faulty).ok());
    const Offset end = CleanableEnd();
    const Offset log_end = log_->log_end();
    faulty.Add({.after_calls = step, .span = file::FaultSpan::kFromThenOn});
    const Result<bool> done = Compact(faulty);
    if (done.ok()) ++finished;
    log_.reset();
    fs_->Crash(random);
    ASSERT_TRUE(Open().ok());
    ASSERT_EQ(log_->log_end(), log_end);
    ASSERT_FALSE(log_->recovery().cut_at);
    // What is there was there before, in that order, with the last of each key.
    const KeyedRecords found = Records();
    std::size_t at = 0;
    for (const KeyedRecord& one : before) {
      if (at < found.size() && found[at] == one) ++at;
    }
    ASSERT_EQ(at, found.size());
    for (const KeyedRecord& last : LastOfEach(before, end)) {
      ASSERT_NE(std::find(found.begin(), found.end(), last), found.end());
    }
    ASSERT_NO_FATAL_FAILURE(ExpectVerified());
    [[maybe_unused]] const Result<bool> again = Compact(*fs_);
    ASSERT_EQ(Records(), LastOfEach(before, end));
  }
}

TEST(CompactionCheckpoint, IsThereAfterwardsAndZerosWhereThereIsNone) {
  file::MemoryFileSystem fs;
  ASSERT_TRUE(file::CreateDurableDirectories(fs, "/p").ok());
  EXPECT_EQ(segment::ReadCompactionCheckpoint(fs, "/p")->holes_end, Offset(0));
  EXPECT_FALSE(segment::MayHaveHoles(fs, "/p", Offset(0)).value());
  ASSERT_TRUE(segment::WriteCompactionCheckpoint(fs, "/p", {Offset(5), Offset(9)}).ok());
  EXPECT_EQ(segment::ReadCompactionCheckpoint(fs, "/p")->first_dirty, Offset(5));
  EXPECT_TRUE(segment::MayHaveHoles(fs, "/p", Offset(8)).value());
  EXPECT_FALSE(segment::MayHaveHoles(fs, "/p", Offset(9)).value());
}

}  // namespace
}  // namespace logboom::broker
