#include "broker/metadata/sqlite_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "lib/file/faulty_file_system.h"
#include "lib/file/posix_file_system.h"
#include "tests/lib/file/temp_directory.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kForeverMs = 4'000'000'000'000;

Bytes ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

void WriteAll(const std::string& path, ByteView bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// Replaces the only place of `from` in the file, as bit rot would.
void Rot(const std::string& path, ByteView from, ByteView to) {
  Bytes bytes = ReadAll(path);
  const std::size_t at = bytes.find(from);
  ASSERT_NE(at, Bytes::npos) << path << " does not hold " << from;
  ASSERT_EQ(bytes.find(from, at + 1), Bytes::npos);
  bytes.replace(at, from.size(), to);
  WriteAll(path, bytes);
}

class SqliteStoreTest : public testing::Test {
 protected:
  Result<OpenedStore> TryOpen() {
    return OpenSqliteStore(fs_, directory_.path(), directory_ / "quarantine",
                           TimestampMs{kForeverMs});
  }
  std::unique_ptr<MetadataStore> Open() {
    auto opened = TryOpen();
    if (!opened.ok()) {
      ADD_FAILURE() << opened.error().message;
      return nullptr;
    }
    report_ = opened->report;
    return std::move(opened->store);
  }
  static void Put(MetadataStore& store, Table table, const Bytes& key, const Bytes& value,
                  bool renew_copy = false) {
    MetadataTransaction put;
    put.Put(table, key, value);
    put.renew_copy = renew_copy;
    const Status applied = store.Apply(put);
    ASSERT_TRUE(applied.ok()) << applied.error().message;
  }
  static std::vector<MetadataRow> Rows(MetadataStore& store) {
    auto rows = store.Load();
    EXPECT_TRUE(rows.ok());
    return rows.ok() ? *rows : std::vector<MetadataRow>{};
  }
  bool There(const std::string& name) const { return std::filesystem::exists(directory_ / name); }
  std::vector<std::string> Quarantined() const {
    std::vector<std::string> names;
    if (!There("quarantine")) return names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_ / "quarantine")) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  void ExpectNote(std::string_view part) {
    for (const std::string& note : report_.notes) {
      if (note.find(part) != std::string::npos) return;
    }
    ADD_FAILURE() << "no note holds '" << part << "'; there are " << report_.notes.size()
                  << (report_.notes.empty() ? "" : ": " + report_.notes[0]);
  }

  const std::string quarantined_database_ = fmt::format("metadata.sqlite-{}", kForeverMs);
  const std::string quarantined_copy_ = fmt::format("metadata.copy.sqlite-{}", kForeverMs);
  file::TempDirectory directory_;
  file::PosixFileSystem fs_;
  MetadataOpenReport report_;
};

TEST_F(SqliteStoreTest, ACopyToElsewhereIsAStoreOfItsOwn) {
  auto store = Open();
  Put(*store, Table::kTopic, "1", "a");
  ASSERT_TRUE(fs_.CreateDirectories(directory_ / "elsewhere").ok());
  const std::string path = directory_ / "elsewhere/metadata.sqlite";
  ASSERT_TRUE(store->CopyTo(path).ok());
  EXPECT_FALSE(store->CopyTo(path).ok()) << "it is there already";
  EXPECT_FALSE(store->CopyTo(directory_ / "none/metadata.sqlite").ok());
  Put(*store, Table::kTopic, "2", "b");
  EXPECT_EQ(Rows(*store).size(), 2U);
  auto copy = OpenSqliteStore(fs_, directory_ / "elsewhere", directory_ / "elsewhere/quarantine",
                              TimestampMs{kForeverMs});
  ASSERT_TRUE(copy.ok()) << copy.error().message;
  EXPECT_TRUE(copy->report.notes.empty());
  EXPECT_EQ(Rows(*copy->store), (std::vector<MetadataRow>{{Table::kTopic, "1", "a"}}));
}

TEST_F(SqliteStoreTest, BeginsEmptyAndSaysSo) {
  auto store = Open();
  EXPECT_TRUE(report_.created);
  EXPECT_TRUE(report_.notes.empty());
  EXPECT_TRUE(Rows(*store).empty());
}

