// Finished segments that are put in the place of others: what is in them stays, whatever happens.
#include "broker/storage/segment_swap.h"
#include "broker/storage/small_batches.h"
#include "lib/file/faulty_file_system.h"
#include "lib/record/batch_view.h"
#include "lib/segment/append_time.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/verify.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

struct SeenRecord {
  Offset offset;
  TimestampMs timestamp;
  LeaderEpoch epoch;
  Bytes key;
  Bytes value;
  Bytes headers;
  friend bool operator==(const SeenRecord&, const SeenRecord&) = default;
};
using SeenRecords = std::vector<SeenRecord>;

// Drops the records whose offset is odd.
class EvenOnly final : public RecordFilter {
 public:
  bool Keeps(const record::BatchHeader&, const record::Record& record) override {
    return record.offset.value() % 2 == 0;
  }
  bool KeepsHeader(const record::BatchHeader& batch) override { return batch.producer_id >= 0; }
  std::optional<TimestampMs> DeleteHorizon(const record::BatchHeader&) override {
    return TimestampMs(5);
  }
  void CopiedWhole(const record::BatchHeader&) override {}
};

class FirstThree final : public RecordFilter {
 public:
  bool Keeps(const record::BatchHeader&, const record::Record& record) override {
    return record.offset < Offset(3);
  }
  bool KeepsHeader(const record::BatchHeader&) override { return false; }
  std::optional<TimestampMs> DeleteHorizon(const record::BatchHeader&) override {
    return std::nullopt;
  }
  void CopiedWhole(const record::BatchHeader&) override {}
};

class PartitionLogReplace : public LogFixture {
 protected:
  // Segments of small batches of several kinds, all finished but the last, and their seals on disk.
  void Fill(int segments) {
    options_.segment_bytes = 3000;
    ASSERT_TRUE(Open().ok());
    for (int i = 0; log_->segments().size() < static_cast<std::size_t>(segments) + 1; ++i) {
      now_ms_ += 400;
      ASSERT_TRUE(Append({.records = 1 + i % 3,
                          .value_bytes = static_cast<std::size_t>(40 + i % 50),
                          .timestamp = TimestampMs(now_ms_ - 100 * (i % 7)),
                          .fill = static_cast<char>('a' + i % 26)})
                      .ok());
      ASSERT_TRUE(Commit().ok());
    }
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(Append().ok());
      ASSERT_TRUE(Commit().ok());
    }
  }

  static MergeOptions Merge() { return {.raw_bytes = 1500, .zstd_level = 1}; }

  static Result<CopiedSegment> CopyOf(file::FileSystem& fs, const std::vector<CopySource>& sources,
                                      RecordFilter* filter) {
    return CopyOf(fs, {.directory = kDirectory, .sources = sources, .merge = Merge()}, filter);
  }
  static Result<CopiedSegment> CopyOf(file::FileSystem& fs, const CopyPlan& plan,
                                      RecordFilter* filter) {
    SegmentCopy copy(fs, plan, filter);
    while (true) {
      ASSIGN_OR_RETURN(const bool more, copy.Step(700, {}));
      if (!more) break;
    }
    return copy.Finish();
  }

  static Result<bool> Replace(file::FileSystem& fs, PartitionLog& log,
                              const std::vector<CopySource>& sources,
                              RecordFilter* filter = nullptr) {
    ASSIGN_OR_RETURN(const CopiedSegment copied, CopyOf(fs, sources, filter));
    return log.Install(copied);
  }

  SeenRecords Records() {
    SeenRecords seen;
    const Bytes all = ReadAll(log_->log_start(), 4000);
    record::BatchReader reader;
    for (ByteView rest = all; !rest.empty();) {
      const auto header = record::ParseBatchHeader(rest);
      EXPECT_TRUE(header.ok());
      EXPECT_TRUE(reader.Open(rest.substr(0, header->size_bytes())).ok());
      for (auto record = reader.Next(); *record != nullptr; record = reader.Next()) {
        seen.push_back({(*record)->offset, (*record)->timestamp, header->leader_epoch,
                        Bytes((*record)->key.value_or("null")),
                        Bytes((*record)->value.value_or("null")), HeadersOf(**record)});
      }
      rest.remove_prefix(header->size_bytes());
    }
    return seen;
  }

  static Bytes HeadersOf(const record::Record& record) {
    Bytes all;
    for (const record::HeaderView& header : record.headers) {
      all.append(header.key).append("=").append(header.value.value_or("null")).append(";");
    }
    return all;
  }

  static SeenRecords Even(SeenRecords records, Offset below) {
    std::erase_if(records, [&](const SeenRecord& record) {
      return record.offset < below && record.offset.value() % 2 == 1;
    });
    return records;
  }

  std::vector<std::optional<TimestampMs>> AppendTimesOf(const SeenRecords& records) {
    std::vector<std::optional<TimestampMs>> times;
    for (const SeenRecord& record : records) times.push_back(*log_->AppendTimeAt(record.offset));
    return times;
  }

  std::int64_t Batches(Offset base) {
    const auto log = fs_->Open(PathOf(base, segment::kLogSuffix), file::OpenMode::kRead);
    segment::LogWalk walk(
        **log, {.begin = FilePosition(0),
                .end = FilePosition((*log)->Stat()->size_bytes),
                .expected = {.next_offset = base, .rule = segment::OffsetRule::kGrowing}});
    std::int64_t count = 0;
    while (*walk.Next()) ++count;
    return count;
  }

  void CheckFiles() {
    ASSERT_NO_FATAL_FAILURE(ExpectVerified());
    const auto entries = fs_->List(kDirectory);
    ASSERT_TRUE(entries.ok());
    for (const file::DirectoryEntry& entry : *entries) {
      ASSERT_EQ(entry.name.find(segment::kCleanedSuffix), std::string::npos) << entry.name;
      ASSERT_EQ(entry.name.find(segment::kSwapSuffix), std::string::npos) << entry.name;
    }
  }

  void StartOver() {
    log_.reset();
    fs_ = std::make_unique<file::MemoryFileSystem>();
    batches_.clear();
    unreadable_.clear();
    LogFixture::SetUp();
  }
};

