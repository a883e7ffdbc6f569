#include "broker/storage/data_directory.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "broker/storage/manifest.h"
#include "broker/storage/superblock.h"
#include "lib/file/faulty_file_system.h"
#include "lib/file/memory_file_system.h"
#include "lib/segment/slot_file.h"

namespace logboom::broker {
namespace {

const std::string kPath = "/var/data";

class DataDirectoryTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<DataDirectory>> Open() { return DataDirectory::Open(fs_, kPath, random_); }
  PartitionIdentity Identity(std::uint32_t number, int partition) {
    return {.topic_name = "logs",
            .topic_id = Uuid::Make(random_),
            .topic_number = number,
            .partition = PartitionIndex(partition)};
  }
  void FlipByte(const std::string& path, std::int64_t position) {
    const auto file = fs_.Open(path, file::OpenMode::kReadWrite);
    char byte = 0;
    ASSERT_TRUE((*file)->PRead(position, std::span(&byte, 1)).ok());
    byte = static_cast<char>(byte ^ 1);
    ASSERT_TRUE((*file)->PWrite(position, ByteView(&byte, 1)).ok());
  }

  file::MemoryFileSystem fs_;
  SeededRandom random_{42};
};

TEST_F(DataDirectoryTest, KeepsItsClusterId) {
  const Uuid id = (*Open())->cluster_id();
  EXPECT_FALSE(id.nil());
  EXPECT_EQ((*Open())->cluster_id(), id);
  fs_.Crash(random_);
  EXPECT_EQ((*Open())->cluster_id(), id);
}

TEST_F(DataDirectoryTest, ASecondBrokerIsRefused) {
  const auto first = Open();
  ASSERT_TRUE(first.ok());
  const auto other = fs_.AnotherProcess();
  const auto second = DataDirectory::Open(*other, kPath, random_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
}

TEST_F(DataDirectoryTest, ATornSuperblockSlotLeavesTheOther) {
  const Uuid id = (*Open())->cluster_id();
  for (const std::int64_t slot : {0, 1}) {
    const std::int64_t at = slot * static_cast<std::int64_t>(segment::kSlotBytes) + 30;
    FlipByte(kPath + "/superblock", at);
    EXPECT_EQ((*Open())->cluster_id(), id);
    FlipByte(kPath + "/superblock", at);
  }
}

TEST_F(DataDirectoryTest, ABrokenSuperblockIsRefused) {
  ASSERT_TRUE(Open().ok());
  FlipByte(kPath + "/superblock", 30);
  FlipByte(kPath + "/superblock", static_cast<std::int64_t>(segment::kSlotBytes) + 30);
  EXPECT_EQ(Open().error().code, ErrorCode::kCorrupt);
}

TEST_F(DataDirectoryTest, AMissingSuperblockBesideDataIsRefused) {
  ASSERT_TRUE((*Open())->CreatePartition(Identity(1, 0)).ok());
  ASSERT_TRUE(fs_.Remove(kPath + "/superblock").ok());
  EXPECT_EQ(Open().error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(fs_.Stat(kPath + "/superblock").ok());
}

// Whatever says that there was a broker here before.
TEST_F(DataDirectoryTest, AMissingSuperblockIsMadeOnlyWhereNothingOfABrokerIs) {
  const std::map<std::string, bool> names = {
      {"1-0", false},       {"123-4567", false}, {"manifest", false}, {"metadata.sqlite", false},
      {"lost+found", true}, {"1-", true},        {"-1", true},        {"1-0-0", true},
      {"1", true},          {"a-0", true},       {"lock", true},      {"1-0.creating", true},
  };
  for (const auto& [name, may_begin] : names) {
    SCOPED_TRACE(name);
    file::MemoryFileSystem fs;
    ASSERT_TRUE(fs.CreateDirectories(kPath + (name == "lock" ? "" : "/" + name)).ok());
    const auto opened = DataDirectory::Open(fs, kPath, random_);
    EXPECT_EQ(opened.ok(), may_begin);
    if (!opened.ok()) {
      EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
    }
    EXPECT_EQ(fs.Stat(kPath + "/superblock").ok(), may_begin);
  }
}

TEST_F(DataDirectoryTest, PartitionsAreWhatIsNamedSo) {
  const auto directory = Open();
  for (const char* name : {"1-0", "4294967295-2147483647", "4294967296-0", "1-2147483648", "1-",
                           "-1", "1-0-0", "x-0", "quarantine", "2-0.creating", "3-0.deleting"}) {
    ASSERT_TRUE(fs_.CreateDirectories(kPath + "/" + name).ok());
  }
  ASSERT_TRUE(file::ReplaceFile(fs_, kPath + "/5-0", "a file").ok());
  ASSERT_TRUE((*directory)->CreatePartition(Identity(9, 1)).ok());
  const auto listed = (*directory)->ListPartitions();
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ((*listed)[0].path, kPath + "/9-1");
  std::set<std::string> unreadable;
  for (const auto& one : (*directory)->unreadable_partitions()) {
    unreadable.insert(fmt::format("{}-{}", one.topic_number, one.partition));
  }
  EXPECT_EQ(unreadable, (std::set<std::string>{"1-0", "4294967295-2147483647"}));
  EXPECT_FALSE(fs_.Stat(kPath + "/2-0.creating").ok());
  EXPECT_FALSE(fs_.Stat(kPath + "/3-0.deleting").ok());
  EXPECT_TRUE(fs_.Stat(kPath + "/x-0").ok());
  ASSERT_TRUE((*directory)->ListPartitions().ok());
  EXPECT_EQ((*directory)->unreadable_partitions().size(), 2U) << "as of the last call";
}

TEST_F(DataDirectoryTest, WhoKnowsAPartitionReadsNothingInIt) {
  const auto directory = Open();
  const PartitionIdentity stored = Identity(9, 1);
  ASSERT_TRUE((*directory)->CreatePartition(stored).ok());
  PartitionIdentity told = stored;
  told.topic_name = "as told";
  ASSERT_TRUE(fs_.CreateDirectories(kPath + "/4294967296-1").ok()) << "a number out of range";
  const auto listed =
      (*directory)
          ->ListPartitions([&](std::uint32_t number,
                               PartitionIndex partition) -> std::optional<PartitionIdentity> {
            if (number != 9 || partition != PartitionIndex(1)) return std::nullopt;
            return told;
          });
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ((*listed)[0].identity, told);
  EXPECT_EQ((*directory)->ListPartitions({})->at(0).identity, stored);
}

TEST_F(DataDirectoryTest, AnIdentityIsWrittenAnewOnlyWhereItDoesNotSaySo) {
  const auto directory = Open();
  const PartitionIdentity identity = Identity(9, 1);
  const std::string path = *(*directory)->CreatePartition(identity);
  const std::string metadata = path + "/partition.metadata";
  const Bytes whole = *file::ReadWholeFile(fs_, metadata, 10'000);
  PartitionIdentity other = identity;
  other.topic_name = "other";
  ASSERT_TRUE((*directory)->CheckIdentity({other, path}).ok());
  EXPECT_NE(*file::ReadWholeFile(fs_, metadata, 10'000), whole);
  for (const bool lost : {true, false}) {
    if (lost) {
      ASSERT_TRUE(fs_.Remove(metadata).ok());
    } else {
      FlipByte(metadata, 3);
    }
    ASSERT_TRUE((*directory)->CheckIdentity({identity, path}).ok());
    EXPECT_EQ(*file::ReadWholeFile(fs_, metadata, 10'000), whole);
  }
  EXPECT_TRUE((*directory)->CheckIdentity({identity, kPath + "/8-0"}).ok()) << "it may be gone";
  EXPECT_FALSE(fs_.Stat(kPath + "/8-0").ok());
  // What can't be read just now stays, and what is right is not written.
  file::FaultyFileSystem faulty(fs_);
  auto through = DataDirectory::Open(faulty, "/var/other", random_);
  ASSERT_TRUE(through.ok());
  faulty.Add({.kind = file::CallKind::kRead, .path_part = "partition.metadata"});
  const std::uint64_t writes = faulty.calls(file::CallKind::kWrite);
  EXPECT_TRUE((*through)->CheckIdentity({other, path}).ok());
  EXPECT_TRUE((*through)->CheckIdentity({identity, path}).ok());
  EXPECT_EQ(faulty.calls(file::CallKind::kWrite), writes);
}

TEST_F(DataDirectoryTest, EachFailedCallIsTold) {
  std::set<std::string> untold;
  for (std::uint64_t call = 0;; ++call) {
    file::MemoryFileSystem fs;
    file::FaultyFileSystem faulty(fs);
    faulty.Add({.after_calls = call});
    const auto live = [&]() -> Status {
      for (int life = 0; life < 2; ++life) {
        ASSIGN_OR_RETURN(const auto directory, DataDirectory::Open(faulty, kPath, random_));
        ASSIGN_OR_RETURN(const auto found, directory->ListPartitions());
        if (life == 1 && found.size() != 1)
          return Fail(ErrorCode::kNotFound, "a partition is gone");
        ASSIGN_OR_RETURN(const std::string path, directory->CreatePartition(Identity(5, life)));
        RETURN_IF_ERROR(directory->WriteManifest({}));
        RETURN_IF_ERROR(directory->MarkFailed("a sync"));
        RETURN_IF_ERROR(directory->ClearFailed());
        RETURN_IF_ERROR(directory->RemoveManifest());
        if (life == 1) RETURN_IF_ERROR(directory->DeletePartition(path));
        RETURN_IF_ERROR(fs.CreateDirectories(kPath + "/backup.pins/x"));
        RETURN_IF_ERROR(fs.CreateDirectories(kPath + "/5-1.creating"));
      }
      return Ok();
    };
    const Status lived = live();
    if (faulty.faults().empty()) {
      ASSERT_TRUE(lived.ok()) << lived.error().message;
      break;
    }
    const file::InjectedFault fault = faulty.faults()[0];
    if (lived.ok()) {
      untold.insert(fmt::format("{} {}", file::CallKindName(fault.kind),
                                fault.path.substr(fault.path.rfind('/') + 1)));
    }
  }
  // A mark that can't be read counts as one; what can't be looked at is made, which tells.
  EXPECT_EQ(untold, (std::set<std::string>{"open FAILED", "stat ", "stat 5-0", "stat 5-1",
                                           "stat data", "stat var"}));
}

TEST_F(DataDirectoryTest, UnknownFeaturesAreRefusedUnlessCompatible) {
  ASSERT_TRUE(Open().ok());
  Superblock superblock = *ReadSuperblock(fs_, kPath);
  superblock.features.compatible = 1;
  ASSERT_TRUE(WriteSuperblock(fs_, kPath, superblock).ok());
  EXPECT_TRUE(Open().ok());
  superblock.features.read_only_compatible = 1;
  ASSERT_TRUE(WriteSuperblock(fs_, kPath, superblock).ok());
  EXPECT_EQ(Open().error().code, ErrorCode::kUnsupported);
  superblock.features = {.compatible = 0, .read_only_compatible = 0, .incompatible = 2};
  ASSERT_TRUE(WriteSuperblock(fs_, kPath, superblock).ok());
  EXPECT_EQ(Open().error().code, ErrorCode::kUnsupported);
}

Manifest SomeManifest(Random& random) {
  Manifest manifest;
  manifest.clean = true;
  for (int i = 0; i < 3; ++i) {
    PartitionCheckpoint checkpoint;
    checkpoint.topic_id = Uuid::Make(random);
    checkpoint.partition = PartitionIndex(i);
    checkpoint.recovery_point = Offset(1000 + i);
    checkpoint.segment_base = Offset(900);
    checkpoint.position = FilePosition(12345);
    checkpoint.max_append_time = TimestampMs(99);
    checkpoint.segment_totals.size_bytes = 12345;
    checkpoint.segment_totals.records = 100;
    checkpoint.settled = std::make_shared<SettledLog>(
        SettledLog{.log_start = Offset(i),
                   .epochs = {{LeaderEpoch(0), Offset(0)}, {LeaderEpoch(3), Offset(i)}},
                   .sealed = {{Offset(0), 4096}, {Offset(i + 1), 1}}});
    manifest.partitions.push_back(checkpoint);
  }
  return manifest;
}

TEST_F(DataDirectoryTest, TheManifestSurvivesACrash) {
  const auto directory = Open();
  const Manifest manifest = SomeManifest(random_);
  ASSERT_TRUE((*directory)->WriteManifest(manifest).ok());
  fs_.Crash(random_);
  const auto again = Open();
  const Manifest read = (*again)->ReadManifest();
  EXPECT_TRUE(read.clean);
  ASSERT_EQ(read.partitions.size(), 3U);
  EXPECT_EQ(read.partitions[2].topic_id, manifest.partitions[2].topic_id);
  EXPECT_EQ(read.partitions[2].recovery_point, Offset(1002));
  EXPECT_EQ(read.partitions[2].segment_totals, manifest.partitions[2].segment_totals);
  ASSERT_NE(read.partitions[2].settled, nullptr);
  EXPECT_EQ(*read.partitions[2].settled, *manifest.partitions[2].settled);
}

TEST_F(DataDirectoryTest, ARemovedManifestReadsAsUncleanAlsoAfterACrash) {
  const auto directory = Open();
  ASSERT_TRUE((*directory)->RemoveManifest().ok()) << "there is none yet";
  ASSERT_TRUE((*directory)->WriteManifest(SomeManifest(random_)).ok());
  ASSERT_TRUE((*directory)->RemoveManifest().ok());
  fs_.Crash(random_);
  const auto again = Open();
  EXPECT_FALSE((*again)->ReadManifest().clean);
}

TEST_F(DataDirectoryTest, ABrokenManifestReadsAsUnclean) {
  const auto directory = Open();
  EXPECT_FALSE((*directory)->ReadManifest().clean);
  ASSERT_TRUE((*directory)->WriteManifest(SomeManifest(random_)).ok());
  FlipByte(kPath + "/manifest", 40);
  EXPECT_FALSE((*directory)->ReadManifest().clean);
  EXPECT_TRUE((*directory)->ReadManifest().partitions.empty());
}

TEST_F(DataDirectoryTest, CreatedPartitionsAreListedAfterACrash) {
  const auto directory = Open();
  const PartitionIdentity identity = Identity(7, 3);
  const Result<std::string> path = (*directory)->CreatePartition(identity);
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(*path, kPath + "/7-3");
  EXPECT_EQ((*directory)->CreatePartition(identity).error().code, ErrorCode::kExists);
  fs_.Crash(random_);
  const auto again = Open();
  const auto partitions = (*again)->ListPartitions();
  ASSERT_EQ(partitions->size(), 1U);
  EXPECT_EQ((*partitions)[0].path, *path);
  EXPECT_EQ((*partitions)[0].identity.topic_id, identity.topic_id);
  EXPECT_EQ((*partitions)[0].identity.topic_name, "logs");
  EXPECT_EQ((*partitions)[0].identity.topic_number, 7U);
  EXPECT_EQ((*partitions)[0].identity.partition, PartitionIndex(3));
}

TEST_F(DataDirectoryTest, ACrashWhileCreatingLeavesAllOrNothing) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    file::MemoryFileSystem fs;
    auto directory = *DataDirectory::Open(fs, kPath, random);
    fs.FailNextSync(seed % 2 == 0 ? kPath : kPath + "/1-0.creating/partition.metadata.tmp");
    EXPECT_FALSE(directory->CreatePartition(Identity(1, 0)).ok());
    fs.Crash(random);
    directory.reset();
    directory = *DataDirectory::Open(fs, kPath, random);
    const auto partitions = directory->ListPartitions();
    ASSERT_TRUE(partitions.ok());
    EXPECT_TRUE(directory->unreadable_partitions().empty());
    if (partitions->empty()) {
      EXPECT_TRUE(directory->CreatePartition(Identity(1, 0)).ok());
    }
  }
}

TEST_F(DataDirectoryTest, ADeletedPartitionIsGoneForGood) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    file::MemoryFileSystem fs;
    auto directory = *DataDirectory::Open(fs, kPath, random);
    const std::string path = *directory->CreatePartition(Identity(1, 0));
    ASSERT_TRUE(directory->DeletePartition(path).ok());
    fs.Crash(random);
    directory.reset();
    directory = *DataDirectory::Open(fs, kPath, random);
    EXPECT_TRUE(directory->ListPartitions()->empty());
    EXPECT_FALSE(fs.Stat(path).ok());
    EXPECT_FALSE(fs.Stat(path + ".deleting").ok());
  }
}

TEST_F(DataDirectoryTest, APartitionWithoutReadableMetadataIsToldAndLeftAlone) {
  const auto directory = Open();
  const std::string path = *(*directory)->CreatePartition(Identity(1, 0));
  FlipByte(path + "/partition.metadata", 3);
  EXPECT_TRUE((*directory)->ListPartitions()->empty());
  EXPECT_EQ((*directory)->unreadable_partitions().size(), 1U);
  EXPECT_TRUE(fs_.Stat(path).ok());
}

TEST_F(DataDirectoryTest, TheFailedMarkStaysUntilCleared) {
  {
    const auto directory = Open();
    EXPECT_FALSE((*directory)->failed());
    ASSERT_TRUE((*directory)->MarkFailed("sync failed").ok());
  }
  fs_.Crash(random_);
  {
    const auto directory = Open();
    EXPECT_EQ((*directory)->failed(), "sync failed");
    ASSERT_TRUE((*directory)->ClearFailed().ok());
    ASSERT_TRUE((*directory)->ClearFailed().ok());
  }
  fs_.Crash(random_);
  EXPECT_FALSE((*Open())->failed());
}

}  // namespace
}  // namespace logboom::broker
