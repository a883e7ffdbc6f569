// A backup of a broker at work, and the data directory that is made from it.
#include <gtest/gtest.h>

#include "broker/storage/restore.h"
#include "lib/file/trees.h"
#include "lib/record/batch_view.h"
#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

using State = BackupStatus::State;

class BackupTest : public testing::Test {
 protected:
  void SetUp() override {
    rig_.store.SetCopies(&rig_.fs);
    rig_.MustOpen();
    ASSERT_TRUE(rig_.CreateTopic("web", 2, {{"segment.bytes", "1048576"}}).ok());
    where_ = rig_.Where("web");
    ASSERT_TRUE(rig_.disk.CreateDirectories("/backups").ok());
  }
  // Records "<from>", "<from + 1>"..., each a batch of its own.
  void Append(int from, int count) {
    for (int i = from; i < from + count; ++i) {
      ASSERT_TRUE(rig_.Append(where_, {std::to_string(i) + std::string(300'000, '.')}).ok());
      if (i % 5 == 0) rig_.Tick();
    }
  }
  BackupStatus Await() {
    for (int i = 0; i < 1000 && rig_.engine->backup().state == State::kRunning; ++i) rig_.Tick();
    return rig_.engine->backup();
  }
  BackupStatus BackUp(const std::string& directory) {
    const Status begun = rig_.engine->StartBackup(directory);
    EXPECT_TRUE(begun.ok()) << begun.error().message;
    return Await();
  }
  Status Restore(const std::string& directory, std::int64_t after_ms = 0) {
    auto restored = RestoreBackup(rig_.disk, directory, "/data", rig_.now().wall + after_ms, {});
    return restored.ok() ? Ok() : Status(restored.error());
  }
  // The data directory is lost, and comes back from the backup.
  void LoseAndRestore(const std::string& directory, std::int64_t after_ms = 0) {
    rig_.Kill();
    ASSERT_TRUE(file::RemoveTree(rig_.disk, "/data").ok());
    const Status restored = Restore(directory, after_ms);
    ASSERT_TRUE(restored.ok()) << restored.error().message;
    ASSERT_TRUE(rig_.store.TakeCopy(rig_.disk, "/data/metadata.sqlite").ok());
    rig_.MustOpen();
  }
  // The numbers that Append wrote.
  std::vector<int> Numbers() {
    std::vector<int> numbers;
    Offset from = rig_.State(where_).log_start;
    while (from < rig_.State(where_).durable_end) {
      auto fetched = rig_.engine->Fetch(where_, from, 1U << 24U);
      EXPECT_TRUE(fetched.ok()) << fetched.error().message;
      if (!fetched.ok() || fetched->next_offset <= from) break;
      EXPECT_TRUE(fetched->unreadable.empty());
      from = fetched->next_offset;
      ByteView rest = fetched->bytes;
      while (!rest.empty()) {
        auto header = record::ParseBatchHeader(rest);
        record::BatchReader reader;
        EXPECT_TRUE(reader.Open(rest.substr(0, header->size_bytes())).ok());
        for (auto record = reader.Next(); record.ok() && *record; record = reader.Next()) {
          numbers.push_back(std::stoi(std::string(*(*record)->value)));
        }
        rest.remove_prefix(header->size_bytes());
      }
    }
    return numbers;
  }
  static std::vector<int> UpTo(int count, int from = 0) {
    std::vector<int> numbers;
    for (int i = from; i < count; ++i) numbers.push_back(i);
    return numbers;
  }

  EngineRig rig_;
  TopicPartition where_;
};

TEST_F(BackupTest, ARestoredDirectoryHoldsWhatWasDurableAtTheStart) {
  Append(0, 50);
  rig_.Settle();
  ASSERT_GT(rig_.State(where_).segments, 3);
  const LeaderEpoch epoch = rig_.State(where_).leader_epoch;
  const Uuid cluster = rig_.engine->cluster_id();
  const BackupStatus status = BackUp("/backups/one");
  ASSERT_EQ(status.state, State::kDone) << status.error->message;
  EXPECT_EQ(status.partitions_done, 2U);
  EXPECT_GT(status.bytes_linked, 0);
  EXPECT_FALSE(rig_.disk.Stat("/data/backup.pins").ok());
  Append(50, 10);
  rig_.Settle();
  LoseAndRestore("/backups/one");
  EXPECT_EQ(Numbers(), UpTo(50));
  EXPECT_EQ(rig_.engine->cluster_id(), cluster);
  EXPECT_EQ(rig_.engine->directory().restore_count(), 1U);
  EXPECT_GT(rig_.State(where_).leader_epoch, epoch + 1);
  EXPECT_EQ(*rig_.engine->EndOfEpoch(where_, epoch), Offset{50}) << "readers behind it are told";
  EXPECT_EQ(rig_.engine->FindTopic("web")->config.at("segment.bytes"), "1048576");
  Append(50, 10);
  rig_.Settle();
  EXPECT_EQ(Numbers(), UpTo(60));
}

TEST_F(BackupTest, WhatIsAppendedWhileItIsMadeStaysOutAndIsNotDisturbed) {
  Append(0, 33);
  rig_.Settle();
  ASSERT_TRUE(rig_.engine->StartBackup("/backups/one").ok());
  for (int i = 33; rig_.engine->backup().state == State::kRunning; i += 3) {
    Append(i, 3);  // the segment that held the end at the cut is rolled meanwhile
    rig_.Tick();
  }
  ASSERT_EQ(rig_.engine->backup().state, State::kDone);
  rig_.Settle();
  const std::size_t appended = Numbers().size();
  EXPECT_GT(appended, 50U);
  LoseAndRestore("/backups/one");
  const std::vector<int> restored = Numbers();
  EXPECT_EQ(restored, UpTo(static_cast<int>(restored.size())));
  EXPECT_GE(restored.size(), 33U);
  EXPECT_LT(restored.size(), appended);
}

TEST_F(BackupTest, TheMetadataAreThoseOfTheCut) {
  const auto put = [this](const std::string& key) {
    MetadataTransaction transaction;
    transaction.Put(Table::kAgent, key, "v");
    rig_.engine->Commit(std::move(transaction), [](const Status&) {});
  };
  rig_.writes.Hold();
  put("before");
  ASSERT_TRUE(rig_.engine->StartBackup("/backups/one").ok());
  rig_.Tick();
  rig_.Tick();
  put("behind");
  rig_.writes.Release();
  ASSERT_EQ(Await().state, State::kDone);
  LoseAndRestore("/backups/one");
  const auto rows = rig_.engine->TakeRows(Table::kAgent);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.front().key, "before");
}

TEST_F(BackupTest, RetentionMeanwhileTakesNothingOutOfItsPlace) {
  Append(0, 50);
  rig_.Settle();
  ASSERT_TRUE(rig_.engine->StartBackup("/backups/one").ok());
  rig_.Tick();
  rig_.Tick();  // the cut is made
  ASSERT_TRUE(rig_.AlterTopic("web", {{"retention.bytes", "2000000"}}).ok());
  rig_.Tick(60'000);
  ASSERT_EQ(Await().state, State::kDone);
  ASSERT_GT(rig_.State(where_).log_start, Offset{0});
  LoseAndRestore("/backups/one");
  const std::vector<int> restored = Numbers();
  ASSERT_FALSE(restored.empty());
  EXPECT_EQ(restored, UpTo(50, restored.front()));
}

TEST_F(BackupTest, ATopicThatIsDeletedMeanwhileComesBackEmpty) {
  Append(0, 20);
  rig_.Settle();
  ASSERT_TRUE(rig_.engine->StartBackup("/backups/one").ok());
  rig_.Tick();
  rig_.Tick();
  ASSERT_TRUE(rig_.DeleteTopic("web").ok());
  const BackupStatus status = Await();
  ASSERT_EQ(status.state, State::kDone) << status.error->message;
  LoseAndRestore("/backups/one");
  ASSERT_NE(rig_.engine->FindTopic("web"), nullptr);
  EXPECT_LE(Numbers().size(), 20U);
}

TEST_F(BackupTest, TwoRestoresOfOneBackupGiveOutDifferentEpochs) {
  Append(0, 10);
  rig_.Settle();
  ASSERT_EQ(BackUp("/backups/one").state, State::kDone);
  LoseAndRestore("/backups/one");
  const LeaderEpoch first = rig_.State(where_).leader_epoch;
  const std::uint32_t first_id = rig_.engine->directory().restore_id();
  EXPECT_NE(first_id, 0U);
  rig_.Tick(5'000);
  LoseAndRestore("/backups/one");
  EXPECT_NE(rig_.engine->directory().restore_id(), first_id) << "agents are told";
  EXPECT_GT(rig_.State(where_).leader_epoch, first);
  EXPECT_EQ(*rig_.engine->EndOfEpoch(where_, first), Offset{10});
}

TEST_F(BackupTest, EpochsRiseAlsoWhereTheClockIsFarBehind) {
  Append(0, 10);
  rig_.Settle();
  const LeaderEpoch before = rig_.State(where_).leader_epoch;
  ASSERT_EQ(BackUp("/backups/one").state, State::kDone);
  LoseAndRestore("/backups/one", -rig_.now().wall.value());
  EXPECT_GT(rig_.State(where_).leader_epoch, before);
  EXPECT_EQ(*rig_.engine->EndOfEpoch(where_, before), Offset{10});
  EXPECT_NE(rig_.engine->directory().restore_id(), 0U);
}

TEST_F(BackupTest, WhatRecoveryMendsInFinishedSegmentsIsNotThatOfTheBackup) {
  Append(0, 10);
  rig_.Settle();
  ASSERT_GT(rig_.State(where_).segments, 1);
  ASSERT_EQ(BackUp("/backups/one").state, State::kDone);
  // Recovery takes segments up again that are behind the last checkpoint.
  const std::string directory = fmt::format("/data/{}-0", rig_.engine->FindTopic("web")->number);
  for (const char* suffix : {".index", ".timeindex", ".appendtime"}) {
    const auto file = rig_.disk.Open(fmt::format("{}/{:020}{}", directory, 0, suffix),
                                     file::OpenMode::kReadWrite);
    ASSERT_TRUE(file.ok()) << suffix;
    ASSERT_TRUE((*file)->PWrite((*file)->Stat()->size_bytes, "mended").ok());
  }
  LoseAndRestore("/backups/one");
  EXPECT_EQ(Numbers(), UpTo(10));
}

// The newest snapshot of the producers, which stands where the active segment begins, is all that
// still knows of this one.
TEST_F(BackupTest, AProducerWhoseRecordsAreGoneIsKnownAfterARestore) {
  ASSERT_TRUE(
      rig_.AlterTopic("web", {{"segment.bytes", "1048576"}, {"retention.bytes", "0"}}).ok());
  record::BatchBuilder builder({.codec = record::Codec::kNone});
  builder.Add({.timestamp = rig_.now().wall, .key = {}, .value = "1", .headers = {}});
  builder.SetProducer(7, 0, 0);
  Bytes batch(*builder.Finish());
  const auto header = *record::ParseBatchHeader(batch);
  ASSERT_EQ(rig_.engine->JudgeProducer(where_, header)->kind, ProducerVerdict::Kind::kFresh);
  ASSERT_TRUE(rig_.engine->Append(where_, batch.data(), header, rig_.now()).ok());
  Append(0, 5);
  rig_.Settle();
  for (int i = 0; i < 40; ++i) rig_.Tick(1'000);
  ASSERT_EQ(rig_.State(where_).segments, 1);
  ASSERT_GT(rig_.State(where_).log_start, Offset{0});
  ASSERT_EQ(BackUp("/backups/one").state, State::kDone);
  LoseAndRestore("/backups/one");
  EXPECT_EQ(rig_.engine->JudgeProducer(where_, header)->kind, ProducerVerdict::Kind::kDuplicate);
}

TEST_F(BackupTest, PlacesThatCannotBeAreRefused) {
  const auto refused = [this](const std::string& directory) {
    const BackupStatus status = BackUp(directory);
    EXPECT_EQ(status.state, State::kFailed) << directory;
    return status.error ? status.error->code : ErrorCode::kIo;
  };
  EXPECT_EQ(refused("backups/one"), ErrorCode::kInvalid);
  EXPECT_EQ(refused("/"), ErrorCode::kInvalid);
  EXPECT_EQ(refused("/data/one"), ErrorCode::kInvalid);
  EXPECT_EQ(refused("/data/quarantine/one/"), ErrorCode::kNotFound);
  EXPECT_EQ(refused("/none/one"), ErrorCode::kNotFound);
  ASSERT_TRUE(rig_.disk.CreateDirectories("/backups/taken/x").ok());
  EXPECT_EQ(refused("/backups/taken"), ErrorCode::kExists);
  ASSERT_TRUE(rig_.disk.CreateDirectories("/backups/old.incomplete").ok());
  EXPECT_EQ(refused("/backups/old"), ErrorCode::kExists);
  ASSERT_TRUE(rig_.disk.CreateDirectories("/backups/empty").ok());
  EXPECT_EQ(BackUp("/backups/empty").state, State::kDone);
}

TEST_F(BackupTest, OneAtATime) {
  ASSERT_TRUE(rig_.engine->StartBackup("/backups/one").ok());
  EXPECT_EQ(rig_.engine->StartBackup("/backups/two").error().code, ErrorCode::kBusy);
  EXPECT_EQ(Await().state, State::kDone);
  EXPECT_EQ(BackUp("/backups/two").state, State::kDone);
}

TEST_F(BackupTest, WithoutRoomNothingIsLeftOfIt) {
  Append(0, 30);
  rig_.Settle();
  rig_.disk.SetCapacity(rig_.disk.SpaceOf("/")->total_bytes -
                        rig_.disk.SpaceOf("/")->available_bytes + (1 << 20));
  const BackupStatus status = BackUp("/backups/one");
  ASSERT_EQ(status.state, State::kFailed);
  EXPECT_EQ(status.error->code, ErrorCode::kNoSpace);
  EXPECT_TRUE(rig_.disk.List("/backups")->empty());
  EXPECT_FALSE(rig_.disk.Stat("/data/backup.pins").ok());
}

// Whichever call fails, the broker goes on, and nothing that looks like a backup is left.
TEST_F(BackupTest, AFailureLeavesNoBackupAndDoesNotHarmTheBroker) {
  Append(0, 20);
  rig_.Settle();
  int failed = 0;
  std::size_t faults = 0;
  for (std::uint64_t call = 0;; ++call) {
    rig_.fs.Add({.path_part = "/backups/", .after_calls = call});
    const BackupStatus status = BackUp("/backups/one");
    const bool done = status.state == State::kDone;
    rig_.fs.Heal();
    if (rig_.fs.faults().size() == faults) break;
    SCOPED_TRACE(call);
    if (!done) {
      EXPECT_NE(status.error->message.find("injected fault"), std::string::npos);
    } else {
      const auto whole = RestoreBackup(rig_.disk, "/backups/one", "/tried", rig_.now().wall, {});
      ASSERT_TRUE(whole.ok()) << whole.error().message;
      ASSERT_TRUE(file::RemoveTree(rig_.disk, "/tried").ok());
    }
    faults = rig_.fs.faults().size();
    ASSERT_FALSE(rig_.engine->failure());
    failed += done ? 0 : 1;
    // The last step, the sync of its name, may fail when all of it is there.
    const bool there = rig_.disk.Stat("/backups/one").ok();
    ASSERT_TRUE(done ? there : true);
    ASSERT_EQ(rig_.disk.Stat("/backups/one/backup.manifest").ok(), there);
    for (const char* name : {"/backups/one", "/backups/one.incomplete"}) {
      if (!rig_.disk.Stat(name).ok()) continue;
      ASSERT_TRUE(file::RemoveTree(rig_.disk, name).ok());
    }
  }
  EXPECT_GT(failed, 50);
  Append(20, 5);
  rig_.Settle();
  EXPECT_EQ(Numbers(), UpTo(25));
}

TEST_F(BackupTest, PinsOfAnEarlierOneThatStayAreToldBeforeItBegins) {
  Append(0, 5);
  rig_.Settle();
  ASSERT_TRUE(rig_.disk.CreateDirectories("/data/backup.pins").ok());
  ASSERT_TRUE(file::ReplaceFile(rig_.disk, "/data/backup.pins/one", "left").ok());
  rig_.fs.Add({.kind = file::CallKind::kRemove, .path_part = "backup.pins"});
  EXPECT_EQ(BackUp("/backups/one").state, State::kFailed);
  EXPECT_EQ(BackUp("/backups/one").state, State::kDone);
}

TEST_F(BackupTest, ARestoreFindsEachChangedByte) {
  Append(0, 20);
  rig_.Settle();
  ASSERT_EQ(BackUp("/backups/one").state, State::kDone);
  rig_.Kill();
  ASSERT_TRUE(file::RemoveTree(rig_.disk, "/data").ok());
  const auto manifest = ParseBackupManifest(
      *file::ReadWholeFile(rig_.disk, "/backups/one/backup.manifest", 1U << 20U));
  ASSERT_TRUE(manifest.ok());
  for (const BackupFile& one : manifest->files) {
    if (one.size_bytes == 0 || one.path == "superblock") continue;
    const std::string path = "/backups/one/" + one.path;
    const Bytes whole = *file::ReadWholeFile(rig_.disk, path, 1U << 24U);
    Bytes changed = whole;
    changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
    for (const Bytes& wrong : {changed, whole.substr(1), whole + "x"}) {
      ASSERT_TRUE(file::ReplaceFile(rig_.disk, path, wrong).ok());
      const Status restored = Restore("/backups/one");
      ASSERT_FALSE(restored.ok()) << one.path;
      EXPECT_EQ(restored.error().code, ErrorCode::kCorrupt) << restored.error().message;
      EXPECT_FALSE(rig_.disk.Stat("/data/superblock").ok());
    }
    ASSERT_TRUE(file::ReplaceFile(rig_.disk, path, whole).ok());
  }
  EXPECT_TRUE(Restore("/backups/one").ok()) << "a failed one leaves the directory empty";
  EXPECT_EQ(Restore("/backups/one").error().code, ErrorCode::kExists);
}

TEST_F(BackupTest, WhatIsNoBackupIsToldSo) {
  const auto restored = RestoreBackup(rig_.disk, "/backups", "/new", TimestampMs{0}, {});
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code, ErrorCode::kNotFound);
  EXPECT_NE(restored.error().message.find("/backups: is not a backup"), std::string::npos)
      << restored.error().message;
}

TEST_F(BackupTest, ARestoreThatFailsSaysSoAndLeavesNothingToStartFrom) {
  Append(0, 6);
  rig_.Settle();
  const LeaderEpoch epoch = rig_.State(where_).leader_epoch;
  ASSERT_EQ(BackUp("/backups/one").state, State::kDone);
  rig_.Kill();
  file::FaultyFileSystem faulty(rig_.disk);
  int failed = 0;
  for (std::uint64_t call = 0;; ++call) {
    faulty.Heal();
    faulty.Add({.after_calls = call});
    ASSERT_TRUE(file::RemoveTree(rig_.disk, "/data").ok());
    const auto restored = RestoreBackup(faulty, "/backups/one", "/data", rig_.now().wall, {});
    if (faulty.faults().size() == static_cast<std::size_t>(failed)) break;
    ++failed;
    SCOPED_TRACE(faulty.faults().back().path);
    if (!restored.ok()) {
      EXPECT_NE(restored.error().message.find("injected fault"), std::string::npos);
    }
    // The last step, the sync of the superblock's name, may fail when all of it is there.
    const bool starts = rig_.disk.Stat("/data/superblock").ok();
    ASSERT_GE(starts, restored.ok());
    if (!starts) continue;
    ASSERT_TRUE(rig_.store.TakeCopy(rig_.disk, "/data/metadata.sqlite").ok());
    rig_.MustOpen();
    EXPECT_EQ(Numbers(), UpTo(6));
    ASSERT_GT(rig_.State(where_).leader_epoch, epoch) << "readers would be given other records";
    rig_.Kill();
  }
  EXPECT_GT(failed, 50);
}

TEST_F(BackupTest, ACrashWhileItIsMadeLeavesNoneAndTheNextStartIsClean) {
  Append(0, 20);
  rig_.Settle();
  ASSERT_TRUE(rig_.engine->StartBackup("/backups/one").ok());
  for (int i = 0; i < 4; ++i) rig_.Tick();
  ASSERT_TRUE(rig_.disk.Stat("/data/backup.pins").ok());
  rig_.Crash();
  EXPECT_FALSE(rig_.disk.Stat("/backups/one").ok());
  rig_.MustOpen();
  EXPECT_FALSE(rig_.disk.Stat("/data/backup.pins").ok());
  EXPECT_EQ(Numbers(), UpTo(20));
}

}  // namespace
}  // namespace logboom::broker