TEST_F(PartitionLogReplace, RewritingKeepsRecordsOffsetsTimesAndAppendTimes) {
  ASSERT_NO_FATAL_FAILURE(Fill(2));
  const SeenRecords before = Records();
  const auto times = AppendTimesOf(before);
  const CopySource source = log_->Copyable().front();
  const std::int64_t batches = Batches(source.base_offset);
  const std::int64_t size = log_->size_bytes();
  EXPECT_TRUE(Replace(*fs_, *log_, {source}).value());
  EXPECT_EQ(Records(), before);
  EXPECT_EQ(AppendTimesOf(before), times);
  EXPECT_LT(Batches(source.base_offset), batches / 4);
  EXPECT_LT(log_->size_bytes(), size);
  EXPECT_TRUE(unreadable_.empty());
  for (const SeenRecord& record : before) {
    const auto fetched = log_->Read(record.offset, 1);
    ASSERT_TRUE(fetched.ok());
    const auto header = record::ParseBatchHeader(fetched->bytes);
    EXPECT_LE(header->base_offset, record.offset);
    EXPECT_GT(header->next_offset(), record.offset);
    EXPECT_LE((*log_->OffsetAtTime(record.timestamp)).value(), record.offset);
  }
  ASSERT_TRUE(log_->Close().ok());
  ASSERT_NO_FATAL_FAILURE(CheckFiles());
}

