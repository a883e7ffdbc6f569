// Verify and dump: every kind of damage is named with file and position.
#include "lib/segment/verify.h"

#include <gtest/gtest.h>

#include "lib/file/faulty_file_system.h"
#include "lib/file/memory_file_system.h"
#include "lib/file/posix_file_system.h"
#include "lib/segment/append_time.h"
#include "lib/segment/dump.h"
#include "lib/segment/names.h"
#include "lib/segment/offset_index.h"
#include "lib/segment/seal.h"
#include "lib/segment/time_index.h"
#include "tests/lib/segment/batches.h"

namespace logboom::segment {
namespace {

const std::string kGolden = std::string(LOGBOOM_SOURCE_DIR) + "/tests/data/golden/segment/7-0";

// The golden partition, copied to where it can be damaged.
class GoldenCopy : public ::testing::Test {
 protected:
  void SetUp() override {
    file::PosixFileSystem posix;
    const auto entries = posix.List(kGolden);
    ASSERT_TRUE(entries.ok());
    for (const auto& entry : *entries) {
      WriteFile(fs_, "/" + entry.name,
                *file::ReadWholeFile(posix, kGolden + "/" + entry.name, std::size_t{1} << 20U));
    }
  }
  DirectoryReport Verify() {
    const auto report = VerifyDirectory(fs_, "", {});
    EXPECT_TRUE(report.ok());
    return *report;
  }
  Bytes Read(const std::string& path) {
    return *file::ReadWholeFile(fs_, path, std::size_t{1} << 20U);
  }
  std::vector<DumpRow> Dump(const std::string& path, bool ok = true) {
    std::vector<DumpRow> rows;
    EXPECT_EQ(DumpFile(fs_, path, [&](const DumpRow& row) { rows.push_back(row); }).ok(), ok);
    return rows;
  }

