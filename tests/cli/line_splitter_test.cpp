#include "cli/line_splitter.h"

#include <gtest/gtest.h>

#include <vector>

namespace logboom::cli {
namespace {

struct Seen {
  std::vector<std::string> lines;
  std::vector<std::uint64_t> numbers;
  std::vector<std::uint64_t> too_long;

  LineSplitter::Events Events() {
    return {.line =
                [this](std::uint64_t number, ByteView line) {
                  lines.emplace_back(line);
                  numbers.push_back(number);
                },
            .too_long = [this](std::uint64_t number) { too_long.push_back(number); }};
  }
};

TEST(LineSplitter, LinesComeWholeHoweverTheyAreCut) {
  const std::string text = "one\n\nthree is longer\r\nlast";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    Seen seen;
    LineSplitter splitter(seen.Events());
    for (std::size_t at = 0; at < text.size(); at += step) splitter.Add(text.substr(at, step));
    splitter.Finish();
    EXPECT_EQ(seen.lines, (std::vector<std::string>{"one", "", "three is longer\r", "last"}));
    EXPECT_EQ(seen.numbers, (std::vector<std::uint64_t>{1, 2, 3, 4}));
  }
}

TEST(LineSplitter, NothingFollowsAFinalNewline) {
  Seen seen;
  LineSplitter splitter(seen.Events());
  splitter.Add("a\n");
  splitter.Finish();
  EXPECT_EQ(seen.lines, std::vector<std::string>{"a"});
}

TEST(LineSplitter, LongestLineIsTakenAndOneByteMoreIsRefusedWithItsNumber) {
  const std::string longest(LineSplitter::kLineBytesMax, 'x');
  for (const std::size_t step : {std::size_t{65'536}, std::size_t{10'000'000}}) {
    Seen seen;
    LineSplitter splitter(seen.Events());
    const std::string text = longest + "\n" + longest + "y\nz\n" + longest + "y";
    for (std::size_t at = 0; at < text.size(); at += step) splitter.Add(text.substr(at, step));
    splitter.Finish();
    EXPECT_EQ(seen.lines, (std::vector<std::string>{longest, "z"}));
    EXPECT_EQ(seen.too_long, (std::vector<std::uint64_t>{2, 4}));
  }
}

}  // namespace
}  // namespace logboom::cli