TEST_F(PartitionLogReplace, TheSealSaysThatASegmentWasRewritten) {
  ASSERT_NO_FATAL_FAILURE(Fill(1));
  const CopySource source = log_->Copyable().front();
  const auto was = segment::ReadSeal(*fs_, kDirectory, source.base_offset);
  ASSERT_TRUE(Replace(*fs_, *log_, {source}).value());
  const auto seal = segment::ReadSeal(*fs_, kDirectory, source.base_offset);
  ASSERT_TRUE(was.ok() && seal.ok());
  EXPECT_FALSE(was->rewritten);
  EXPECT_TRUE(seal->rewritten);
  EXPECT_FALSE(seal->compacted);
  EXPECT_EQ(seal->next_offset, was->next_offset);
  EXPECT_EQ(seal->totals.records, was->totals.records);
  EXPECT_EQ(seal->totals.max_timestamp, was->totals.max_timestamp);
  EXPECT_EQ(seal->max_append_time, was->max_append_time);
  EXPECT_TRUE(log_->NotLookedAt(9).empty()) << "it need not be judged once more";
  EXPECT_EQ(log_->TakeSyncWork().directories, std::vector{kDirectory});
}

TEST_F(PartitionLogReplace, OneSegmentTakesThePlaceOfSeveral) {
  ASSERT_NO_FATAL_FAILURE(Fill(4));
  const SeenRecords before = Records();
  const auto times = AppendTimesOf(before);
  const std::vector<CopySource> all = log_->Copyable();
  ASSERT_EQ(all.size(), 4U);
  EvenOnly even;
  EXPECT_TRUE(Replace(*fs_, *log_, {all[1], all[2], all[3]}, &even).value());
  EXPECT_EQ(log_->segments().size(), 3U);
  const SeenRecords after = Records();
  SeenRecords expected = before;
  std::erase_if(expected, [&](const SeenRecord& record) {
    return record.offset >= all[1].base_offset && record.offset < all[3].next_offset &&
           record.offset.value() % 2 == 1;
  });
  EXPECT_EQ(after, expected);
  EXPECT_EQ(AppendTimesOf(before), times);
  EXPECT_TRUE(unreadable_.empty());
  ASSERT_TRUE(log_->Close().ok());
  ASSERT_NO_FATAL_FAILURE(CheckFiles());
  EXPECT_FALSE(Exists(PathOf(all[2].base_offset, segment::kLogSuffix)));
}

TEST_F(PartitionLogReplace, RewritingPaysFromALimitOfBytesOn) {
  ASSERT_NO_FATAL_FAILURE(Fill(1));
  const CopySource source = log_->Copyable().front();
  RewriteLimits limits{.segment_bytes_min = source.size_bytes};
  EXPECT_EQ(*JudgeRewriting(*fs_, kDirectory, source, limits), RewriteVerdict::kPays);
  ++limits.segment_bytes_min;
  EXPECT_EQ(*JudgeRewriting(*fs_, kDirectory, source, limits), RewriteVerdict::kKeep);
}

TEST_F(PartitionLogReplace, TheLastBatchReachesOverWhatWasDroppedBehindIt) {
  ASSERT_NO_FATAL_FAILURE(Fill(1));
  const CopySource source = log_->Copyable().front();
  FirstThree first;
  ASSERT_TRUE(Replace(*fs_, *log_, {source}, &first).value());
  EXPECT_EQ(Batches(source.base_offset), 1);
  const auto read = log_->Read(source.base_offset, 1);
  EXPECT_EQ(record::ParseBatchHeader(read->bytes)->next_offset(), source.next_offset);
}

TEST_F(PartitionLogReplace, ACopyTellsThatNamesMayBeLost) {
  ASSERT_NO_FATAL_FAILURE(Fill(1));
  file::FaultyFileSystem faulty(*fs_);
  int lost = 0;
  for (;; ++lost) {
    faulty.Heal();
    faulty.Add(
        {.kind = file::CallKind::kSyncDirectory, .after_calls = static_cast<std::uint64_t>(lost)});
    SegmentCopy copy(
        faulty, {.directory = kDirectory, .sources = log_->Copyable(), .merge = Merge()}, nullptr);
    Result<bool> more = copy.Step(700, {});
    while (more.ok() && *more) more = copy.Step(700, {});
    if (more.ok() && copy.Finish().ok()) break;
    ASSERT_TRUE(copy.names_lost().has_value());
    copy.Drop();
  }
  EXPECT_GE(lost, 3) << "as it begins, before its names are staged, and behind that";
}

