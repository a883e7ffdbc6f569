// Compaction by key: the last record of each key stays where it was, whatever happens meanwhile.
#include "broker/storage/limits.h"
#include "broker/storage/scrub_segment.h"
#include "lib/segment/compaction_checkpoint.h"
#include "lib/segment/verify.h"
#include "tests/broker/storage/compaction_fixture.h"

namespace logboom::broker {
namespace {

class Compaction : public CompactionFixture {
 protected:
  CompactionPlan PlanOfAll() {
    CompactionPlan plan;
    plan.directory = kDirectory;
    plan.segments = log_->Copyable();
    return plan;
  }
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

TEST_F(Compaction, AnIdleLogThatLostItsCheckpointKnowsWhenItsLastRecordCame) {
  options_.max_compaction_lag_ms = 5000;
  ASSERT_TRUE(Open().ok());
  Put({{.key = 1}});
  const TimestampMs came = log_->last_append_time();
  now_ms_ += 6000;
  ASSERT_TRUE(RollIfOld().ok());
  while (log_->HasUnsealed()) ASSERT_TRUE(Commit().ok());
  now_ms_ += 6000;
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->last_append_time(), came);
}

// What lost its append times is as old as the last record of its segment.
TEST_F(Compaction, ARottenAppendTimeDoesNotKeepALogFromBeingCompacted) {
  options_.min_cleanable_dirty_ratio = 1;
  options_.max_compaction_lag_ms = 5000;
  ASSERT_TRUE(Open().ok());
  Fill(2, 5);
  DamageAll(segment::kAppendTimeSuffix);
  now_ms_ += 4000;
  ASSERT_TRUE(Open().ok());
  EXPECT_FALSE(Compact(*fs_).value());
  now_ms_ += 2000;
  EXPECT_TRUE(Compact(*fs_).value());
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

// No checksum of a batch covers where it stands: only its neighbours tell.
TEST_F(Compaction, EveryOffsetOfACompactedSegmentIsInABatch) {
  ASSERT_TRUE(Open().ok());
  Put({{.key = 1, .producer_id = 5}});
  for (int pass = 0; pass < 2; ++pass) {
    Fill(log_->Copyable().size() + 4, 9);
    Put({{.key = 1, .producer_id = 5}});
    Fill(log_->Copyable().size() + 1, 9);
    ASSERT_TRUE(Compact(*fs_).value());
    Offset next(0);
    for (const record::BatchHeader& header : Headers()) {
      EXPECT_EQ(header.base_offset, next);
      next = header.next_offset();
    }
    EXPECT_EQ(next, log_->durable_end());
  }
}

TEST_F(Compaction, AnOffsetThatRottedInACompactedSegmentIsTold) {
  ASSERT_TRUE(Open().ok());
  Fill(6, 400);
  ASSERT_TRUE(Compact(*fs_, {.batch_raw_bytes = 500}).value());
  const std::vector<record::BatchHeader> headers = Headers();
  ASSERT_GE(headers.size(), 3U);
  const auto position = static_cast<std::int64_t>(headers[0].size_bytes());
  FlipByte(PathOf(Offset(0), segment::kLogSuffix), position + 7, 1);
  ASSERT_TRUE(Open().ok());
  Offset next(0);
  const Bytes all = ReadAll(Offset(0));
  for (ByteView rest = all; !rest.empty();) {
    const auto header = *record::ParseBatchHeader(rest);
    EXPECT_NE(header.base_offset, headers[1].base_offset);
    next = std::max(next, header.next_offset());
    rest.remove_prefix(header.size_bytes());
  }
  EXPECT_EQ(next, log_->durable_end());
  ASSERT_FALSE(unreadable_.empty());
  EXPECT_EQ(unreadable_.front().begin, headers[1].base_offset);
  EXPECT_EQ(unreadable_.front().end, headers[2].base_offset);
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

// Of the last batch of a segment, which no other follows: the older values of its keys are all that
// can be read.
TEST_F(Compaction, AnEpochThatRottedEndsThePassAheadOfAnyDrop) {
  ASSERT_TRUE(Open().ok());
  Fill(4, 6);
  const CopySource last = log_->Copyable().back();
  std::int64_t position = 0;
  for (const record::BatchHeader& header : Headers()) {
    const bool here = header.base_offset >= last.base_offset;
    if (here && header.next_offset() == last.next_offset) break;
    if (here) position += static_cast<std::int64_t>(header.size_bytes());
  }
  FlipByte(PathOf(last.base_offset, segment::kLogSuffix), position + 14);
  EXPECT_EQ(Compact(*fs_).error().code, ErrorCode::kCorrupt);
  for (const CopySource& source : log_->Copyable()) {
    EXPECT_FALSE(segment::ReadSeal(*fs_, kDirectory, source.base_offset)->compacted);
  }
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

TEST_F(Compaction, ABatchThatCantBeReadIsRefused) {
  Bytes batch = BuildBatch({});
  batch.back() = static_cast<char>(batch.back() ^ 1);
  EXPECT_EQ(CheckKeyed(reader_, batch).error().code, ErrorCode::kCorrupt);
}

// From before the topic was compacted.
TEST_F(Compaction, RecordsWithoutAKeyGo) {
  ASSERT_TRUE(Open().ok());
  Put({{.key = 500}});
  ASSERT_TRUE(Append({.records = 3, .value_bytes = 20}).ok());
  Fill(2, 3);
  const auto keyless = [this] {
    const KeyedRecords all = Records();
    return std::count_if(all.begin(), all.end(), [](const auto& one) { return one.key.empty(); });
  };
  ASSERT_EQ(keyless(), 3);
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_EQ(keyless(), 0);
  EXPECT_EQ(OfKey(500).size(), 1U);
}

TEST_F(Compaction, ABatchThatCantBeUnpackedEndsThePass) {
  ASSERT_TRUE(Open().ok());
  Bytes batch = BuildBatch({.records = 1});
  record::BatchHeader header = *record::ParseBatchHeader(batch);
  header.codec = record::Codec::kZstd;
  record::WriteBatchHeader(batch.data(), header);
  record::SealBatch(batch.data(), batch.size());
  ASSERT_TRUE(
      log_->Append(batch.data(), *record::ParseBatchHeader(batch), TimestampMs(now_ms_)).ok());
  Fill(2, 3);
  CompactionPass pass(*fs_, PlanOfAll(), {});
  EXPECT_EQ(pass.Step(1, {}).error().code, ErrorCode::kCorrupt) << "ahead of any copy";
}

TEST_F(Compaction, WhatIsDroppedLeavesNoFiles) {
  ASSERT_TRUE(Open().ok());
  Fill(3, 6);
  clock_.Observe({TimestampMs(now_ms_), MonotonicMs(now_ms_)});
  CompactionPass pass(*fs_, **log_->PlanCompaction(clock_), {});
  const auto cleaned = [this] {
    const auto entries = *fs_->List(kDirectory);
    return std::count_if(entries.begin(), entries.end(), [](const auto& entry) {
      return entry.name.ends_with(segment::kCleanedSuffix);
    });
  };
  pass.Drop();
  for (int step = 0; cleaned() == 0; ++step) {
    ASSERT_LT(step, 1000);
    ASSERT_EQ(*pass.Step(100, {}), CompactionPass::Next::kStep);
  }
  pass.Drop();
  EXPECT_EQ(cleaned(), 0);
  EXPECT_FALSE(pass.names_lost());
}

TEST_F(Compaction, WhatIsCleanIsNotMapped) {
  ASSERT_TRUE(Open().ok());
  Fill(2, 6);
  CompactionPlan plan = PlanOfAll();
  plan.first_dirty = CleanableEnd();
  file::FaultyFileSystem counted(*fs_);
  CompactionPass pass(counted, plan, {});
  ASSERT_EQ(*pass.Step(1, {}), CompactionPass::Next::kStep);
  EXPECT_EQ(counted.calls(file::CallKind::kOpen), 0U) << "nothing is read";
  EXPECT_EQ(pass.clean_end(), CleanableEnd());
}

TEST_F(Compaction, APassReadsAboutAsMuchAsItIsAskedTo) {
  ASSERT_TRUE(Open().ok());
  Fill(2, 6);
  const auto size = static_cast<std::int64_t>(Headers().front().size_bytes());
  for (const std::int64_t more : {0, 1}) {
    CompactionPass pass(*fs_, PlanOfAll(), {});
    ASSERT_TRUE(pass.Step(size + more, {}).ok());
    EXPECT_EQ(pass.clean_end(), Headers()[static_cast<std::size_t>(more)].next_offset());
  }
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
