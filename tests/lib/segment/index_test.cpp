// .index, .timeindex and .appendtime: Kafka's layout, search, and mending from the log.
#include <gtest/gtest.h>

#include "lib/file/faulty_file_system.h"
#include "lib/file/memory_file_system.h"
#include "lib/segment/append_time.h"
#include "lib/segment/limits.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/names.h"
#include "lib/segment/rebuild.h"
#include "tests/lib/segment/batches.h"

namespace logboom::segment {
namespace {

Result<Bytes> Whole(file::FileSystem& fs, std::string_view suffix) {
  return file::ReadWholeFile(fs, SegmentPath("", Offset(0), suffix), 1 << 24);
}

TEST(OffsetIndexEntry, HasKafkasLayout) {
  char bytes[OffsetIndexEntry::kBytes];
  OffsetIndexEntry{Offset(1000 + 0x01020304), FilePosition(0x0A0B0C0D)}.Encode(bytes, Offset(1000));
  EXPECT_EQ(ToHex(ByteView(bytes, sizeof(bytes))), "010203040a0b0c0d");
}

TEST(TimeIndexEntry, HasKafkasLayout) {
  char bytes[TimeIndexEntry::kBytes];
  TimeIndexEntry{TimestampMs(0x0102030405060708), Offset(7)}.Encode(bytes, Offset(5));
  EXPECT_EQ(ToHex(ByteView(bytes, sizeof(bytes))), "010203040506070800000002");
}

TEST(AppendTimes, HaveAHeaderOfTheirOwn) {
  file::MemoryFileSystem fs;
  {
    auto file = fs.Open("/t", file::OpenMode::kCreate);
    Result<AppendTimes> times = AppendTimes::Create(std::move(*file), Offset(5));
    ASSERT_TRUE(times->Append({TimestampMs(9), Offset(6)}).ok());
  }
  const Result<Bytes> bytes = file::ReadWholeFile(fs, "/t", 100);
  EXPECT_EQ(ToHex(*bytes),
            "4c426174000100000000000000000005"
            "000000000000000900000001");
  auto file = fs.Open("/t", file::OpenMode::kRead);
  std::shared_ptr<file::File> shared = std::move(*file);
  EXPECT_EQ(AppendTimes::Open(shared, Offset(5))->count(), 1);
  EXPECT_EQ(AppendTimes::Open(shared, Offset(6)).error().code, ErrorCode::kCorrupt);
  for (const std::size_t at : {0U, 1U, 2U, 3U, 4U, 5U, 8U, 15U}) {
    Bytes changed = *bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    std::shared_ptr<file::File> other = WriteFile(fs, "/other", changed);
    const auto opened = AppendTimes::Open(other, Offset(5));
    ASSERT_FALSE(opened.ok()) << at;
    EXPECT_EQ(opened.error().code,
              at == 4 || at == 5 ? ErrorCode::kUnsupported : ErrorCode::kCorrupt);
  }
}

TEST(EntryFile, FindsTheLastEntryBefore) {
  file::MemoryFileSystem fs;
  auto file = fs.Open("/i", file::OpenMode::kCreate);
  Result<OffsetIndex> index = OffsetIndex::Create(std::move(*file), Offset(0));
  for (int i = 1; i <= 100; ++i) {
    ASSERT_TRUE(index->Append({Offset(i * 10), FilePosition(i * 1000)}).ok());
  }
  for (int offset = 0; offset < 1100; ++offset) {
    const auto found = index->LastWith(
        [&](const OffsetIndexEntry& entry) { return entry.last_offset <= Offset(offset); });
    ASSERT_TRUE(found.ok());
    if (offset < 10) {
      EXPECT_FALSE(*found);
    } else {
      EXPECT_EQ((*found)->position.value(), std::min(offset / 10, 100) * 1000);
    }
  }
}

TEST(EntryFile, KeepsTheValidPrefix) {
  file::MemoryFileSystem fs;
  std::shared_ptr<file::File> file = std::move(*fs.Open("/i", file::OpenMode::kCreate));
  Result<OffsetIndex> index = OffsetIndex::Create(file, Offset(0));
  for (const int offset : {10, 20, 15, 30}) {
    ASSERT_TRUE(index->Append({Offset(offset), FilePosition(offset)}).ok());
  }
  ASSERT_TRUE(index->KeepValidPrefix([](const auto&) { return true; }).ok());
  EXPECT_EQ(index->count(), 2);
  ASSERT_TRUE(
      index->KeepValidPrefix([](const auto& e) { return e.last_offset < Offset(20); }).ok());
  EXPECT_EQ(file->Stat()->size_bytes, 8);
}

// A log of 60 batches with times that rise and fall, and its indexes made batch by batch.
class IndexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 60; ++i) {
      const Bytes batch = MakeBatch({.base_offset = Offset(2 * i),
                                     .records = 2,
                                     .value_bytes = static_cast<std::size_t>(300 + 97 * (i % 7)),
                                     .timestamp = TimestampMs(1'000 + (i * 37) % 100 + i)});
      positions_.push_back(static_cast<std::int64_t>(bytes_.size()));
      bytes_ += batch;
    }
    log_ = WriteFile(fs_, SegmentPath("", Offset(0), kLogSuffix), bytes_);
    extent_ = {Offset(0), Offset(120), FilePosition(static_cast<std::int64_t>(bytes_.size()))};
    ASSERT_TRUE(Rebuild());
    index_ = *Whole(fs_, kOffsetIndexSuffix);
    times_ = *Whole(fs_, kTimeIndexSuffix);
  }

  bool Open(const KnownPoint& known, IndexTrust trust) {
    return OpenIndexes(fs_, "", *log_, extent_, known, trust).ok();
  }
  bool Rebuild() { return Open({Offset(0), {}}, IndexTrust::kUnsynced); }

  KnownPoint PointAt(std::size_t batch) {
    const LogExtent extent{Offset(0), Offset(static_cast<std::int64_t>(2 * batch)),
                           FilePosition(positions_[batch])};
    return {extent.next_offset, *CountTotals(*log_, extent)};
  }

  void ExpectAsBefore() {
    EXPECT_EQ(ToHex(*Whole(fs_, kOffsetIndexSuffix)), ToHex(index_));
    EXPECT_EQ(ToHex(*Whole(fs_, kTimeIndexSuffix)), ToHex(times_));
  }

  file::MemoryFileSystem fs_;
  Bytes bytes_;
  std::vector<std::int64_t> positions_;
  std::unique_ptr<file::File> log_;
  LogExtent extent_;
  Bytes index_;
  Bytes times_;
};

TEST_F(IndexTest, HasAnEntryForEachFourKiB) {
  const auto entries = static_cast<std::int64_t>(index_.size() / OffsetIndexEntry::kBytes);
  EXPECT_GT(entries, 5);
  EXPECT_LE(entries, static_cast<std::int64_t>(bytes_.size()) / kIndexIntervalBytes);
  EXPECT_EQ(index_.size() % OffsetIndexEntry::kBytes, 0U);
  EXPECT_EQ(times_.size() % TimeIndexEntry::kBytes, 0U);
  EXPECT_FALSE(times_.empty());
}

TEST_F(IndexTest, IsMadeAgainTheSameFromAnyKnownPoint) {
  for (std::size_t batch = 0; batch < positions_.size(); ++batch) {
    ASSERT_TRUE(Open(PointAt(batch), IndexTrust::kUnsynced));
    ExpectAsBefore();
  }
}

TEST_F(IndexTest, TornEntriesAreMadeAgain) {
  for (const std::size_t keep : {std::size_t{0}, std::size_t{3}, index_.size() / 2}) {
    WriteFile(fs_, SegmentPath("", Offset(0), kOffsetIndexSuffix),
              index_.substr(0, keep) + Bytes(13, '\0'));
    WriteFile(fs_, SegmentPath("", Offset(0), kTimeIndexSuffix), Bytes(24, '\0'));
    ASSERT_TRUE(Rebuild());
    ExpectAsBefore();
  }
}

TEST_F(IndexTest, ForeignEntriesAreCutOff) {
  Bytes foreign = index_;
  StoreBig(foreign.data() + foreign.size() - 8, std::int32_t{119});  // no such batch there
  WriteFile(fs_, SegmentPath("", Offset(0), kOffsetIndexSuffix), foreign);
  ASSERT_TRUE(Open(PointAt(positions_.size() - 1), IndexTrust::kSynced));
  EXPECT_EQ(ToHex(*Whole(fs_, kOffsetIndexSuffix)), ToHex(index_));
}

// It says that it belongs, and stands at no batch, or at another one.
TEST_F(IndexTest, AnEntryThatPointsAtNoBatchOfItsOwnIsMadeAgain) {
  const auto last = index_.size() - OffsetIndexEntry::kBytes;
  const auto offset = LoadBig<std::int32_t>(index_.data() + last);
  const auto position = LoadBig<std::int32_t>(index_.data() + last + 4);
  for (const auto& [entry_offset, entry_position] :
       {std::pair(offset - 1, position), std::pair(offset, position + 5)}) {
    Bytes foreign = index_;
    StoreBig(foreign.data() + last, entry_offset);
    StoreBig(foreign.data() + last + 4, entry_position);
    WriteFile(fs_, SegmentPath("", Offset(0), kOffsetIndexSuffix), foreign);
    ASSERT_TRUE(Open(PointAt(positions_.size() - 1), IndexTrust::kSynced));
    EXPECT_EQ(ToHex(*Whole(fs_, kOffsetIndexSuffix)), ToHex(index_));
  }
}

// A part of a time, and zeros: at the segment's first offset, unless it was synced there.
TEST_F(IndexTest, ATornTimeIsCutOff) {
  const std::string path = SegmentPath("", Offset(0), kTimeIndexSuffix);
  const Bytes torn = times_.substr(0, 7) + Bytes(5, '\0');
  for (const IndexTrust trust : {IndexTrust::kUnsynced, IndexTrust::kSynced}) {
    WriteFile(fs_, path, torn);
    ASSERT_TRUE(Open(PointAt(40), trust));
    EXPECT_EQ(Whole(fs_, kTimeIndexSuffix)->starts_with(torn), trust == IndexTrust::kSynced);
  }
}

TEST_F(IndexTest, WhatIsWholeIsNotWrittenAgain) {
  file::FaultyFileSystem counted(fs_);
  const KnownPoint known{Offset(120), *CountTotals(*log_, extent_)};
  ASSERT_TRUE(OpenIndexes(counted, "", *log_, extent_, known, IndexTrust::kSynced).ok());
  EXPECT_EQ(counted.calls(file::CallKind::kWrite), 0U);
  EXPECT_EQ(counted.calls(file::CallKind::kTruncate), 0U);
}

TEST_F(IndexTest, AFullDiskLeavesThemSparse) {
  WriteFile(fs_, SegmentPath("", Offset(0), kOffsetIndexSuffix), "");
  WriteFile(fs_, SegmentPath("", Offset(0), kTimeIndexSuffix), "");
  file::FaultyFileSystem full(fs_);
  full.Add({.kind = file::CallKind::kWrite,
            .code = ErrorCode::kNoSpace,
            .span = file::FaultSpan::kFromThenOn});
  for (const std::size_t batch : {std::size_t{0}, positions_.size() - 1}) {
    EXPECT_TRUE(OpenIndexes(full, "", *log_, extent_, PointAt(batch), IndexTrust::kUnsynced).ok());
  }
}

TEST_F(IndexTest, TheFirstOfEqualTimesIsTheLargest) {
  SegmentTotals totals;
  record::BatchHeader header = *record::ParseBatchHeader(bytes_);
  totals.Add(header, bytes_);
  const Offset first = totals.max_timestamp_offset;
  header.base_offset = header.base_offset + 100;
  totals.Add(header, bytes_);
  EXPECT_EQ(totals.max_timestamp_offset, first);
}

TEST_F(IndexTest, EachCallThatFailsIsToldWhenIndexesAreMadeAgain) {
  file::FaultyFileSystem faulty(fs_);
  std::size_t failed = 0;
  for (std::uint64_t call = 0;; ++call) {
    Bytes foreign = index_;
    char* last = foreign.data() + foreign.size() - OffsetIndexEntry::kBytes;
    StoreBig(last, LoadBig<std::int32_t>(last) - 1);  // no batch ends there
    WriteFile(fs_, SegmentPath("", Offset(0), kOffsetIndexSuffix), foreign);
    WriteFile(fs_, SegmentPath("", Offset(0), kTimeIndexSuffix), "");
    faulty.Heal();
    faulty.Add({.after_calls = call});
    const auto log = faulty.Open(SegmentPath("", Offset(0), kLogSuffix), file::OpenMode::kRead);
    if (!log.ok()) {
      ++failed;
      continue;
    }
    const auto opened = OpenIndexes(faulty, "", **log, extent_, PointAt(positions_.size() - 1),
                                    IndexTrust::kSynced);
    if (faulty.faults().size() == failed) break;
    ++failed;
    const file::InjectedFault fault = faulty.faults().back();
    EXPECT_FALSE(opened.ok()) << call << " " << file::CallKindName(fault.kind) << " " << fault.path;
  }
  EXPECT_GT(failed, 10U);
}

TEST_F(IndexTest, LostTimesAreNeverGuessed) {
  // The entries of .timeindex in the middle are gone, those of .index are there: what is written
  // for the batches behind must still be the largest time of all before.
  for (const std::size_t keep : {0U, 12U}) {
    WriteFile(fs_, SegmentPath("", Offset(0), kOffsetIndexSuffix), index_.substr(0, 8));
    WriteFile(fs_, SegmentPath("", Offset(0), kTimeIndexSuffix), times_.substr(0, keep));
    ASSERT_TRUE(Open(PointAt(40), IndexTrust::kUnsynced));
    const Bytes mended = *Whole(fs_, kTimeIndexSuffix);
    for (std::size_t at = 0; at < mended.size(); at += TimeIndexEntry::kBytes) {
      EXPECT_NE(times_.find(mended.substr(at, TimeIndexEntry::kBytes)), Bytes::npos);
    }
  }
}

// Who searches by time would pass over it.
TEST_F(IndexTest, ALateTimeAtTheFrontIsNotForgottenWithTheTimesThatToldOfIt) {
  bytes_.clear();
  for (int i = 0; i < 60; ++i) {
    bytes_ += MakeBatch({.base_offset = Offset(2 * i),
                         .records = 2,
                         .value_bytes = 500,
                         .timestamp = TimestampMs(i == 0 ? 9'000 : 1'000 + i)});
  }
  log_ = WriteFile(fs_, SegmentPath("", Offset(0), kLogSuffix), bytes_);
  extent_.end = FilePosition(static_cast<std::int64_t>(bytes_.size()));
  ASSERT_TRUE(Rebuild());
  WriteFile(fs_, SegmentPath("", Offset(0), kOffsetIndexSuffix),
            Whole(fs_, kOffsetIndexSuffix)->substr(0, OffsetIndexEntry::kBytes));
  WriteFile(fs_, SegmentPath("", Offset(0), kTimeIndexSuffix), "");
  const KnownPoint known{Offset(120), *CountTotals(*log_, extent_)};
  ASSERT_TRUE(Open(known, IndexTrust::kUnsynced));
  EXPECT_EQ(*Whole(fs_, kTimeIndexSuffix), "") << "nothing that is not so";
}

TEST_F(IndexTest, LostIndexesAreMadeAgainFromTheFront) {
  for (const std::size_t batch : {std::size_t{20}, positions_.size() - 1}) {
    WriteFile(fs_, SegmentPath("", Offset(0), kOffsetIndexSuffix), "");
    WriteFile(fs_, SegmentPath("", Offset(0), kTimeIndexSuffix), "");
    ASSERT_TRUE(Open(PointAt(batch), IndexTrust::kUnsynced));
    ExpectAsBefore();
  }
}

TEST_F(IndexTest, ATimeOfARecordThatIsNotThereIsCutOff) {
  // A search would pass over the record that gets this offset, whatever its time.
  const KnownPoint known = PointAt(40);
  char entry[TimeIndexEntry::kBytes];
  TimeIndexEntry{known.totals.max_timestamp, known.next_offset}.Encode(entry, Offset(0));
  WriteFile(fs_, SegmentPath("", Offset(0), kTimeIndexSuffix),
            times_.substr(0, TimeIndexEntry::kBytes) + Bytes(entry, sizeof(entry)));
  ASSERT_TRUE(Open(known, IndexTrust::kUnsynced));
  EXPECT_EQ(Whole(fs_, kTimeIndexSuffix)->find(Bytes(entry, sizeof(entry))), Bytes::npos);
}

TEST_F(IndexTest, TakesEntriesUpToItsLimitAndNoMore) {
  file::MemoryFileSystem fs;
  std::shared_ptr<file::File> offsets = std::move(*fs.Open("/i", file::OpenMode::kCreate));
  std::shared_ptr<file::File> times = std::move(*fs.Open("/t", file::OpenMode::kCreate));
  ASSERT_TRUE(offsets->Truncate(kOffsetIndexBytesMax - OffsetIndexEntry::kBytes).ok());
  IndexWriter writer(*OffsetIndex::Open(offsets, Offset(0)), *TimeIndex::Create(times, Offset(0)));
  record::BatchHeader header = *record::ParseBatchHeader(bytes_);
  header.length = 2 * kIndexIntervalBytes;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer.Add(header, FilePosition(0), {}).ok());
  EXPECT_EQ(writer.offsets().size_bytes(), kOffsetIndexBytesMax);
}

TEST_F(IndexTest, ALogThatEndsElsewhereIsCorrupt) {
  extent_.next_offset = Offset(121);
  EXPECT_FALSE(Rebuild());
  extent_.next_offset = Offset(120);
  extent_.end = extent_.end - 1;
  EXPECT_FALSE(Rebuild());
}

TEST_F(IndexTest, AFailedEntryIsLeftToTheNextBatch) {
  file::MemoryFileSystem fs;
  OffsetIndex offsets =
      *OffsetIndex::Create(std::move(*fs.Open("/i", file::OpenMode::kCreate)), Offset(0));
  TimeIndex times =
      *TimeIndex::Create(std::move(*fs.Open("/t", file::OpenMode::kCreate)), Offset(0));
  IndexWriter writer(std::move(offsets), std::move(times));
  SegmentTotals totals;
  int failed = 0;
  LogWalk walk(
      *log_,
      {.begin = FilePosition(0), .end = extent_.end, .expected = {}, .crc = CrcCheck::kSkip});
  while (*walk.Next()) {
    totals.Add(walk.header(), walk.bytes());
    fs.SetCapacity(walk.header().base_offset < Offset(60) ? 3 : 1 << 20);
    if (!writer.Add(walk.header(), walk.position(), totals).ok()) ++failed;
  }
  EXPECT_GT(failed, 0);
  fs.SetCapacity(1 << 20);
  file::FaultyFileSystem faulty(fs);
  for (const file::CallKind kind : {file::CallKind::kWrite, file::CallKind::kTruncate}) {
    IndexWriter other(
        *OffsetIndex::Create(std::move(*faulty.Open("/o", file::OpenMode::kCreate)), Offset(0)),
        *TimeIndex::Create(std::move(*faulty.Open("/u", file::OpenMode::kCreate)), Offset(0)));
    faulty.Add({.kind = kind});
    EXPECT_FALSE(other.Finish(totals).ok()) << file::CallKindName(kind);
  }
  ASSERT_TRUE(writer.Finish(totals).ok());
  EXPECT_GT(writer.offsets().count(), 2);
  EXPECT_EQ(writer.offsets().file()->Stat()->size_bytes % 8, 0);
  EXPECT_EQ(writer.offsets().At(0)->last_offset, Offset(61));
}

}  // namespace
}  // namespace logboom::segment
