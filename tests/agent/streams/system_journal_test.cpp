// Real journal files, made by systemd-journal-remote.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "agent/streams/journal_reader.h"

namespace logboom::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWriter = "/usr/lib/systemd/systemd-journal-remote";
constexpr std::int64_t kBeginUs = 1'790'000'000'000'000;

class JournalFiles {
 public:
  JournalFiles() {
    std::string pattern = (fs::temp_directory_path() / "logboom-journal-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    fs::create_directory(directory_ / "journal");
  }
  ~JournalFiles() { fs::remove_all(directory_); }
  JournalFiles(const JournalFiles&) = delete;
  JournalFiles& operator=(const JournalFiles&) = delete;

  // Entries that count from `from`, a second apart, appended to one file.
  void Write(const std::string& file, int from, int to, std::size_t message_bytes = 0) const {
    const fs::path text = directory_ / "entries";
    std::ofstream out(text);
    for (int i = from; i < to; ++i) {
      const std::int64_t time_us = kBeginUs + i * std::int64_t{1'000'000};
      out << "__REALTIME_TIMESTAMP=" << time_us << "\n__MONOTONIC_TIMESTAMP=" << i + 1
          << "\n_BOOT_ID=00112233445566778899aabbccddeeff\nPRIORITY=4\n_SYSTEMD_UNIT=u" << i % 2
          << ".service\nMESSAGE=" << file << " " << i << std::string(message_bytes, 'x') << "\n\n";
    }
    out.close();
    const std::string command = fmt::format("{} --output={}/journal/{}.journal {} >/dev/null 2>&1",
                                            kWriter, directory_.string(), file, text.string());
    ASSERT_EQ(system(command.c_str()), 0) << command;  // NOLINT: no other thread runs
  }
  void Remove(const std::string& file) const {
    fs::remove(directory_ / "journal" / (file + ".journal"));
  }
  std::unique_ptr<JournalReader> Open() const {
    auto opened = OpenSystemJournal((directory_ / "journal").string(), 1'000'000);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return *std::move(opened);
  }

 private:
  fs::path directory_;
};

class SystemJournal : public ::testing::Test {
 protected:
  static bool CanWrite() {
    if (access(kWriter, X_OK) == 0) return true;
    std::puts("NOT RUN: systemd-journal-remote is not there");
    return false;
  }
  static std::vector<std::string> Rest(JournalReader& reader) {
    std::vector<std::string> messages;
    while (*reader.Next()) messages.emplace_back(reader.Field("MESSAGE").value_or("none"));
    return messages;
  }
  static JournalNumber NumberOf(JournalReader& reader) {
    return ParseJournalCursor(*reader.Cursor()).value_or(JournalNumber{});
  }
};

using Strings = std::vector<std::string>;

TEST_F(SystemJournal, EntriesAreWalkedWithTheirFieldsAndCursors) {
  if (!CanWrite()) return;
  const JournalFiles files;
  files.Write("a", 0, 3);
  const auto reader = files.Open();
  ASSERT_TRUE(reader->SeekHead().ok());
  ASSERT_TRUE(*reader->Next());
  EXPECT_EQ(reader->Field("MESSAGE"), "a 0");
  EXPECT_EQ(reader->Field("PRIORITY"), "4");
  EXPECT_EQ(reader->Field("NOT_THERE"), std::nullopt);
  EXPECT_EQ(*reader->TimeUs(), kBeginUs);
  EXPECT_EQ(NumberOf(*reader).sequence.size(), 32U);
  EXPECT_EQ(NumberOf(*reader).number, 1);
  EXPECT_EQ(Rest(*reader), (Strings{"a 1", "a 2"}));
}

TEST_F(SystemJournal, AnEntryIsFoundByItsNumberAlone) {
  if (!CanWrite()) return;
  const JournalFiles files;
  files.Write("a", 0, 5);
  files.Write("b", 0, 5);
  const auto reader = files.Open();
  ASSERT_TRUE(reader->SeekHead().ok());
  ASSERT_TRUE(*reader->Next());
  const JournalNumber first = NumberOf(*reader);
  const std::string file(reader->Field("MESSAGE").value_or("").substr(0, 1));
  ASSERT_TRUE(reader->SeekTo({first.sequence, 4}, JournalReader::Others::kLeftOut).ok());
  EXPECT_EQ(Rest(*reader), (Strings{file + " 3", file + " 4"}));
  ASSERT_TRUE(reader->SeekTo({first.sequence, 4}, JournalReader::Others::kFromHead).ok());
  EXPECT_EQ(Rest(*reader).size(), 7U) << "all of the other sequence";
  ASSERT_TRUE(reader->SeekTo({first.sequence, 9}, JournalReader::Others::kLeftOut).ok());
  EXPECT_FALSE(*reader->Next());
}

TEST_F(SystemJournal, TheEndIsBehindTheLastEntryWhichIsAtHand) {
  if (!CanWrite()) return;
  const JournalFiles files;
  files.Write("a", 0, 3);
  const auto reader = files.Open();
  ASSERT_TRUE(reader->SeekEnd().ok());
  EXPECT_EQ(reader->Field("MESSAGE"), "a 2");
  EXPECT_FALSE(*reader->Next());
  files.Write("a", 3, 4);
  EXPECT_TRUE(*reader->TakeChanges());
  EXPECT_EQ(Rest(*reader), Strings{"a 3"});
}

TEST_F(SystemJournal, FilesThatComeAndGoAreNoticed) {
  if (!CanWrite()) return;
  const JournalFiles files;
  const auto reader = files.Open();
  ASSERT_TRUE(reader->SeekEnd().ok());
  EXPECT_FALSE(reader->Cursor().ok());
  EXPECT_FALSE(*reader->Next());
  files.Write("a", 0, 2);
  EXPECT_TRUE(*reader->TakeChanges());
  EXPECT_EQ(Rest(*reader), (Strings{"a 0", "a 1"}));
  files.Remove("a");
  files.Write("b", 2, 3);
  EXPECT_TRUE(*reader->TakeChanges());
  EXPECT_EQ(Rest(*reader), Strings{"b 2"});
}

TEST_F(SystemJournal, UnitsAloneAreWalked) {
  if (!CanWrite()) return;
  const JournalFiles files;
  files.Write("a", 0, 5);
  const auto reader = files.Open();
  ASSERT_TRUE(reader->SetUnits({"u1.service", "other.service"}).ok());
  ASSERT_TRUE(reader->SeekHead().ok());
  EXPECT_EQ(Rest(*reader), (Strings{"a 1", "a 3"}));
  ASSERT_TRUE(reader->SetUnits({}).ok());
  ASSERT_TRUE(reader->SeekHead().ok());
  EXPECT_EQ(Rest(*reader).size(), 5U);
}

TEST_F(SystemJournal, ALongMessageIsWhole) {
  if (!CanWrite()) return;
  const JournalFiles files;
  files.Write("a", 0, 1, 300'000);
  const auto reader = files.Open();
  ASSERT_TRUE(reader->SeekHead().ok());
  ASSERT_TRUE(*reader->Next());
  EXPECT_EQ(reader->Field("MESSAGE").value_or("").size(), 300'003U);
}

TEST(JournalCursor, NumberAndSequenceAreReadAndNothingElseIsOne) {
  const auto parsed = ParseJournalCursor("s=abc;i=1f;b=00;m=5;t=65;x=91");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, (JournalNumber{"abc", 31}));
  for (const char* wrong : {"", "s=abc", "i=1", "s=;i=1", "s=abc;i=", "s=abc;i=xyz",
                            "s=abc;i=ffffffffffffffffff", "s=abc;i=-1"}) {
    EXPECT_FALSE(ParseJournalCursor(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace logboom::agent
