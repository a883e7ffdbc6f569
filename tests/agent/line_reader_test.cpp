#include "agent/line_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace logboom::agent {
namespace {

std::vector<std::string> Cut(ByteView bytes, std::size_t line_bytes_max, RestRule rest) {
  std::vector<std::string> pieces;
  while (const auto piece = NextPiece(bytes, line_bytes_max, rest)) {
    pieces.push_back(std::string(piece->value) + (piece->more ? "+" : ""));
    bytes.remove_prefix(piece->consumed);
  }
  if (!bytes.empty()) pieces.push_back("rest:" + std::string(bytes));
  return pieces;
}

using Pieces = std::vector<std::string>;

TEST(LineReader, CutsAtNewlinesAndKeepsEverythingElse) {
  EXPECT_EQ(Cut("a\n\nb\r\n", 100, RestRule::kWaits), (Pieces{"a", "", "b\r"}));
  EXPECT_EQ(Cut(ByteView("\0\xff\n", 3), 100, RestRule::kWaits),
            (Pieces{std::string("\0\xff", 2)}));
  EXPECT_EQ(Cut("", 100, RestRule::kSentAsLine), Pieces{});
}

TEST(LineReader, AnUnterminatedRestWaitsOrIsSent) {
  EXPECT_EQ(Cut("a\nbc", 100, RestRule::kWaits), (Pieces{"a", "rest:bc"}));
  EXPECT_EQ(Cut("a\nbc", 100, RestRule::kSentWithMore), (Pieces{"a", "bc+"}));
  EXPECT_EQ(Cut("a\nbc", 100, RestRule::kSentAsLine), (Pieces{"a", "bc"}));
}

TEST(LineReader, ALineOfTheLimitIsWholeAndOneByteMoreIsSplit) {
  EXPECT_EQ(Cut("1234\n", 4, RestRule::kWaits), (Pieces{"1234"}));
  EXPECT_EQ(Cut("12345\n", 4, RestRule::kWaits), (Pieces{"1234+", "5"}));
  EXPECT_EQ(Cut("12345678\n", 4, RestRule::kWaits), (Pieces{"1234+", "5678"}));
  EXPECT_EQ(Cut("1234", 4, RestRule::kWaits), (Pieces{"rest:1234"}));
  EXPECT_EQ(Cut("12345", 4, RestRule::kWaits), (Pieces{"1234+", "rest:5"}));
}

}  // namespace
}  // namespace logboom::agent
