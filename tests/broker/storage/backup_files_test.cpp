// What a backup says of itself, and which files of a partition belong to it.
#include <gtest/gtest.h>

#include <map>

#include "broker/storage/backup_manifest.h"
#include "broker/storage/backup_pins.h"
#include "lib/base/random.h"
#include "lib/file/faulty_file_system.h"
#include "lib/file/memory_file_system.h"
#include "lib/record/crc32c.h"

namespace logboom::broker {
namespace {

// As a manifest ends, with the checksum of what stands before.
Bytes Ended(const Bytes& text) { return text + fmt::format("end {:08x}\n", record::Crc32c(text)); }

BackupManifest SomeManifest() {
  SeededRandom random(1);
  return {.cluster_id = Uuid::Make(random),
          .restore_count = 4'294'967'295,
          .made = TimestampMs(1'700'000'000'000),
          .partitions = {{"1-0", Offset(0)}, {"1-1", Offset(77)}},
          .files = {{"superblock", 0, 0}, {"1-0/a file", 12, 0xDEADBEEF}}};
}

TEST(BackupManifestText, RoundTrips) {
  const auto parsed = ParseBackupManifest(FormatBackupManifest(SomeManifest()));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(*parsed, SomeManifest());
  EXPECT_TRUE(ParseBackupManifest(FormatBackupManifest(BackupManifest{})).ok());
}

TEST(BackupManifestText, EveryTruncationAndEveryChangedByteIsRefused) {
  const Bytes text = FormatBackupManifest(SomeManifest());
  for (std::size_t at = 0; at < text.size(); ++at) {
    EXPECT_FALSE(ParseBackupManifest(text.substr(0, at)).ok()) << at;
    Bytes changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(ParseBackupManifest(changed).ok()) << at;
  }
  EXPECT_FALSE(ParseBackupManifest(text + "x").ok());
  EXPECT_EQ(ParseBackupManifest(Ended("logboom-backup 2\n")).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(ParseBackupManifest(Ended("logboom-backup x\n")).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(ParseBackupManifest(Ended("logboom-backups 1\n")).error().code, ErrorCode::kCorrupt);
}

TEST(BackupManifestText, LinesThatSayNothingSensibleAreRefused) {
  const auto parse = [](const std::string& line) {
    return ParseBackupManifest(Ended("logboom-backup 1\n" + line + "\n"));
  };
  for (const char* good : {"cluster 00112233-4455-6677-8899-aabbccddeeff", "restore-count 0",
                           "made -1", "partition 0 1-0", "file 0 00000000 a",
                           "file 7 ffffffff 1-0/a b", "file 7 1 ...", "file 1 0 a/.b"}) {
    const auto parsed = parse(good);
    EXPECT_TRUE(parsed.ok()) << good << ": " << (parsed.ok() ? "" : parsed.error().message);
  }
  for (const char* bad : {"cluster x",
                          "cluster",
                          "restore-count",
                          "restore-count -1",
                          "restore-count 1x",
                          "made",
                          "made x",
                          "partition 1-0",
                          "partition -1 1-0",
                          "partition 1 ",
                          "partition 1 .",
                          "partition 1 ..",
                          "partition 1 a/b",
                          "partition x 1-0",
                          "file 1 00000000 ",
                          "file -1 00000000 a",
                          "file x 00000000 a",
                          "file 1 g a",
                          "file 1 a",
                          "file 1 00000000 /a",
                          "file 1 00000000 a/",
                          "file 1 00000000 ..",
                          "file 1 00000000 .",
                          "file 1 0 ../a",
                          "file 1 0 a/..",
                          "file 1 0 a/b/c",
                          "file 1 0 a/.",
                          "other 1",
                          "file 1 100000000 a",
                          ""}) {
    const auto parsed = parse(bad);
    ASSERT_FALSE(parsed.ok()) << "'" << bad << "'";
    EXPECT_EQ(parsed.error().code, ErrorCode::kCorrupt) << bad;
  }
}

// Of a log whose active segment begins at 20, as of offset 25.
TEST(BackupPinsTest, FilesOfRecordsBelowTheEndArePinned) {
  const std::map<std::string, bool> names = {
      {"00000000000000000010.log", true},
      {"00000000000000000010.index", true},
      {"00000000000000000010.timeindex", true},
      {"00000000000000000010.appendtime", true},
      {"00000000000000000010.seal", true},
      {"00000000000000000010.sources", true},
      {"00000000000000000010.snapshot", true},
      {"00000000000000000020.log", false},  // PinEnd pins it
      {"00000000000000000020.index", false},
      {"00000000000000000020.timeindex", false},
      {"00000000000000000020.appendtime", true},
      {"00000000000000000020.seal", false},
      {"00000000000000000020.sources", false},
      {"00000000000000000020.snapshot", true},
      {"00000000000000000025.snapshot", true},
      {"00000000000000000026.snapshot", false},
      {"00000000000000000026.log", false},
      {"00000000000000000026.appendtime", false},
      {"00000000000000000010.log.cleaned", false},
      {"00000000000000000010.seal.swap", false},
      {"leader-epochs", true},
      {"leader-epochs.tmp", false},
      {"leader-epoch-checkpoint", true},
      {"log-start", false},
      {"partition.metadata", true},
      {"compaction-checkpoint", true},
  };
  file::MemoryFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectories("/data/7-0/directory").ok());
  for (const auto& [name, pinned] : names) {
    ASSERT_TRUE(file::ReplaceFile(fs, "/data/7-0/" + name, name).ok());
  }
  PartitionCheckpoint end;
  end.segment_base = Offset(20);
  end.recovery_point = Offset(25);
  end.position = FilePosition(5);
  BackupPins pins(fs, "/data");
  ASSERT_TRUE(pins.Open().ok());
  const auto rest = pins.PinRest("/data/7-0", end);
  ASSERT_TRUE(rest.ok()) << rest.error().message;
  std::map<std::string, bool> found;
  for (const auto& [name, pinned] : names) found[name] = false;
  for (const PinnedFile& file : *rest) {
    const std::string name = file.path.substr(4);
    EXPECT_TRUE(file.path.starts_with("7-0/"));
    found[name] = true;
    EXPECT_EQ(*file::ReadWholeFile(fs, file.pin, 100), name);
    // What may be written to in its place counts as far as it goes now.
    const bool changes =
        name.ends_with("index") || name.ends_with("timeindex") || name.ends_with("appendtime");
    EXPECT_EQ(file.first_bytes.has_value(), changes) << name;
    if (changes) {
      EXPECT_EQ(file.first_bytes, static_cast<std::int64_t>(name.size()));
    }
  }
  EXPECT_EQ(found, names);
  const auto log = pins.PinEnd("/data/7-0", end);
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(log->path, "7-0/00000000000000000020.log");
  EXPECT_EQ(log->first_bytes, 5);
  ASSERT_TRUE(pins.Close().ok());
  ASSERT_TRUE(pins.Close().ok());
  EXPECT_FALSE(fs.Stat("/data/backup.pins").ok());
}

// Segments that were let go are unlinked while the files are pinned.
TEST(BackupPinsTest, AFileThatGoesMeanwhileIsLeftOutAndOtherFailuresAreTold) {
  for (const ErrorCode code : {ErrorCode::kNotFound, ErrorCode::kIo}) {
    file::MemoryFileSystem fs;
    ASSERT_TRUE(fs.CreateDirectories("/data/7-0").ok());
    for (const char* name : {"a", "b", "c"}) {
      ASSERT_TRUE(file::ReplaceFile(fs, fmt::format("/data/7-0/{}", name), name).ok());
    }
    file::FaultyFileSystem faulty(fs);
    BackupPins pins(faulty, "/data");
    ASSERT_TRUE(pins.Open().ok());
    faulty.Add({.kind = file::CallKind::kLink, .path_part = "7-0/b", .code = code});
    const auto rest = pins.PinRest("/data/7-0", {});
    ASSERT_EQ(rest.ok(), code == ErrorCode::kNotFound);
    if (!rest.ok()) {
      EXPECT_EQ(rest.error().code, ErrorCode::kIo);
      continue;
    }
    ASSERT_EQ(rest->size(), 2U);
    EXPECT_EQ(rest->at(0).path, "7-0/a");
    EXPECT_EQ(rest->at(1).path, "7-0/c");
  }
}

TEST(BackupPinsTest, PinsThatCantBeRemovedAreTold) {
  file::MemoryFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectories("/data").ok());
  file::FaultyFileSystem faulty(fs);
  BackupPins pins(faulty, "/data");
  ASSERT_TRUE(pins.Open().ok());
  faulty.Add({.path_part = "backup.pins"});
  EXPECT_EQ(pins.Close().error().code, ErrorCode::kIo);
  EXPECT_TRUE(pins.Close().ok());
}

}  // namespace
}  // namespace logboom::broker