TEST_F(SqliteStoreTest, KeepsAnyBytesInTheOrderOfTableAndKey) {
  const Bytes nul("\0\xFF\0", 3);
  {
    auto store = Open();
    Put(*store, Table::kSource, "b", nul);
    Put(*store, Table::kTopic, "z", "");
    Put(*store, Table::kSource, "a", Bytes(100'000, 'x'));
    Put(*store, Table::kSource, nul, "n");
    Put(*store, Table::kSource, "", "empty key");
  }
  auto store = Open();
  EXPECT_FALSE(report_.created);
  EXPECT_TRUE(report_.notes.empty());
  EXPECT_EQ(Rows(*store), (std::vector<MetadataRow>{{Table::kTopic, "z", ""},
                                                    {Table::kSource, "", "empty key"},
                                                    {Table::kSource, nul, "n"},
                                                    {Table::kSource, "a", Bytes(100'000, 'x')},
                                                    {Table::kSource, "b", nul}}));
}

TEST_F(SqliteStoreTest, ReplacesAndRemoves) {
  auto store = Open();
  Put(*store, Table::kTopic, "a", "1");
  Put(*store, Table::kTopic, "b", "1");
  MetadataTransaction change;
  change.Put(Table::kTopic, "a", "2");
  change.Remove(Table::kTopic, "b");
  change.Remove(Table::kTopic, "never there");
  change.Put(Table::kTopic, "c", "1");
  change.Put(Table::kTopic, "c", "3");
  ASSERT_TRUE(store->Apply(change).ok());
  EXPECT_EQ(Rows(*store),
            (std::vector<MetadataRow>{{Table::kTopic, "a", "2"}, {Table::kTopic, "c", "3"}}));
}

// What a kill leaves: the files of a database that was never closed.
TEST_F(SqliteStoreTest, EveryAppliedTransactionSurvivesAKill) {
  file::TempDirectory survivor;
  {
    auto store = Open();
    for (int i = 0; i < 50; ++i) {
      MetadataTransaction pair;
      pair.Put(Table::kSource, fmt::format("{:03}", i), "left");
      pair.Put(Table::kAgent, fmt::format("{:03}", i), "right");
      ASSERT_TRUE(store->Apply(pair).ok());
    }
    std::filesystem::copy(directory_.path(), survivor.path(),
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
  }
  auto opened = OpenSqliteStore(fs_, survivor.path(), survivor / "quarantine", TimestampMs{1});
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(Rows(*opened->store).size(), 100U);
}

TEST_F(SqliteStoreTest, ATransactionCutOffAnywhereIsThereWholeOrNotAtAll) {
  Bytes wal;
  Bytes database;
  {
    auto store = Open();
    for (int i = 0; i < 5; ++i) {
      MetadataTransaction pair;
      pair.Put(Table::kSource, fmt::format("{}", i), Bytes(3'000, 'l'));
      pair.Put(Table::kAgent, fmt::format("{}", i), Bytes(3'000, 'r'));
      ASSERT_TRUE(store->Apply(pair).ok());
    }
    wal = ReadAll(directory_ / "metadata.sqlite-wal");
    database = ReadAll(directory_ / "metadata.sqlite");
  }
  ASSERT_GT(wal.size(), 10'000U);
  for (std::size_t size = wal.size(); size > 1'111; size -= 1'111) {
    file::TempDirectory cut;
    WriteAll(cut / "metadata.sqlite", database);
    WriteAll(cut / "metadata.sqlite-wal", ByteView(wal).substr(0, size));
    auto opened = OpenSqliteStore(fs_, cut.path(), cut / "quarantine", TimestampMs{1});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    std::map<Bytes, int> halves;
    for (const MetadataRow& row : Rows(*opened->store)) ++halves[row.key];
    for (const auto& [key, count] : halves) EXPECT_EQ(count, 2) << key << " of " << size;
  }
}

TEST_F(SqliteStoreTest, ABadRowComesBackFromTheCopy) {
  {
    auto store = Open();
    Put(*store, Table::kAgent, "a", "the value of a", true);
    Put(*store, Table::kAgent, "b", "the value of b");
  }
  Rot(directory_ / "metadata.sqlite", "the value of a", "the vAlue of a");
  auto store = Open();
  ExpectNote("came back from the copy");
  EXPECT_EQ(Rows(*store), (std::vector<MetadataRow>{{Table::kAgent, "a", "the value of a"},
                                                    {Table::kAgent, "b", "the value of b"}}));
  store.reset();
  store = Open();
  EXPECT_TRUE(report_.notes.empty()) << "it was mended for good";
}

// It stays whatever its kind has become, without any copy; also where no search finds it now.
TEST_F(SqliteStoreTest, ARowWhoseKindHasRottedIsWhatItWas) {
  const Bytes key = "the key of a group's offset";
  const std::vector<MetadataRow> before = {{Table::kAgent, "a", "the value of a"},
                                           {Table::kCommittedOffset, key, "offset 7"},
                                           {Table::kProducerIds, "z", "the value of z"}};
  {
    auto store = Open();
    for (const MetadataRow& row : before) Put(*store, row.table, row.key, row.value);
  }
  const Bytes sound = ReadAll(directory_ / "metadata.sqlite");
  const std::size_t kind_at = sound.find(key) - 1;
  ASSERT_EQ(sound[kind_at], static_cast<char>(Table::kCommittedOffset));
  for (const int kind : {0, 1, 3, 5, 7, 9, 0x7F, 0x80, 0x86, 0xFF}) {
    Bytes rotten = sound;
    rotten[kind_at] = static_cast<char>(kind);
    WriteAll(directory_ / "metadata.sqlite", rotten);
    EXPECT_EQ(Rows(*Open()), before) << kind;
    ExpectNote("a consumer group's committed offset had lost its kind");
    EXPECT_EQ(Rows(*Open()), before) << kind;
    EXPECT_TRUE(report_.notes.empty()) << "it was mended for good";
  }
}

TEST_F(SqliteStoreTest, ABadRowThatTheCopyDoesNotHoldIsRemovedAndTold) {
  {
    auto store = Open();
    Put(*store, Table::kAgent, "a", "the value of a", true);
    Put(*store, Table::kAgent, "b", "the value of b");
  }
  Rot(directory_ / "metadata.sqlite", "the value of b", "the value Of b");
  auto store = Open();
  ExpectNote("was removed");
  EXPECT_EQ(Rows(*store), (std::vector<MetadataRow>{{Table::kAgent, "a", "the value of a"}}));
}

TEST_F(SqliteStoreTest, ABadRowWithoutAnyCopyIsRemovedAndTold) {
  {
    auto store = Open();
    Put(*store, Table::kAgent, "b", "the value of b");
  }
  Rot(directory_ / "metadata.sqlite", "the value of b", "the value Of b");
  auto store = Open();
  ExpectNote("was removed");
  EXPECT_TRUE(Rows(*store).empty());
}

// The position that comes back is older than the stamp says: spans between the two stand in the log
// alone, and only a log that is read again tells them.
TEST_F(SqliteStoreTest, AnOldPositionTakesTheStampsOfTheLogWithIt) {
  {
    auto store = Open();
    Put(*store, Table::kSource, "s", "position 100 of s");
    Put(*store, Table::kPositionStamp, "p", "as of 10", true);
    Put(*store, Table::kSource, "s", "position 900 of s");
    Put(*store, Table::kPositionStamp, "p", "as of 90");
  }
  Rot(directory_ / "metadata.sqlite", "position 900 of s", "position 900 of S");
  auto store = Open();
  ExpectNote("came back from the copy");
  EXPECT_EQ(Rows(*store), (std::vector<MetadataRow>{{Table::kSource, "s", "position 100 of s"}}));
}

TEST_F(SqliteStoreTest, ABadRowOfAnotherKindLeavesTheStamps) {
  {
    auto store = Open();
    Put(*store, Table::kAgent, "a", "the value of a", true);
    Put(*store, Table::kPositionStamp, "p", "as of 90");
  }
  Rot(directory_ / "metadata.sqlite", "the value of a", "the value Of a");
  EXPECT_EQ(Rows(*Open()).size(), 2U);
}

TEST_F(SqliteStoreTest, ACommittedOffsetComesBackFromTheCopyWhoseAgeIsTold) {
  {
    auto store = Open();
    Put(*store, Table::kCommittedOffset, "g", "offset 100 of g", true);
    Put(*store, Table::kCommittedOffset, "g", "offset 900 of g");
    Put(*store, Table::kCommittedOffset, "h", "offset 700 of h");
    Put(*store, Table::kPositionStamp, "p", "as of 90");
  }
  Rot(directory_ / "metadata.sqlite", "offset 900 of g", "offset 900 of G");
  Rot(directory_ / "metadata.sqlite", "offset 700 of h", "offset 700 of H");
  auto store = Open();
  EXPECT_EQ(Rows(*store),
            (std::vector<MetadataRow>{{Table::kPositionStamp, "p", "as of 90"},
                                      {Table::kCommittedOffset, "g", "offset 100 of g"}}));
  ExpectNote("committed offset had a wrong checksum and came back from the copy, which is ");
  ExpectNote(" min old: the group reads again");
  ExpectNote("committed offset had a wrong checksum and was removed");
}

TEST_F(SqliteStoreTest, CommittedOffsetsOfALostDatabaseAreThoseOfTheCopy) {
  {
    auto store = Open();
    Put(*store, Table::kCommittedOffset, "g", "offset 100 of g", true);
    Put(*store, Table::kCommittedOffset, "g", "offset 900 of g");
  }
  WriteAll(directory_ / "metadata.sqlite", Bytes(20'000, 'g'));
  auto store = Open();
  EXPECT_EQ(Rows(*store),
            (std::vector<MetadataRow>{{Table::kCommittedOffset, "g", "offset 100 of g"}}));
  ExpectNote("consumer groups go back to what they had committed by then");
}

TEST_F(SqliteStoreTest, ABrokenDatabaseGoesToQuarantineAndComesBackFromTheCopy) {
  {
    auto store = Open();
    Put(*store, Table::kTopic, "a", "1", true);
    Put(*store, Table::kTopic, "b", "after the copy");
  }
  WriteAll(directory_ / "metadata.sqlite", Bytes(20'000, 'g'));
  auto store = Open();
  EXPECT_FALSE(report_.created);
  ExpectNote("is broken");
  ExpectNote("came back from its copy");
  EXPECT_EQ(Rows(*store), (std::vector<MetadataRow>{{Table::kTopic, "a", "1"}}));
  EXPECT_EQ(Quarantined(), std::vector{quarantined_database_});
  EXPECT_EQ(ReadAll(directory_ / ("quarantine/" + quarantined_database_)), Bytes(20'000, 'g'));
  Put(*store, Table::kTopic, "c", "it takes writes");
  store.reset();
  EXPECT_EQ(Rows(*Open()).size(), 2U);
}

TEST_F(SqliteStoreTest, ADatabaseBrokenInTheMiddleIsNotTrusted) {
  {
    auto store = Open();
    MetadataTransaction many;
    for (int i = 0; i < 500; ++i) {
      many.Put(Table::kTopic, fmt::format("{:04}", i), Bytes(100, 'v'));
    }
    many.renew_copy = true;
    ASSERT_TRUE(store->Apply(many).ok());
    Put(*store, Table::kTopic, "after the copy", "v");
  }
  Bytes bytes = ReadAll(directory_ / "metadata.sqlite");
  for (std::size_t at = 4'096; at < bytes.size(); at += 4'096) bytes[at] = '\x7F';  // page types
  WriteAll(directory_ / "metadata.sqlite", bytes);
  auto store = Open();
  ExpectNote("is broken");
  EXPECT_EQ(Rows(*store).size(), 500U);
}

TEST_F(SqliteStoreTest, ABrokenDatabaseWithoutACopyBeginsAnewAndKeepsTheOldOne) {
  {
    auto store = Open();
    Put(*store, Table::kTopic, "a", "1");
  }
  WriteAll(directory_ / "metadata.sqlite", "garbage, and short");
  auto store = Open();
  EXPECT_TRUE(report_.created);
  ExpectNote("is broken");
  EXPECT_TRUE(Rows(*store).empty());
  EXPECT_EQ(Quarantined(), std::vector{quarantined_database_});
}

TEST_F(SqliteStoreTest, AMissingDatabaseComesBackFromTheCopy) {
  {
    auto store = Open();
    Put(*store, Table::kTopic, "a", "1", true);
  }
  std::filesystem::remove(directory_ / "metadata.sqlite");
  auto store = Open();
  EXPECT_FALSE(report_.created);
  ExpectNote("was missing");
  EXPECT_EQ(Rows(*store).size(), 1U);
  EXPECT_TRUE(Quarantined().empty());
}

// It would be replayed into the database that comes back.
TEST_F(SqliteStoreTest, AWriteAheadLogWithoutItsDatabaseIsNotReplayed) {
  Bytes wal;
  {
    auto store = Open();
    Put(*store, Table::kTopic, "a", "1", true);
    for (int i = 0; i < 20; ++i) Put(*store, Table::kTopic, fmt::format("{}", i), "in the log");
    wal = ReadAll(directory_ / "metadata.sqlite-wal");
  }
  std::filesystem::remove(directory_ / "metadata.sqlite");
  WriteAll(directory_ / "metadata.sqlite-wal", wal);
  auto store = Open();
  ExpectNote("was missing");
  EXPECT_EQ(Rows(*store), (std::vector<MetadataRow>{{Table::kTopic, "a", "1"}}));
  EXPECT_EQ(Quarantined(), std::vector{quarantined_database_ + "-wal"});
}

TEST_F(SqliteStoreTest, AnEmptiedDatabaseComesBackFromTheCopy) {
  {
    auto store = Open();
    Put(*store, Table::kTopic, "a", "1", true);
  }
  WriteAll(directory_ / "metadata.sqlite", "");
  auto store = Open();
  ExpectNote("it is empty");
  EXPECT_EQ(Rows(*store).size(), 1U);
}

TEST_F(SqliteStoreTest, BothBrokenBeginAnewAndBothAreKept) {
  {
    auto store = Open();
    Put(*store, Table::kTopic, "a", "1", true);
  }
  WriteAll(directory_ / "metadata.sqlite", Bytes(9'000, 'g'));
  WriteAll(directory_ / "metadata.copy.sqlite", Bytes(9'000, 'h'));
  auto store = Open();
  EXPECT_TRUE(report_.created);
  ExpectNote("the copy of the metadata is broken");
  EXPECT_TRUE(Rows(*store).empty());
  EXPECT_EQ(Quarantined(), (std::vector{quarantined_copy_, quarantined_database_}));
}

TEST_F(SqliteStoreTest, ABrokenCopyBesideASoundDatabaseIsReplacedAtTheNextRenewal) {
  {
    auto store = Open();
    Put(*store, Table::kTopic, "a", "1", true);
  }
  WriteAll(directory_ / "metadata.copy.sqlite", Bytes(9'000, 'h'));
  auto store = Open();
  EXPECT_EQ(Rows(*store).size(), 1U);
  ASSERT_TRUE(store->RenewCopy().ok());
  store.reset();
  std::filesystem::remove(directory_ / "metadata.sqlite");
  EXPECT_EQ(Rows(*Open()).size(), 1U);
}

TEST_F(SqliteStoreTest, AnotherSchemaVersionIsRefusedAndLeftAlone) {
  {
    auto store = Open();
    Put(*store, Table::kTopic, "a", "1", true);
  }
  Bytes bytes = ReadAll(directory_ / "metadata.sqlite");
  ASSERT_EQ(LoadBig<std::uint32_t>(bytes.data() + 60), 2U);  // user_version in SQLite's header
  StoreBig<std::uint32_t>(bytes.data() + 60, 3);
  WriteAll(directory_ / "metadata.sqlite", bytes);
  WriteAll(directory_ / "metadata.copy.sqlite", bytes);
  auto opened = TryOpen();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
  EXPECT_TRUE(Quarantined().empty());
  EXPECT_EQ(LoadBig<std::uint32_t>(ReadAll(directory_ / "metadata.sqlite").data() + 60), 3U);
}

// Bytes of the header and of the table's declaration: quick_check finds nothing wrong with them.
TEST_F(SqliteStoreTest, ARottenHeaderOrDeclarationComesBackFromTheCopy) {
  {
    auto store = Open();
    Put(*store, Table::kTopic, "a", "1", true);
  }
  const Bytes sound = ReadAll(directory_ / "metadata.sqlite");
  const std::size_t declaration = sound.find("kind INTEGER");
  ASSERT_NE(declaration, Bytes::npos);
  for (const std::size_t position : {std::size_t{18}, std::size_t{63}, declaration}) {
    Bytes rotten = sound;
    rotten[position] = static_cast<char>(rotten[position] ^ 0x14);
    WriteAll(directory_ / "metadata.sqlite", rotten);
    EXPECT_EQ(Rows(*Open()).size(), 1U) << position;
  }
}

TEST_F(SqliteStoreTest, OnlyOneProcessHasTheDatabase) {
  auto store = Open();
  Put(*store, Table::kTopic, "a", "1");
  auto second = TryOpen();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_TRUE(Quarantined().empty());
}

TEST_F(SqliteStoreTest, TheCopyHoldsWhatWasThereWhenItWasRenewed) {
  auto store = Open();
  EXPECT_FALSE(There("metadata.copy.sqlite"));
  Put(*store, Table::kTopic, "a", "1");
  EXPECT_FALSE(There("metadata.copy.sqlite")) << "not an administrative change";
  Put(*store, Table::kTopic, "b", "1", true);
  EXPECT_TRUE(There("metadata.copy.sqlite"));
  Put(*store, Table::kTopic, "c", "1");
  ASSERT_TRUE(store->RenewCopy().ok());
  Put(*store, Table::kTopic, "d", "1");
  EXPECT_FALSE(There("metadata.copy.sqlite.tmp"));
  store.reset();
  std::filesystem::remove(directory_ / "metadata.sqlite");
  EXPECT_EQ(Rows(*Open()).size(), 3U);
}

TEST_F(SqliteStoreTest, WhatAKillLeftOfACopyIsInNobodysWay) {
  auto store = Open();
  Put(*store, Table::kTopic, "a", "1");
  WriteAll(directory_ / "metadata.copy.sqlite.tmp", "half a copy");
  EXPECT_TRUE(store->RenewCopy().ok());
  EXPECT_FALSE(There("metadata.copy.sqlite.tmp"));
}

TEST_F(SqliteStoreTest, ACommittedChangeCountsAlsoWhereItCannotBeCopied) {
  file::FaultyFileSystem faulty(fs_);
  auto opened =
      OpenSqliteStore(faulty, directory_.path(), directory_ / "quarantine", TimestampMs{1});
  ASSERT_TRUE(opened.ok());
  faulty.Add({.path_part = "metadata.copy",
              .code = ErrorCode::kNoSpace,
              .span = file::FaultSpan::kFromThenOn});
  Put(*opened->store, Table::kTopic, "a", "1", true);
  EXPECT_FALSE(There("metadata.copy.sqlite"));
  EXPECT_EQ(opened->store->RenewCopy().error().code, ErrorCode::kNoSpace);
  faulty.Heal();
  EXPECT_TRUE(opened->store->RenewCopy().ok());
  EXPECT_TRUE(There("metadata.copy.sqlite"));
}

TEST_F(SqliteStoreTest, AnUnusableDirectoryIsAnErrorThatNamesTheFile) {
  auto opened =
      OpenSqliteStore(fs_, directory_ / "missing", directory_ / "quarantine", TimestampMs{1});
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("missing/metadata.sqlite"), std::string::npos);
}

}  // namespace
}  // namespace logboom::broker
