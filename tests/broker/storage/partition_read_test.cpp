// Reading by offset and by time; damage below the durable end.
#include <array>
#include <limits>

#include "broker/storage/limits.h"
#include "lib/file/faulty_file_system.h"
#include "lib/record/batch_view.h"
#include "lib/segment/index_sums.h"
#include "lib/segment/seal.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

class PartitionLogRead : public LogFixture {
 protected:
  // Batches of 1 to 7 records, small and large, over several segments.
  void Fill(int count) {
    options_.segment_bytes = 40'000;
    ASSERT_TRUE(Open().ok());
    for (int i = 0; i < count; ++i) {
      now_ms_ += 250;
      ASSERT_TRUE(Append({.records = 1 + i % 7,
                          .value_bytes = static_cast<std::size_t>(50 + (i * 131) % 1500),
                          .timestamp = TimestampMs(1'000'000 + 100 * i + (i * 7919) % 3000)})
                      .ok());
    }
    ASSERT_TRUE(Commit().ok());
  }
};

TEST_F(PartitionLogRead, FromEveryOffsetBeginsWithItsBatch) {
  Fill(120);
  ASSERT_GT(log_->segments().size(), 4U);
  for (const AppendedCopy& batch : batches_) {
    for (Offset at = batch.base_offset; at < batch.next_offset; ++at) {
      const Result<FetchedBytes> fetched = log_->Read(at, 1);
      ASSERT_TRUE(fetched.ok());
      ASSERT_EQ(fetched->bytes, batch.bytes) << at.value();
      ASSERT_EQ(fetched->next_offset, batch.next_offset);
    }
  }
}

TEST_F(PartitionLogRead, InPiecesOfAnySizeGivesTheSameBytes) {
  Fill(120);
  const Bytes all = Expected(Offset(0), log_->durable_end());
  for (const std::size_t bytes_max : {1U, 100U, 3'000U, 10'000U, 1'000'000U}) {
    EXPECT_EQ(ReadAll(Offset(0), bytes_max), all);
  }
}

TEST_F(PartitionLogRead, StaysWithinTheBytesAskedForOnceItHasABatch) {
  Fill(120);
  for (Offset from(0); from < log_->durable_end();) {
    const Result<FetchedBytes> fetched = log_->Read(from, 5000);
    const auto first = record::ParseBatchHeader(fetched->bytes);
    EXPECT_LE(fetched->bytes.size(), std::max<std::size_t>(5000, first->size_bytes()));
    from = fetched->next_offset;
  }
}

TEST_F(PartitionLogRead, AtTheEndGivesNothing) {
  Fill(3);
  const Result<FetchedBytes> fetched = log_->Read(log_->durable_end(), 1000);
  ASSERT_TRUE(fetched.ok());
  EXPECT_TRUE(fetched->bytes.empty());
  EXPECT_EQ(fetched->next_offset, log_->durable_end());
}

TEST_F(PartitionLogRead, OutsideOfTheLogIsInvalid) {
  Fill(3);
  EXPECT_EQ(log_->Read(log_->durable_end() + 1, 1).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(log_->Read(Offset(-1), 1).error().code, ErrorCode::kInvalid);
}

TEST_F(PartitionLogRead, TwentyReadersInterleavedKeepTheirPlaces) {
  Fill(120);
  const Bytes all = Expected(Offset(0), log_->durable_end());
  std::vector<Offset> at(20, Offset(0));
  std::vector<Bytes> got(20);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t reader = static_cast<std::size_t>(round * 7 + round / 20) % at.size();
    if (at[reader] == log_->durable_end()) continue;
    const Result<FetchedBytes> fetched = log_->Read(at[reader], 3000);
    ASSERT_TRUE(fetched.ok());
    got[reader] += fetched->bytes;
    at[reader] = fetched->next_offset;
  }
  for (std::size_t i = 0; i < at.size(); ++i) EXPECT_EQ(got[i], all.substr(0, got[i].size()));
}

