#include <gtest/gtest.h>

#include "gui/core/line_filter.h"
#include "gui/core/line_store.h"
#include "gui/core/shown_lines.h"
#include "lib/base/random.h"
#include "tests/gui/installations.h"

namespace logboom::gui {
namespace {

LineBlock OneLine(const std::string& text) {
  LineBlock block;
  block.Add({}, "host:/log", text);
  return block;
}

TEST(LineStore, GivesBackEachLine) {
  LineStore store;
  for (int i = 0; i < 5'000; i += 7) store.Append(MakeLines(7, i));
  ASSERT_EQ(store.size(), 5'005U);
  const LineBlock all = MakeLines(5'005);
  for (std::size_t i = 0; i < store.size(); ++i) {
    const Line line = store.at(i);
    EXPECT_EQ(line.row.offset, Offset(static_cast<std::int64_t>(i)));
    EXPECT_EQ(line.text, std::string_view(all.bytes).substr(
                             all.rows[i].begin + all.rows[i].source_bytes, all.rows[i].text_bytes));
  }
}

TEST(LineStore, RowsAreBoundedAndTheOldestGo) {
  LineStore store({.rows_max = 10'000, .bytes_max = std::size_t{1} << 30U});
  for (int i = 0; i < 100'000; i += 100) {
    store.Append(MakeLines(100, i));
    EXPECT_LE(store.size(), 10'000U);
  }
  EXPECT_GE(store.size(), 8'000U);
  EXPECT_EQ(store.end(), 100'000U);
  EXPECT_EQ(store.at(store.begin()).row.offset, Offset(static_cast<std::int64_t>(store.begin())));
}

TEST(LineStore, BytesAreBounded) {
  LineStore store({.rows_max = 1'000'000, .bytes_max = 1'000'000});
  for (int i = 0; i < 500; ++i) {
    store.Append(MakeLines(1'100, i * 1'100));
    EXPECT_LE(store.bytes(), 1'000'000U);
  }
  EXPECT_GT(store.size(), 0U);
}

TEST(LineStore, ClearingKeepsTheNumbersGoingUp) {
  LineStore store;
  store.Append(MakeLines(10));
  store.Clear();
  EXPECT_EQ(store.size(), 0U);
  EXPECT_EQ(store.begin(), 10U);
  store.Append(OneLine("after"));
  EXPECT_EQ(store.at(10).text, "after");
}

TEST(LineBlock, ControlBytesAndBrokenTextAreMadeVisible) {
  const LineBlock block = OneLine("a\x1b[2J\xff b");
  EXPECT_EQ(block.bytes,
            "host:/log"
            "a\\x1b[2J\\xff b");
}

TEST(LineBlock, LongLinesAreCutBetweenCharactersAndSaySo) {
  const std::string letter = "\xc3\xa4";
  std::string text = "x";
  while (text.size() <= kLineBytesMax) text += letter;
  const LineBlock block = OneLine(text);
  EXPECT_NE(block.bytes.find("\xc3\xa4 [2 more bytes]"), std::string::npos)
      << block.bytes.substr(block.bytes.size() - 40);
  EXPECT_EQ(OneLine(std::string(kLineBytesMax, 'y')).bytes.find("more bytes"), std::string::npos);
}

TEST(LineFilter, FindsAsciiInEitherCase) {
  EXPECT_EQ(FindIgnoringCase("an Error here", "error"), 3U);
  EXPECT_EQ(FindIgnoringCase("an Error here", "error", 4), std::string_view::npos);
  EXPECT_EQ(FindIgnoringCase("err", "error"), std::string_view::npos);
  EXPECT_EQ(FindIgnoringCase("eerror", "error"), 1U);
}

TEST(LineFilter, GoesOnInSlicesAndForgetsWhatTheStoreDropped) {
  LineStore store({.rows_max = 5'000, .bytes_max = std::size_t{1} << 30U});
  LineFilter filter;
  filter.SetNeedle("\" 502 ");
  store.Append(MakeLines(3'000));
  EXPECT_FALSE(filter.Advance(store, 1'000));
  EXPECT_EQ(filter.matches().size(), 19U);
  while (!filter.Advance(store, 1'000)) continue;
  EXPECT_EQ(filter.matches().size(), 57U);
  for (int i = 3'000; i < 30'000; i += 1'000) {
    store.Append(MakeLines(1'000, i));
    filter.Advance(store, 1'000'000);
  }
  ASSERT_FALSE(filter.matches().empty());
  EXPECT_GE(filter.matches().front(), store.begin());
}

TEST(LineFilter, NoticesAlwaysStay) {
  LineStore store;
  LineBlock block = OneLine("nothing of it");
  block.Add({.kind = LineKind::kNotice}, {}, "gap: 12 bytes could not be read");
  store.Append(std::move(block));
  LineFilter filter;
  filter.SetNeedle("needle");
  filter.Advance(store, 10);
  ASSERT_EQ(filter.matches().size(), 1U);
  EXPECT_EQ(filter.matches().front(), 1U);
}

TEST(ShownLines, CountWhatIsHiddenAndWhatIsGone) {
  ShownLines lines({.rows_max = 4'000, .bytes_max = std::size_t{1} << 30U});
  lines.Append(MakeLines(2'000));
  lines.SetFilter("/LOGIN", FilterMode::kHideOthers);
  while (!lines.AdvanceFilter(300)) continue;
  EXPECT_EQ(lines.count(), 400U);
  EXPECT_EQ(lines.hidden(), 1'600U);
  EXPECT_EQ(lines.forgotten(), 0U);
  EXPECT_EQ(lines.At(1), 6U);
  EXPECT_EQ(lines.IndexOf(5), 1U);
  lines.SetFilter("/LOGIN", FilterMode::kHighlight);
  EXPECT_EQ(lines.count(), 2'000U);
  lines.Append(MakeLines(5'000, 2'000));
  lines.AdvanceFilter(100'000);
  EXPECT_EQ(lines.forgotten() + lines.store().size(), 7'000U);
  lines.Clear();
  EXPECT_EQ(lines.forgotten(), 0U);
  EXPECT_EQ(lines.count(), 0U);
}

}  // namespace
}  // namespace logboom::gui