TEST_F(PartitionLogReplace, ACopyIsAsLargeAsItsLimitAtMost) {
  ASSERT_NO_FATAL_FAILURE(Fill(1));
  CopyPlan plan{.directory = kDirectory, .sources = log_->Copyable(), .merge = Merge()};
  plan.segment_bytes_max = CopyOf(*fs_, plan, nullptr)->seal.totals.size_bytes;
  EXPECT_TRUE(CopyOf(*fs_, plan, nullptr).ok());
  --plan.segment_bytes_max;
  EXPECT_EQ(CopyOf(*fs_, plan, nullptr).error().code, ErrorCode::kLimit);
}

// Their records can't be read: by a codec that is not known here, or by damage from before they
// came.
TEST_F(PartitionLogReplace, OfBatchesThatCantBeReadOnlyThoseOfAForeignCodecAreCopied) {
  constexpr std::size_t kAttributesAt = 21;
  constexpr std::uint16_t kSnappy = 2;
  constexpr std::uint16_t kZstd = 4;
  for (const std::uint16_t codec : {kSnappy, kZstd}) {
    StartOver();
    options_.segment_bytes = 3000;
    ASSERT_TRUE(Open().ok());
    Bytes batch = BuildBatch({});
    StoreBig(batch.data() + kAttributesAt, codec);
    record::SealBatch(batch.data(), batch.size());
    const auto header = record::ParseBatchHeader(batch);
    ASSERT_TRUE(log_->Append(batch.data(), *header, TimestampMs(now_ms_)).ok());
    AppendMany(6);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(Commit().ok());
    const Result<bool> replaced = Replace(*fs_, *log_, {log_->Copyable().front()});
    EXPECT_EQ(replaced.ok(), codec == kSnappy);
    EXPECT_EQ(log_->Read(Offset(0), 1)->bytes, batch);
  }
}

TEST_F(PartitionLogReplace, AReaderInTheMiddleOfANewBatchGetsItWhole) {
  ASSERT_NO_FATAL_FAILURE(Fill(1));
  // The place of a reader that has read a part of the segment is known from the old files.
  const auto first = log_->Read(Offset(0), 1);
  ASSERT_TRUE(first.ok());
  const Offset at = first->next_offset;
  ASSERT_TRUE(Replace(*fs_, *log_, {log_->Copyable().front()}).value());
  const auto next = log_->Read(at, 1);
  ASSERT_TRUE(next.ok());
  EXPECT_TRUE(next->unreadable.empty());
  EXPECT_EQ(record::ParseBatchHeader(next->bytes)->base_offset, Offset(0));
}

TEST_F(PartitionLogReplace, FilesThatWereOpenStayReadable) {
  ASSERT_NO_FATAL_FAILURE(Fill(1));
  const CopySource source = log_->Copyable().front();
  const auto held =
      fs_->Open(PathOf(source.base_offset, segment::kLogSuffix), file::OpenMode::kRead);
  ASSERT_TRUE(held.ok());
  Bytes before(static_cast<std::size_t>(source.size_bytes), '\0');
  ASSERT_EQ((*held)->PRead(0, std::span(before)).value(), before.size());
  ASSERT_TRUE(Replace(*fs_, *log_, {source}).value());
  Bytes after(before.size(), '\0');
  ASSERT_EQ((*held)->PRead(0, std::span(after)).value(), after.size());
  EXPECT_EQ(after, before);
}