  file::MemoryFileSystem fs_;
};

TEST_F(GoldenCopy, IsWhole) {
  const DirectoryReport report = Verify();
  EXPECT_TRUE(report.ok());
  ASSERT_EQ(report.segments.size(), 2U);
  EXPECT_TRUE(report.segments[0].sealed);
  EXPECT_FALSE(report.segments[1].sealed);
  EXPECT_EQ(report.segments[1].next_offset, Offset(100));
  EXPECT_EQ(report.segments[0].batches + report.segments[1].batches, 40);
  EXPECT_EQ(report.segments[0].records + report.segments[1].records, 100);
}

// The seal makes up for what the batches' own checksums leave out: a changed epoch too is found.
TEST_F(GoldenCopy, EveryFlippedBitOfASealedSegmentIsFound) {
  for (const std::string_view suffix : {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix,
                                        kAppendTimeSuffix, kSealSuffix, kSourcesSuffix}) {
    const std::string path = SegmentPath("", Offset(0), suffix);
    const Bytes whole = Read(path);
    const std::size_t step = whole.size() > 1000 ? 101 : 1;
    for (std::size_t bit = 0; bit < whole.size() * 8; bit += step) {
      Bytes broken = whole;
      broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
      WriteFile(fs_, path, broken);
      ASSERT_FALSE(Verify().ok()) << path << " bit " << bit;
    }
    WriteFile(fs_, path, whole);
  }
  EXPECT_TRUE(Verify().ok());
}

// What is left is as it should be: only the seal knows that there was more.
TEST_F(GoldenCopy, ALostEntryBesideASealedSegmentIsFound) {
  const Seal golden = *ReadSeal(fs_, "", Offset(0));
  for (const auto& [suffix, bytes] : {std::pair(kOffsetIndexSuffix, OffsetIndexEntry::kBytes),
                                      std::pair(kTimeIndexSuffix, TimeIndexEntry::kBytes),
                                      std::pair(kAppendTimeSuffix, AppendTimeEntry::kBytes)}) {
    SCOPED_TRACE(suffix);
    Seal seal = golden;
    seal.sums = *SumIndexes(fs_, "", Offset(0));
    WriteFile(fs_, SegmentPath("", Offset(0), kSealSuffix), EncodeSeal(seal));
    EXPECT_TRUE(Verify().ok());
    const std::string path = SegmentPath("", Offset(0), suffix);
    const Bytes whole = Read(path);
    WriteFile(fs_, path, whole.substr(0, whole.size() - bytes));
    const DirectoryReport report = Verify();
    ASSERT_EQ(report.problems.size(), 1U);
    EXPECT_EQ(report.problems[0].file, path);
    WriteFile(fs_, path, whole);
  }
}

// None passes for a look that found nothing.
TEST_F(GoldenCopy, ACallThatFailsIsTold) {
  file::FaultyFileSystem faulty(fs_);
  std::size_t failed = 0;
  for (std::uint64_t call = 0;; ++call) {
    faulty.Heal();
    faulty.Add({.after_calls = call});
    const auto report = VerifyDirectory(faulty, "", {});
    if (faulty.faults().size() == failed) break;
    ++failed;
    const file::InjectedFault fault = faulty.faults().back();
    SCOPED_TRACE(fmt::format("{} {}", file::CallKindName(fault.kind), fault.path));
    EXPECT_FALSE(report.ok() && report->ok());
  }
  EXPECT_GT(failed, 30U);
}

TEST_F(GoldenCopy, DamageIsNamedWithFileAndPosition) {
  const std::string path = SegmentPath("", Offset(0), kLogSuffix);
  Bytes log = Read(path);
  const auto first = record::ParseBatchHeader(log);
  log[first->size_bytes() + 80] = '?';
  WriteFile(fs_, path, log);
  const DirectoryReport report = Verify();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.problems[0].file, path);
  EXPECT_EQ(report.problems[0].position, static_cast<std::int64_t>(first->size_bytes()));
  EXPECT_NE(report.problems[0].what.find("CRC-32C"), std::string::npos);
}

TEST_F(GoldenCopy, EachFileOfThePartitionIsLookedAtAndSomeMayBeMissing) {
  for (const std::string_view name :
       {kPartitionMetadataName, kLeaderEpochsName, kLogStartName, kCompactionCheckpointName}) {
    SCOPED_TRACE(name);
    const std::string path = fmt::format("/{}", name);
    const bool was_there = fs_.Stat(path).ok();
    const Bytes whole = was_there ? Read(path) : "";
    WriteFile(fs_, path, "garbage");
    const DirectoryReport bent = Verify();
    ASSERT_EQ(bent.problems.size(), 1U);
    EXPECT_EQ(bent.problems[0].file, path);
    ASSERT_TRUE(fs_.Remove(path).ok());
    EXPECT_EQ(Verify().ok(), name != kPartitionMetadataName);
    if (was_there) WriteFile(fs_, path, whole);
    EXPECT_TRUE(Verify().ok());
  }
}

TEST_F(GoldenCopy, AMissingSegmentIsFound) {
  const Offset second = Verify().segments[1].base_offset;
  ASSERT_TRUE(
      fs_.Rename(SegmentPath("", second, kLogSuffix), SegmentPath("", second + 1, kLogSuffix))
          .ok());
  EXPECT_FALSE(Verify().ok());
}

TEST_F(GoldenCopy, ADirectoryWithoutSegmentsIsNotFound) {
  ASSERT_TRUE(fs_.CreateDirectories("/empty").ok());
  EXPECT_EQ(VerifyDirectory(fs_, "/empty", {}).error().code, ErrorCode::kNotFound);
}

TEST_F(GoldenCopy, DumpsEachKind) {
  const std::string first = "/" + std::string(20, '0');
  const std::vector<DumpRow> batches = Dump(first + ".log");
  EXPECT_EQ(static_cast<std::int64_t>(batches.size()), Verify().segments[0].batches);
  EXPECT_EQ(batches[1][0].name, "base_offset");
  EXPECT_EQ(std::get<std::int64_t>(batches[1][0].value), 1);
  EXPECT_EQ(Dump(first + ".index").size(), Read(first + ".index").size() / 8);
  EXPECT_EQ(Dump(first + ".timeindex").size(), Read(first + ".timeindex").size() / 12);
  EXPECT_EQ(Dump(first + ".appendtime").size(), (Read(first + ".appendtime").size() - 16) / 12);
  EXPECT_EQ(Dump(first + ".seal").size(), 1U);
  EXPECT_EQ(std::get<std::int64_t>(Dump(first + ".sources")[0][1].value), 20);
}

TEST_F(GoldenCopy, ADumpEndsAtTheDamage) {
  const std::string path = SegmentPath("", Offset(0), kLogSuffix);
  const Bytes log = Read(path);
  WriteFile(fs_, path, log.substr(0, log.size() / 2));
  EXPECT_GT(Dump(path, false).size(), 3U);
  EXPECT_EQ(DumpFile(fs_, "/log-start", [](const DumpRow&) {}).error().code, ErrorCode::kInvalid);
  WriteFile(fs_, "/" + std::string(20, '0') + ".tix", "");
  EXPECT_FALSE(DumpFile(fs_, "/" + std::string(20, '0') + ".tix", [](const DumpRow&) {}).ok());
}

}  // namespace
}  // namespace logboom::segment