TEST_F(PartitionLogRead, ReadersThatGoOnSearchNothing) {
  Fill(120);
  file::FaultyFileSystem counting(*fs_);
  auto opened = PartitionLog::Open(counting, kDirectory, kQuarantine, options_, std::nullopt, false,
                                   TimestampMs(now_ms_), {});
  ASSERT_TRUE(opened.ok());
  PartitionLog& log = **opened;
  // Two in one segment, of which one is behind.
  std::array<Offset, 2> at = {Offset(0), log.Read(Offset(0), 10'000)->next_offset};
  ASSERT_LT(at[1], log.segments()[0].next_offset);
  for (Offset& reader : at) reader = log.Read(reader, 1)->next_offset;
  while (at[1] + 20 < log.segments()[0].next_offset) {
    for (Offset& reader : at) {
      const std::uint64_t before = counting.calls(file::CallKind::kRead);
      reader = log.Read(reader, 1)->next_offset;
      EXPECT_LE(counting.calls(file::CallKind::kRead) - before, 2U) << "a header and its batch";
    }
  }
}

TEST_F(PartitionLogRead, AReaderThatIsOvertakenKeepsItsPlace) {
  file::FaultyFileSystem counting(*fs_);
  ASSERT_TRUE(OpenOn(counting).ok());
  AppendMany(40);
  ASSERT_TRUE(Commit().ok());
  const Offset slow = log_->Read(Offset(0), 10'000)->next_offset;
  for (Offset fast(0); fast < log_->log_end();) fast = log_->Read(fast, 1)->next_offset;
  ASSERT_LT(slow, log_->log_end());
  const std::uint64_t before = counting.calls(file::CallKind::kRead);
  EXPECT_TRUE(log_->Read(slow, 1).ok());
  EXPECT_LE(counting.calls(file::CallKind::kRead) - before, 2U);
  log_.reset();
}

TEST_F(PartitionLogRead, WorksWithoutIndexes) {
  Fill(120);
  ASSERT_TRUE(log_->Close().ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  for (const SegmentSummary& segment : log_->segments()) {
    ASSERT_TRUE(fs_->Remove(PathOf(segment.base_offset, segment::kOffsetIndexSuffix)).ok());
    ASSERT_TRUE(fs_->Remove(PathOf(segment.base_offset, segment::kTimeIndexSuffix)).ok());
  }
  ASSERT_TRUE(Open(checkpoint, true).ok());
  EXPECT_FALSE(log_->recovery().scanned);
  for (const AppendedCopy& batch : batches_) {
    ASSERT_EQ(log_->Read(batch.base_offset, 1)->bytes, batch.bytes);
  }
  EXPECT_GT(SizeOf(PathOf(Offset(0), segment::kOffsetIndexSuffix)), 0);  // made again
}

TEST_F(PartitionLogRead, AnIndexThatIsMadeAnewIsSealedAnew) {
  // The first one lacks an entry, for which there was no room.
  file::FaultyFileSystem full(*fs_);
  full.Add({.kind = file::CallKind::kWrite, .path_part = ".index", .code = ErrorCode::kNoSpace});
  options_.segment_bytes = 40'000;
  ASSERT_TRUE(OpenOn(full).ok());
  AppendMany(60, {.value_bytes = 900});
  ASSERT_TRUE(log_->Close().ok());
  ASSERT_EQ(full.faults().size(), 1U);
  ASSERT_TRUE(fs_->Remove(PathOf(Offset(0), segment::kOffsetIndexSuffix)).ok());
  ASSERT_TRUE(Open(Checkpoint(), true).ok());
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), log_->log_end()));
  const auto seal = segment::ReadSeal(*fs_, kDirectory, Offset(0));
  const auto sums = segment::SumIndexes(*fs_, kDirectory, Offset(0));
  ASSERT_TRUE(seal.ok() && sums.ok());
  EXPECT_EQ(seal->sums, *sums);
  // Without a seal none is made up for it.
  for (const std::string_view suffix : {segment::kOffsetIndexSuffix, segment::kSealSuffix}) {
    ASSERT_TRUE(fs_->Remove(PathOf(Offset(0), suffix)).ok());
  }
  ASSERT_TRUE(Open(Checkpoint(), true).ok());
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), log_->log_end()));
  EXPECT_GT(SizeOf(PathOf(Offset(0), segment::kOffsetIndexSuffix)), 0);
  EXPECT_FALSE(Exists(PathOf(Offset(0), segment::kSealSuffix)));
}