TEST_F(PartitionLogReplace, BatchesOfAProducerStayAsTheyAre) {
  options_.segment_bytes = 2000;
  ASSERT_TRUE(Open().ok());
  for (int i = 0; log_->segments().size() < 2; ++i) {
    Bytes batch = BuildBatch({.records = 2, .value_bytes = 60});
    auto header = *record::ParseBatchHeader(batch);
    if (i % 3 == 1) {
      header.producer_id = 7;
      header.producer_epoch = 1;
      header.base_sequence = 2 * i;
      record::WriteBatchHeader(batch.data(), header);
      record::SealBatch(batch.data(), batch.size());
      header = *record::ParseBatchHeader(batch);
    }
    ASSERT_TRUE(log_->Append(batch.data(), header, TimestampMs(now_ms_)).ok());
    ASSERT_TRUE(Commit().ok());
  }
  ASSERT_TRUE(Append().ok());
  ASSERT_TRUE(Commit().ok());
  const auto producers = [&] {
    std::vector<std::pair<Offset, std::uint32_t>> found;
    const Bytes all = ReadAll(Offset(0), 100'000);
    for (ByteView rest = all; !rest.empty();) {
      const auto header = *record::ParseBatchHeader(rest);
      if (header.producer_id >= 0) found.emplace_back(header.base_offset, header.crc);
      rest.remove_prefix(header.size_bytes());
    }
    return found;
  };
  const auto before = producers();
  ASSERT_FALSE(before.empty());
  ASSERT_TRUE(Replace(*fs_, *log_, {log_->Copyable().front()}).value());
  EXPECT_EQ(producers(), before);
}

TEST_F(PartitionLogReplace, ADamagedSegmentIsLeftAlone) {
  ASSERT_NO_FATAL_FAILURE(Fill(1));
  const CopySource source = log_->Copyable().front();
  FlipByte(PathOf(source.base_offset, segment::kLogSuffix), 200);
  EXPECT_FALSE(CopyOf(*fs_, {source}, nullptr).ok());
  // The leader epoch lies outside of the batch's checksum: the seal tells.
  FlipByte(PathOf(source.base_offset, segment::kLogSuffix), 200);
  ASSERT_TRUE(CopyOf(*fs_, {source}, nullptr).ok());
  FlipByte(PathOf(source.base_offset, segment::kLogSuffix), 13);
  EXPECT_FALSE(CopyOf(*fs_, {source}, nullptr).ok());
}

TEST_F(PartitionLogReplace, ACopyOfASegmentThatIsGoneIsDropped) {
  ASSERT_NO_FATAL_FAILURE(Fill(2));
  const std::vector<CopySource> all = log_->Copyable();
  const auto copied = CopyOf(*fs_, {all[0]}, nullptr);
  ASSERT_TRUE(copied.ok());
  ASSERT_TRUE(log_->TrimBefore(all[1].base_offset).ok());
  EXPECT_FALSE(log_->Install(*copied).value());
  EXPECT_FALSE(log_->broken());
  ASSERT_TRUE(log_->Close().ok());
  ASSERT_NO_FATAL_FAILURE(CheckFiles());
}

TEST_F(PartitionLogReplace, OnlySegmentsWhoseSealIsOnDiskAreCopied) {
  options_.segment_bytes = 1000;
  ASSERT_TRUE(Open().ok());
  AppendMany(2);
  ASSERT_TRUE(Commit().ok());
  ASSERT_EQ(log_->segments().size(), 2U);
  EXPECT_TRUE(log_->Copyable().empty());  // the seal waits for the next work
  ASSERT_TRUE(Append().ok());
  const SyncWork work = log_->TakeSyncWork();
  EXPECT_TRUE(log_->Copyable().empty());  // written, and not synced
  EXPECT_TRUE(log_->NotLookedAt(5).empty());
  ASSERT_TRUE(SyncAll(*fs_, work).ok());
  log_->SyncDone(work.covers);
  EXPECT_EQ(log_->Copyable().size(), 1U);
  EXPECT_EQ(log_->NotLookedAt(5).size(), 1U);
  AppendMany(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(log_->NotLookedAt(2).size(), 2U);
  log_->SetLookedAt(Offset(0));
  EXPECT_EQ(log_->NotLookedAt(1).front().base_offset, Offset(3)) << "the next";
}

// Every call of the file system, from the copy's first to the last of the swap, is once the last
// that the process makes; then the power is cut.
TEST_F(PartitionLogReplace, ACrashAtAnyStepLeavesTheOldOrTheNew) {
  bool old_seen = false;
  bool new_seen = false;
  for (const bool merges : {false, true}) {
    for (std::uint64_t round = 0, finished = 0; finished < 10; ++round) {
      const std::uint64_t step = round / 5;
      SCOPED_TRACE(fmt::format("merges {}, step {}, seed {}", merges, step, round));
      StartOver();
      SeededRandom random(round);
      ASSERT_NO_FATAL_FAILURE(Fill(3));
      const SeenRecords before = Records();
      const Offset end = log_->log_end();
      file::FaultyFileSystem faulty(*fs_);
      ASSERT_TRUE(OpenOn(faulty).ok());
      const std::vector<CopySource> all = log_->Copyable();
      ASSERT_EQ(all.size(), 3U);
      const std::vector<CopySource> sources =
          merges ? all : std::vector<CopySource>(all.begin() + 1, all.begin() + 2);
      const SeenRecords after = merges ? Even(before, all.back().next_offset) : before;
      faulty.Add({.after_calls = step, .span = file::FaultSpan::kFromThenOn});
      EvenOnly even;
      const auto done = Replace(faulty, *log_, sources, merges ? &even : nullptr);
      if (done.ok()) ++finished;
      log_.reset();
      fs_->Crash(random);
      ASSERT_TRUE(Open().ok());
      ASSERT_EQ(log_->log_end(), end);
      ASSERT_FALSE(log_->recovery().cut_at);
      const SeenRecords found = Records();
      ASSERT_TRUE(found == before || found == after);
      if (done.ok()) {
        ASSERT_EQ(found, after);
      }
      ASSERT_TRUE(unreadable_.empty());
      ASSERT_NO_FATAL_FAILURE(CheckFiles());
      const auto seal = segment::ReadSeal(*fs_, kDirectory, sources.front().base_offset);
      (seal.ok() && seal->rewritten ? new_seen : old_seen) = true;
      // And it can be done again, on what was left.
      ASSERT_TRUE(Replace(*fs_, *log_, log_->Copyable()).value());
      ASSERT_EQ(Records(), found);
    }
  }
  EXPECT_TRUE(old_seen && new_seen);
}

// A swap whose last names are lost with the power, again and again.
TEST_F(PartitionLogReplace, NamesLostBehindTheSwapDoNotMatter) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    StartOver();
    SeededRandom random(seed);
    ASSERT_NO_FATAL_FAILURE(Fill(2));
    const SeenRecords before = Records();
    for (int life = 0; life < 3; ++life) {
      const std::vector<CopySource> all = log_->Copyable();
      ASSERT_TRUE(Replace(*fs_, *log_, {all[random.Below(all.size())]}).value());
      if (random.Below(2) == 0) {
        ASSERT_TRUE(Replace(*fs_, *log_, {log_->Copyable().front()}).value());
      }
      fs_->Crash(random);
      ASSERT_TRUE(Open().ok());
      ASSERT_EQ(Records(), before);
      ASSERT_NO_FATAL_FAILURE(CheckFiles());
    }
  }
}

