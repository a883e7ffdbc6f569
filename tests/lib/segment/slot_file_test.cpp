#include "lib/segment/slot_file.h"

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/file/faulty_file_system.h"
#include "lib/file/memory_file_system.h"
#include "lib/segment/log_start.h"

namespace logboom::segment {
namespace {

constexpr SlotFormat kFormat{.magic = "TEST", .version = 1};
const std::string kPath = "/value";

Bytes Read(file::FileSystem& fs) {
  const Result<SlotValue> value = ReadSlots(fs, kPath, kFormat);
  return value.ok() ? value->payload : value.error().message;
}

void FlipByte(file::FileSystem& fs, std::int64_t position) {
  const auto file = fs.Open(kPath, file::OpenMode::kReadWrite);
  char byte = 0;
  ASSERT_TRUE((*file)->PRead(position, std::span(&byte, 1)).ok());
  byte = static_cast<char>(byte ^ 0x40);
  ASSERT_TRUE((*file)->PWrite(position, ByteView(&byte, 1)).ok());
}

TEST(SlotFile, IsNotFoundBeforeItsFirstWrite) {
  file::MemoryFileSystem fs;
  EXPECT_EQ(ReadSlots(fs, kPath, kFormat).error().code, ErrorCode::kNotFound);
}

TEST(SlotFile, TheLastWriteCounts) {
  file::MemoryFileSystem fs;
  for (std::uint64_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(WriteSlot(fs, kPath, kFormat, std::to_string(i)).ok());
    EXPECT_EQ(Read(fs), std::to_string(i));
    EXPECT_EQ(ReadSlots(fs, kPath, kFormat)->sequence, 2 * i + 2) << "each writes both slots";
  }
}

TEST(SlotFile, ASlotThatRotsBringsNoOlderValueBack) {
  file::MemoryFileSystem fs;
  ASSERT_TRUE(WriteSlot(fs, kPath, kFormat, "first").ok());
  ASSERT_TRUE(WriteSlot(fs, kPath, kFormat, "second").ok());
  for (const std::int64_t slot : {std::int64_t{0}, std::int64_t{kSlotBytes}}) {
    FlipByte(fs, slot + 25);
    EXPECT_EQ(Read(fs), "second");
    ASSERT_TRUE(WriteSlot(fs, kPath, kFormat, "second").ok());
  }
}

TEST(SlotFile, BothSlotsBrokenIsCorruptAndReplacedByTheNextWrite) {
  file::MemoryFileSystem disk;
  file::FaultyFileSystem fs(disk);
  ASSERT_TRUE(WriteSlot(fs, kPath, kFormat, "first").ok());
  FlipByte(fs, 0);
  FlipByte(fs, std::int64_t{kSlotBytes});
  EXPECT_EQ(ReadSlots(fs, kPath, kFormat).error().code, ErrorCode::kCorrupt);
  const std::uint64_t renamed = fs.calls(file::CallKind::kRename);
  ASSERT_TRUE(WriteSlot(fs, kPath, kFormat, "again").ok());
  EXPECT_EQ(Read(fs), "again");
  EXPECT_EQ(fs.calls(file::CallKind::kRename), renamed + 1) << "whole, as the first one";
}

TEST(SlotFile, CrashLeavesTheOldValueOrTheNew) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    file::MemoryFileSystem fs;
    const auto writes = static_cast<int>(random.Below(6));
    for (int i = 0; i < writes; ++i) {
      ASSERT_TRUE(WriteSlot(fs, kPath, kFormat, std::to_string(i)).ok());
    }
    fs.FailNextSync(kPath);
    const bool wrote = WriteSlot(fs, kPath, kFormat, "new").ok();
    fs.Crash(random);
    const Bytes after = Read(fs);
    if (writes == 0) continue;
    EXPECT_FALSE(wrote);
    EXPECT_TRUE(after == "new" || after == std::to_string(writes - 1)) << after;
  }
}

TEST(SlotFile, WritesOnAFullDisk) {
  file::MemoryFileSystem fs;
  ASSERT_TRUE(WriteLogStart(fs, "", Offset(1)).ok());
  fs.SetCapacity(0);
  ASSERT_TRUE(WriteLogStart(fs, "", Offset(2)).ok());
  EXPECT_EQ(ReadLogStart(fs, "").value(), Offset(2));
}

TEST(SlotFile, HoldsAPayloadOfTheLimit) {
  file::MemoryFileSystem fs;
  const Bytes payload(kSlotPayloadBytesMax, 'p');
  ASSERT_TRUE(WriteSlot(fs, kPath, kFormat, payload).ok());
  EXPECT_EQ(Read(fs), payload);
}

}  // namespace
}  // namespace logboom::segment