// Without a seal there are no sums that would tell.
TEST_F(PartitionLogRead, AWrongIndexDoesNotMislead) {
  Fill(120);
  ASSERT_TRUE(log_->Close().ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  const std::string path = PathOf(Offset(0), segment::kOffsetIndexSuffix);
  const Bytes whole = *file::ReadWholeFile(*fs_, path, 1U << 20U);
  for (const bool sealed : {true, false}) {
    if (!sealed) {
      ASSERT_TRUE(fs_->Remove(PathOf(Offset(0), segment::kSealSuffix)).ok());
    }
    // Of each entry: in its offset, and the sign, the highest and the lowest byte of its position.
    for (const auto& [in_entry, bits] :
         std::vector<std::pair<std::int64_t, int>>{{3, 0x10}, {4, 0x80}, {4, 0x40}, {7, 0x10}}) {
      SCOPED_TRACE(fmt::format("byte {} of entries, sealed: {}", in_entry, sealed));
      log_.reset();
      ASSERT_TRUE(file::ReplaceFile(*fs_, path, whole).ok());
      // One that ends as it should is not made anew.
      const auto last = static_cast<std::int64_t>(whole.size()) - 8;
      for (std::int64_t at = 0; at < last; at += 8) FlipByte(path, at + in_entry, bits);
      ASSERT_TRUE(Open(checkpoint, true).ok());
      // Backwards: who goes on forwards searches nothing.
      for (auto batch = batches_.rbegin(); batch != batches_.rend(); ++batch) {
        const auto read = log_->Read(batch->base_offset, 1);
        ASSERT_TRUE(read.ok()) << read.error().message;
        ASSERT_EQ(read->bytes, batch->bytes);
      }
      EXPECT_TRUE(log_->unreadable().empty());
    }
  }
}

// An index that ends as that of another segment would is made anew, though no sum tells.
TEST_F(PartitionLogRead, AnIndexThatEndsBehindItsSegmentIsMadeAnew) {
  Fill(120);
  ASSERT_TRUE(log_->Close().ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  ASSERT_TRUE(fs_->Remove(PathOf(Offset(0), segment::kSealSuffix)).ok());
  const SegmentSummary first = log_->segments()[0];
  const auto end = static_cast<std::int32_t>(first.next_offset.value());
  const auto size = static_cast<std::int32_t>(first.size_bytes);
  struct Change {
    std::string_view suffix;
    std::size_t from_end;  // of the file, in bytes
    std::int32_t value;
  };
  for (const Change& change :
       {Change{segment::kOffsetIndexSuffix, 8, end}, Change{segment::kOffsetIndexSuffix, 4, size},
        Change{segment::kOffsetIndexSuffix, 4, 0}, Change{segment::kOffsetIndexSuffix, 4, -1},
        Change{segment::kTimeIndexSuffix, 4, end}}) {
    SCOPED_TRACE(fmt::format("{} {}", change.suffix, change.value));
    const std::string path = PathOf(Offset(0), change.suffix);
    const Bytes whole = *file::ReadWholeFile(*fs_, path, 1U << 20U);
    Bytes changed = whole;
    StoreBig(changed.data() + changed.size() - change.from_end, change.value);
    log_.reset();
    ASSERT_TRUE(file::ReplaceFile(*fs_, path, changed).ok());
    ASSERT_TRUE(Open(checkpoint, true).ok());
    ASSERT_TRUE(log_->Read(Offset(0), 1).ok());
    EXPECT_EQ(ToHex(*file::ReadWholeFile(*fs_, path, 1U << 20U)), ToHex(whole));
  }
}

// The search goes without it then.
TEST_F(PartitionLogRead, AnIndexThatCantBeReadIsDoneWithout) {
  Fill(60);
  ASSERT_TRUE(log_->Close().ok());
  ASSERT_TRUE(fs_->Remove(PathOf(Offset(0), segment::kSealSuffix)).ok());
  for (const std::string_view suffix : {segment::kOffsetIndexSuffix, segment::kTimeIndexSuffix}) {
    file::FaultyFileSystem faulty(*fs_);
    ASSERT_TRUE(OpenOn(faulty, Checkpoint(), true).ok());
    faulty.Add({.kind = file::CallKind::kRead,
                .path_part = PathOf(Offset(0), suffix),
                .span = file::FaultSpan::kFromThenOn});
    for (const AppendedCopy& batch : {batches_[9], batches_[5], batches_[0]}) {
      const auto read = log_->Read(batch.base_offset, 1);
      ASSERT_TRUE(read.ok()) << read.error().message;
      EXPECT_TRUE(read->bytes == batch.bytes);
    }
    EXPECT_TRUE(log_->OffsetAtTime(TimestampMs(1'000'100)).ok());
    faulty.Heal();
    ASSERT_TRUE(log_->Close().ok());
    ASSERT_TRUE(Open(Checkpoint(), true).ok());
  }
}

TEST_F(PartitionLogRead, ASoundIndexIsNotMadeAnewWhetherItsSegmentHasASealOrNot) {
  Fill(60);
  ASSERT_TRUE(log_->Close().ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  for (const bool sealed : {true, false}) {
    if (!sealed) {
      ASSERT_TRUE(fs_->Remove(PathOf(Offset(0), segment::kSealSuffix)).ok());
    }
    file::FaultyFileSystem counting(*fs_);
    ASSERT_TRUE(OpenOn(counting, checkpoint, true).ok());
    ASSERT_TRUE(log_->Read(Offset(0), 1).ok());
    EXPECT_EQ(counting.calls(file::CallKind::kWrite), 0U);
    EXPECT_EQ(counting.calls(file::CallKind::kTruncate), 0U);
    log_.reset();
  }
}

// An index that could only be made in part must not be used: nor the other one, which is made anew
// with it.
TEST_F(PartitionLogRead, IndexesThatCantBeMadeAnewAreMissing) {
  Fill(120);
  ASSERT_TRUE(log_->Close().ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  const Offset base = log_->segments()[1].base_offset;
  ASSERT_TRUE(fs_->Remove(PathOf(base, segment::kSealSuffix)).ok());
  const auto seen_at = [this](std::int64_t time) -> std::optional<Offset> {
    for (const AppendedCopy& batch : batches_) {
      record::BatchReader reader;
      EXPECT_TRUE(reader.Open(batch.bytes).ok());
      while (const record::Record* record = *reader.Next()) {
        if (record->timestamp.value() >= time) return record->offset;
      }
    }
    return std::nullopt;
  };
  for (const std::string_view lost : {segment::kOffsetIndexSuffix, segment::kTimeIndexSuffix}) {
    for (const std::string_view failing :
         {segment::kOffsetIndexSuffix, segment::kTimeIndexSuffix}) {
      SCOPED_TRACE(fmt::format("{} is lost, writing {} fails", lost, failing));
      log_.reset();
      ASSERT_TRUE(fs_->Remove(PathOf(base, lost)).ok());
      file::FaultyFileSystem faulty(*fs_);
      faulty.Add({.kind = file::CallKind::kWrite,
                  .path_part = PathOf(base, failing),
                  .after_calls = 2,
                  .span = file::FaultSpan::kFromThenOn});
      ASSERT_TRUE(OpenOn(faulty, checkpoint, true).ok());
      for (std::int64_t time = 999'000; time < 1'020'000; time += 451) {
        const auto found = log_->OffsetAtTime(TimestampMs(time));
        ASSERT_TRUE(found.ok()) << found.error().message;
        ASSERT_EQ(*found, seen_at(time));
      }
      for (auto batch = batches_.rbegin(); batch != batches_.rend(); ++batch) {
        ASSERT_EQ(log_->Read(batch->base_offset, 1)->bytes, batch->bytes);
      }
      ASSERT_FALSE(faulty.faults().empty());
      log_.reset();
      ASSERT_TRUE(Open(checkpoint, true).ok());
      ASSERT_TRUE(log_->OffsetAtTime(TimestampMs(1'000'000)).ok());
    }
  }
}

// Damages the header of one batch in turn: all others stay readable, and the range is told.
TEST_F(PartitionLogRead, BitRotIsSkippedAndTold) {
  Fill(60);
  const std::vector<SegmentSummary> segments = log_->segments();
  for (std::size_t bad = 0; bad < batches_.size(); ++bad) {
    SCOPED_TRACE(bad);
    std::size_t in_segment = 0;
    while (in_segment + 1 < segments.size() &&
           segments[in_segment + 1].base_offset <= batches_[bad].base_offset) {
      ++in_segment;
    }
    std::int64_t position = 0;
    for (std::size_t i = 0; i < bad; ++i) {
      if (batches_[i].base_offset >= segments[in_segment].base_offset) {
        position += static_cast<std::int64_t>(batches_[i].bytes.size());
      }
    }
    // Base offset, length or magic.
    const std::int64_t at = position + std::vector<std::int64_t>{6, 9, 16}[bad % 3];
    const std::string path = PathOf(segments[in_segment].base_offset, segment::kLogSuffix);
    FlipByte(path, at);
    unreadable_.clear();
    const Bytes got = ReadAll(Offset(0), 2000);
    Bytes expected;
    for (std::size_t i = 0; i < batches_.size(); ++i) {
      if (i != bad) expected += batches_[i].bytes;
    }
    EXPECT_EQ(got.size(), expected.size());
    EXPECT_TRUE(got == expected);
    ASSERT_EQ(unreadable_.size(), 1U);
    EXPECT_EQ(unreadable_[0].begin, batches_[bad].base_offset);
    EXPECT_EQ(unreadable_[0].end, batches_[bad].next_offset);
    FlipByte(path, at);
  }
  EXPECT_EQ(log_->unreadable().size(), batches_.size());
}

// Else readers would be told of it with each fetch behind it.
TEST_F(PartitionLogRead, DamageAheadOfWhatIsAskedForIsNotTold) {
  ASSERT_TRUE(Open().ok());
  AppendMany(4);
  ASSERT_TRUE(Commit().ok());
  FlipByte(PathOf(Offset(0), segment::kLogSuffix),
           static_cast<std::int64_t>(batches_[0].bytes.size()) + 16);
  const auto behind = log_->Read(batches_[2].base_offset, 1);
  EXPECT_EQ(behind->bytes, batches_[2].bytes);
  EXPECT_TRUE(behind->unreadable.empty());
  EXPECT_EQ(log_->unreadable().size(), 1U);
  const auto within = log_->Read(batches_[2].base_offset - 1, 1);
  EXPECT_EQ(within->bytes, batches_[2].bytes);
  EXPECT_EQ(within->unreadable.size(), 1U);
}

TEST_F(PartitionLogRead, WhatIsPartOfAKnownRangeIsNotRememberedAgain) {
  ASSERT_TRUE(Open().ok());
  const auto known = [this](std::int64_t begin, std::int64_t end) {
    log_->NoteUnreadable({{Offset(begin), Offset(end), "rot"}});
    return log_->unreadable().size();
  };
  EXPECT_EQ(known(10, 20), 1U);
  EXPECT_EQ(known(10, 20), 1U);
  EXPECT_EQ(known(12, 15), 1U);
  EXPECT_EQ(known(9, 20), 2U);
  EXPECT_EQ(known(10, 21), 3U);
  for (std::size_t i = 3; i < kUnreadableRangesMax; ++i) {
    const auto begin = static_cast<std::int64_t>(100 + 2 * i);
    EXPECT_EQ(known(begin, begin + 1), i + 1);
  }
  EXPECT_EQ(known(50, 51), kUnreadableRangesMax) << "and no more";
}

// Reading on behind a batch that has rotted, each call of the file system fails once.
TEST_F(PartitionLogRead, AFailedCallBehindDamageIsTold) {
  ASSERT_TRUE(Open().ok());
  for (const int time : {100, 200, 300}) {
    AppendMany(1, {.records = 2, .timestamp = TimestampMs(time)});
  }
  ASSERT_TRUE(log_->Close().ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  FlipByte(PathOf(Offset(0), segment::kLogSuffix),
           static_cast<std::int64_t>(batches_[0].bytes.size()) + 80);
  for (const bool by_time : {false, true}) {
    std::size_t told = 0;
    for (std::uint64_t call = 0;; ++call) {
      SCOPED_TRACE(fmt::format("by time: {}, call {}", by_time, call));
      file::FaultyFileSystem faulty(*fs_);
      ASSERT_TRUE(OpenOn(faulty, checkpoint, true).ok());
      faulty.Add({.after_calls = call});
      if (by_time) {
        const auto found = log_->OffsetAtTime(TimestampMs(150));
        told += found.ok() ? 0U : 1U;
        if (found.ok()) {
          EXPECT_EQ(*found, Offset(4));
        }
      } else {
        const auto read = log_->Read(Offset(2), 1);
        told += read.ok() ? 0U : 1U;
        if (read.ok()) {
          EXPECT_EQ(read->bytes, batches_[2].bytes);
        }
      }
      log_.reset();
      if (faulty.faults().empty()) break;
    }
    EXPECT_GT(told, 3U);
  }
}

TEST_F(PartitionLogRead, ABatchWithinARecordIsNotTakenForOne) {
  ASSERT_TRUE(Open().ok());
  // The second batch's value holds a batch whose offset and checksum would fit.
  Bytes inner = BuildBatch({.records = 1, .value_bytes = 10});
  record::SetBaseOffset(inner.data(), Offset(2));
  record::SetLeaderEpoch(inner.data(), LeaderEpoch(0));
  AppendMany(1, {.records = 1});
  record::BatchBuilder builder({.codec = record::Codec::kNone});
  for (int i = 0; i < 2; ++i) {
    builder.Add({.timestamp = TimestampMs(1), .key = {}, .value = inner, .headers = {}});
  }
  Bytes outer(*builder.Finish());
  const auto header = record::ParseBatchHeader(outer);
  ASSERT_TRUE(log_->Append(outer.data(), *header, TimestampMs(1)).ok());
  AppendMany(1, {.records = 1});
  ASSERT_TRUE(Commit().ok());
  FlipByte(PathOf(Offset(0), segment::kLogSuffix),
           static_cast<std::int64_t>(batches_[0].bytes.size()) + 6);
  EXPECT_EQ(ReadAll(Offset(0)), batches_[0].bytes + batches_[1].bytes);
}

TEST_F(PartitionLogRead, AMissingFirstSegmentIsAHoleThatIsTold) {
  Fill(120);
  const SegmentSummary gone = log_->segments()[0];
  ASSERT_TRUE(log_->Close().ok());
  ASSERT_TRUE(fs_->Remove(PathOf(gone.base_offset, segment::kLogSuffix)).ok());
  ASSERT_TRUE(Open(Checkpoint(), true).ok());
  const auto fetched = log_->Read(Offset(0), 1);
  ASSERT_TRUE(fetched.ok());
  EXPECT_TRUE(fetched->bytes == Expected(gone.next_offset, fetched->next_offset));
  ASSERT_EQ(fetched->unreadable.size(), 1U);
  EXPECT_EQ(fetched->unreadable[0].end, gone.next_offset);
  EXPECT_EQ(log_->unreadable().size(), 1U);
}

TEST_F(PartitionLogRead, AMissingSegmentIsAHoleThatIsTold) {
  Fill(120);
  const SegmentSummary gone = log_->segments()[2];
  ASSERT_TRUE(log_->Close().ok());
  ASSERT_TRUE(fs_->Remove(PathOf(gone.base_offset, segment::kLogSuffix)).ok());
  ASSERT_TRUE(Open(Checkpoint(), true).ok());
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), gone.base_offset) +
                                    Expected(gone.next_offset, log_->durable_end()));
  ASSERT_EQ(unreadable_.size(), 1U);
  EXPECT_EQ(unreadable_[0].begin, gone.base_offset);
  EXPECT_EQ(unreadable_[0].end, gone.next_offset);
}

TEST_F(PartitionLogRead, HoldsAsManySegmentsOpenAsTheLimitThoseUsedLast) {
  options_.segment_bytes = 1;
  ASSERT_TRUE(Open().ok());
  AppendMany(static_cast<int>(kOpenSegmentsMax) + 3);
  ASSERT_TRUE(Commit().ok());
  const std::size_t before = log_->open_files();
  for (std::size_t i = 0; i < kOpenSegmentsMax + 2; ++i) {
    ASSERT_TRUE(log_->Read(batches_[i].base_offset, 1).ok());
    EXPECT_EQ(log_->open_files() - before, std::min(i + 1, kOpenSegmentsMax) * kSealedSegmentFiles);
  }
}

}  // namespace
}  // namespace logboom::broker
