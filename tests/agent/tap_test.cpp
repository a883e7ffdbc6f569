#include "agent/tap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "agent/shaping.h"
#include "agent/understanding.h"
#include "lib/file/memory_file_system.h"
#include "lib/parse/parser.h"
#include "lib/parse/pattern.h"

namespace logboom::agent {
namespace {

using Strings = std::vector<std::string>;

class TapTest : public testing::Test {
 protected:
  TapTest() {
    EXPECT_TRUE(fs_.CreateDirectories("/log").ok());
    options_.inputs.push_back(
        {.name = "web", .include = {"/log/*.log"}, .exclude = {}, .topic = "t"});
  }
  InputOptions& input() { return options_.inputs.front(); }
  void Write(const std::string& path, ByteView bytes) {
    const auto file = fs_.Open(path, file::OpenMode::kCreate);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->PWrite(0, bytes).ok());
  }
  Result<Tapped> Tap(const TapRequest& request) {
    lines_.clear();
    return agent::Tap(fs_, options_, request, {TimestampMs(1'000), MonotonicMs(1)},
                      [this](const TappedLine& line) { lines_.push_back(line); });
  }
  Strings Values(const TapRequest& request) {
    const auto tapped = Tap(request);
    EXPECT_TRUE(tapped.ok());
    Strings values;
    for (const TappedLine& line : lines_) values.push_back(line.value);
    return values;
  }

  file::MemoryFileSystem fs_;
  AgentOptions options_;
  std::vector<TappedLine> lines_;
};

TEST_F(TapTest, TheFirstLinesOrTheLast) {
  Write("/log/a.log", "1\n2\n3\n4\n");
  EXPECT_EQ(Values({.lines = 2, .from = StartFrom::kStart}), (Strings{"1", "2"}));
  EXPECT_EQ(Values({.lines = 2, .from = StartFrom::kEnd}), (Strings{"3", "4"}));
  EXPECT_EQ(lines_[1].position, 6);
  EXPECT_EQ(Values({.lines = 10}).size(), 4U);
}

TEST_F(TapTest, OfALongFileTheLastLinesAreWhole) {
  std::string bytes;
  for (int i = 0; i < 200'000; ++i) bytes += fmt::format("line {:06}\n", i);
  Write("/log/a.log", bytes);
  EXPECT_EQ(Values({.lines = 1}), Strings{"line 199999"});
  EXPECT_EQ(Values({.lines = 1'000'000}).front().size(), 11U);
}

TEST_F(TapTest, AnUnterminatedRestGoesOn) {
  Write("/log/a.log", "1\nres");
  EXPECT_EQ(Values({}), (Strings{"1", "res"}));
  EXPECT_TRUE(lines_[1].more);
  EXPECT_FALSE(lines_[0].more);
}

TEST_F(TapTest, WhatIsUnderstoodAndWhatIsLeftOutIsShown) {
  auto understanding = std::make_shared<Understanding>();
  understanding->parser = *parse::MakeParser({.kind = "logfmt", .pattern = ""});
  understanding->fields = {"user"};
  understanding->level = true;
  input().understanding = understanding;
  auto shaping = std::make_shared<Shaping>();
  shaping->drop.push_back(*parse::Pattern::Make("health"));
  input().shaping = shaping;
  Write("/log/a.log", "level=error user=eve msg=x\nlevel=info msg=health\n");
  Values({});
  ASSERT_EQ(lines_.size(), 2U);
  EXPECT_EQ(lines_[0].headers["lb.label.user"], "eve");
  EXPECT_EQ(lines_[0].headers["lb.level"], "error");
  EXPECT_EQ(lines_[0].reason, DropReason::kNone);
  EXPECT_EQ(lines_[1].reason, DropReason::kDropPattern);
  EXPECT_NE(TextOf(lines_[0]).find("user=eve"), std::string::npos);
  EXPECT_NE(TextOf(lines_[1]).find("left out by drop: level=info"), std::string::npos);
  EXPECT_NE(JsonOf(lines_[1]).find("\"left_out_by\":\"drop\""), std::string::npos);
}

TEST_F(TapTest, LinesOfOneEventAreOne) {
  input().multiline = FoldKind::kIndented;
  Write("/log/a.log", "one\n  more\ntwo\n");
  EXPECT_EQ(Values({}), (Strings{"one\n  more", "two"}));
  const std::string text = TextOf(lines_[0]);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST_F(TapTest, OneInputOrOneFile) {
  options_.inputs.push_back({.name = "db", .include = {"/log/*.txt"}, .exclude = {}, .topic = "t"});
  Write("/log/a.log", "a\n");
  Write("/log/b.log", "b\n");
  Write("/log/c.txt", "c\n");
  EXPECT_EQ(Values({.input = "db"}), Strings{"c"});
  EXPECT_EQ(Values({.input = "/log/b.log"}), Strings{"b"});
  EXPECT_EQ(Values({}).size(), 3U);
  EXPECT_FALSE(Tap({.input = "nobody"}).ok());
  EXPECT_FALSE(Tap({.input = "/other/file"}).ok());
  const auto missing = Tap({.input = "/log/missing.log"});
  ASSERT_TRUE(missing.ok());
  EXPECT_EQ(missing->complaints, Strings{"/log/missing.log: no such file"});
}

TEST_F(TapTest, AFileThatIsNoTextIsToldOf) {
  Write("/log/a.log", ByteView("a\0b", 3));
  const auto tapped = Tap({});
  ASSERT_TRUE(tapped.ok());
  EXPECT_TRUE(lines_.empty());
  ASSERT_EQ(tapped->complaints.size(), 1U);
}

TEST_F(TapTest, BytesThatAreNoTextReachNoTerminalAndNoJsonString) {
  Write("/log/a.log", "\x1b[2J\n\xff\n");
  Values({});
  EXPECT_EQ(TextOf(lines_[0]).find('\x1b'), std::string::npos);
  EXPECT_NE(JsonOf(lines_[1]).find("\"value_base64\":\"/w==\""), std::string::npos);
}

}  // namespace
}  // namespace logboom::agent