// The manifest may be older than the rewriting of the segment that it speaks of.
TEST_F(PartitionLogReplace, ACheckpointFromBeforeTheRewritingIsNotBelieved) {
  options_.segment_bytes = 3000;
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Append({.records = 1, .value_bytes = 10}).ok());
  ASSERT_TRUE(Commit().ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  while (log_->Copyable().empty()) {
    ASSERT_TRUE(Append({.records = 1, .value_bytes = 400}).ok());
    ASSERT_TRUE(Commit().ok());
  }
  const CopySource source = log_->Copyable().front();
  ASSERT_TRUE(Replace(*fs_, *log_, {source}).value());
  const SeenRecords before = Records();
  ASSERT_TRUE(log_->Close().ok());
  // The seal of the rewritten segment rots: only the checkpoint is left to go by.
  FlipByte(PathOf(source.base_offset, segment::kSealSuffix), 20);
  for (const SegmentSummary& segment : log_->segments()) {
    if (segment.base_offset <= source.base_offset) continue;
    [[maybe_unused]] const Status removed =
        fs_->Remove(PathOf(segment.base_offset, segment::kSealSuffix));
  }
  ASSERT_TRUE(Open(checkpoint).ok());
  EXPECT_FALSE(log_->recovery().cut_at);
  EXPECT_EQ(Records(), before);
}

}  // namespace
}  // namespace logboom::broker
