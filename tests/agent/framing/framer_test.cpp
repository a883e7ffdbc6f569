#include "agent/framing/framer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lib/base/random.h"

namespace logboom::agent {
namespace {

using Pieces = std::vector<std::string>;

struct Cut {
  FramingOptions options{.record_bytes_max = 100};
  Encoding encoding = Encoding::kBytes;
  std::int64_t position = 0;

  Pieces operator()(ByteView bytes, RestRule rest = RestRule::kWaits) const {
    Framer framer(options);
    FramingPlace place{encoding, position};
    Pieces pieces;
    while (const auto piece = framer.Next(bytes, place, rest)) {
      pieces.push_back(std::string(piece->value) + (piece->more ? "+" : ""));
      bytes.remove_prefix(piece->consumed);
      place.position += static_cast<std::int64_t>(piece->consumed);
    }
    if (!bytes.empty()) pieces.push_back("rest:" + std::string(bytes));
    return pieces;
  }
};

Cut Lines(std::size_t record_bytes_max = 100) {
  return {.options = {.record_bytes_max = record_bytes_max}};
}
Cut Events(FoldKind fold, std::size_t record_bytes_max = 100) {
  return {.options = {.record_bytes_max = record_bytes_max, .fold = fold}};
}
Cut In(Encoding encoding, std::size_t record_bytes_max = 100) {
  return {.options = {.record_bytes_max = record_bytes_max, .encoding = encoding},
          .encoding = encoding};
}

// ---- lines

TEST(Framer, CutsAtNewlinesAndKeepsEverythingElse) {
  EXPECT_EQ(Lines()("a\n\nb\r\n"), (Pieces{"a", "", "b\r"}));
  EXPECT_EQ(Lines()(ByteView("\0\xff\n", 3)), (Pieces{std::string("\0\xff", 2)}));
  EXPECT_EQ(Lines()("", RestRule::kSentAsLine), Pieces{});
}

TEST(Framer, AnUnterminatedRestWaitsOrIsSent) {
  EXPECT_EQ(Lines()("a\nbc"), (Pieces{"a", "rest:bc"}));
  EXPECT_EQ(Lines()("a\nbc", RestRule::kEventSent), (Pieces{"a", "rest:bc"}));
  EXPECT_EQ(Lines()("a\nbc", RestRule::kSentWithMore), (Pieces{"a", "bc+"}));
  EXPECT_EQ(Lines()("a\nbc", RestRule::kSentAsLine), (Pieces{"a", "bc"}));
}

TEST(Framer, ALineOfTheLimitIsWholeAndOneByteMoreIsSplit) {
  EXPECT_EQ(Lines(4)("1234\n"), (Pieces{"1234"}));
  EXPECT_EQ(Lines(4)("12345\n"), (Pieces{"1234+", "5"}));
  EXPECT_EQ(Lines(4)("12345678\n"), (Pieces{"1234+", "5678"}));
  EXPECT_EQ(Lines(4)("1234"), (Pieces{"rest:1234"}));
  EXPECT_EQ(Lines(4)("12345"), (Pieces{"1234+", "rest:5"}));
}

TEST(Framer, OneCarriageReturnAheadOfEachNewlineIsStrippedWhereAskedFor) {
  Cut cut = Lines();
  cut.options.strip_cr = true;
  EXPECT_EQ(cut("a\r\nb\r\r\n\r\nc\rd\n"), (Pieces{"a", "b\r", "", "c\rd"}));
  EXPECT_EQ(cut("a\r", RestRule::kSentWithMore), Pieces{"a\r+"});
  cut.options.fold = FoldKind::kIndented;
  EXPECT_EQ(cut("a\r\n b\r\nc\r\n", RestRule::kEventSent), (Pieces{"a\n b", "c"}));
}

// ---- encodings

TEST(Framer, AMarkAtTheBeginningOfTheFileIsNoText) {
  EXPECT_EQ(In(Encoding::kUtf8)("\xef\xbb\xbf"
                                "a\n\xef\xbb\xbf"
                                "b\n"),
            (Pieces{"a",
                    "\xef\xbb\xbf"
                    "b"}));
  Cut later = In(Encoding::kUtf8);
  later.position = 3;
  EXPECT_EQ(later("\xef\xbb\xbf"
                  "a\n"),
            Pieces{"\xef\xbb\xbf"
                   "a"});
  EXPECT_EQ(In(Encoding::kBytes)("\xef\xbb\xbf"
                                 "a\n"),
            Pieces{"\xef\xbb\xbf"
                   "a"});
}

TEST(Framer, Utf16IsCutAtWholeUnitsAlone) {
  // U+0A61, U+610A: bytes of newlines that are none.
  const ByteView little(
      "\xff\xfe"
      "a\0\x61\x0a\x0a\x61\x0a\0b\0\x0a\0",
      14);
  EXPECT_EQ(In(Encoding::kUtf16Le)(little), (Pieces{"a\xe0\xa9\xa1\xe6\x84\x8a", "b"}));
  const ByteView big("\xfe\xff\0a\x0a\x61\x61\x0a\0\x0a\0b\0\x0a", 14);
  EXPECT_EQ(In(Encoding::kUtf16Be)(big), (Pieces{"a\xe0\xa9\xa1\xe6\x84\x8a", "b"}));
}

TEST(Framer, Utf16WaitsForTheSecondByteOfANewline) {
  EXPECT_EQ(In(Encoding::kUtf16Le)(ByteView("a\0\x0a", 3)),
            (Pieces{std::string("rest:a\0\x0a", 8)}));
}

// Half of a newline is no byte of the line ahead of it.
TEST(Framer, Utf16EventsAreNotCutAheadOfALineThatMayStillFit) {
  for (std::size_t length = 1; length < 60; ++length) {
    std::string text;
    for (const char c : "a\n " + std::string(length, 'b') + "\nc\n") text += {c, '\0'};
    Cut cut = Events(FoldKind::kIndented, 60);
    cut.encoding = Encoding::kUtf16Le;
    const Pieces whole = cut(text, RestRule::kSentAsLine);
    for (std::size_t read = 1; read < text.size(); ++read) {
      Framer framer(cut.options);
      const auto piece =
          framer.Next(ByteView(text).substr(0, read), {cut.encoding, 0}, RestRule::kWaits);
      if (!piece) continue;
      EXPECT_EQ(std::string(piece->value) + (piece->more ? "+" : ""), whole.front())
          << length << " long, " << read << " bytes read";
    }
  }
}

TEST(Framer, Utf16ThatEndsInHalfAUnitFitsToo) {
  EXPECT_EQ(In(Encoding::kUtf16Le, 3)(ByteView("a\0b", 3), RestRule::kSentAsLine),
            (Pieces{"a+", "b"}));
}

TEST(Framer, Utf16ReadFromHalfAUnitGoesOnAtTheNext) {
  Cut cut = In(Encoding::kUtf16Le);
  cut.position = 7;
  EXPECT_EQ(cut(ByteView("\0a\0\x0a\0", 5)), Pieces{"a"});
}

TEST(Framer, ALongLineIsSplitSoThatItsPartsFitAsUtf8) {
  EXPECT_EQ(In(Encoding::kLatin1, 4)("\xe9\xe9\xe9\n"), (Pieces{"\xc3\xa9\xc3\xa9+", "\xc3\xa9"}));
  // Four bytes of UTF-16 become six at most; no character is split.
  const ByteView euros("\xac\x20\xac\x20\xac\x20\x0a\0", 8);
  EXPECT_EQ(In(Encoding::kUtf16Le, 6)(euros),
            (Pieces{"\xe2\x82\xac\xe2\x82\xac+", "\xe2\x82\xac"}));
  const ByteView pair(
      "a\0\x3d\xd8\x00\xde"
      "b\0\x0a\0",
      10);
  EXPECT_EQ(In(Encoding::kUtf16Le, 6)(pair), (Pieces{"a+", "\xf0\x9f\x98\x80+", "b"}));
}

// ---- events

TEST(Framer, LinesOfAnEventAreOneRecordOnceTheNextEventBegins) {
  const Cut cut = Events(FoldKind::kIndented);
  EXPECT_EQ(cut("a\n 1\n 2\nb\n"), (Pieces{"a\n 1\n 2", "rest:b\n"}));
  EXPECT_EQ(cut("a\n 1\n", RestRule::kEventSent), Pieces{"a\n 1"});
  EXPECT_EQ(cut("a\n 1\n 2", RestRule::kEventSent), (Pieces{"a\n 1", "rest: 2"}));
  EXPECT_EQ(cut("a\n 1\n 2", RestRule::kSentWithMore), Pieces{"a\n 1\n 2+"});
  EXPECT_EQ(cut("a\n 1\n 2", RestRule::kSentAsLine), Pieces{"a\n 1\n 2"});
}

TEST(Framer, AnEventEndsAtTheLimitBetweenTwoLines) {
  EXPECT_EQ(Events(FoldKind::kIndented, 8)("a\n 234\n 7\nb\nc\n"),
            (Pieces{"a\n 234", " 7", "b", "rest:c\n"}));
  // Though more lines of it may come: it is full.
  EXPECT_EQ(Events(FoldKind::kIndented, 8)("a\n 234\n 7"), (Pieces{"a\n 234", "rest: 7"}));
  EXPECT_EQ(Events(FoldKind::kIndented, 8)("a\n 234\n"), Pieces{"rest:a\n 234\n"});
  // A line that is too long by itself is split.
  EXPECT_EQ(Events(FoldKind::kIndented, 8)("a\n 23456789\nb\nc\n"),
            (Pieces{"a", " 2345678+", "9", "b", "rest:c\n"}));
}

TEST(Framer, SaysWhetherLinesWaitForThoseBehindThem) {
  Framer framer(Events(FoldKind::kIndented).options);
  const FramingPlace utf16{Encoding::kUtf16Le, 4};
  EXPECT_FALSE(framer.Next("abc", {}, RestRule::kWaits) || framer.holds_event());
  EXPECT_FALSE(framer.Next("abc\nd", {}, RestRule::kWaits) || !framer.holds_event());
  EXPECT_TRUE(framer.Next("abc\nd\n", {}, RestRule::kWaits) && !framer.holds_event());
  EXPECT_FALSE(framer.Next(ByteView("\x0a\x61", 2), utf16, RestRule::kWaits) ||
               framer.holds_event());
  EXPECT_FALSE(framer.Next(ByteView("a\0\x0a\0", 4), utf16, RestRule::kWaits) ||
               !framer.holds_event());
}

// ---- properties

ByteView RandomText(SeededRandom& random, Bytes& text) {
  static constexpr std::string_view kWords[] = {"\n",
                                                "\n",
                                                "\n\n",
                                                "\r\n",
                                                " ",
                                                "\t",
                                                "word",
                                                "a line of some length",
                                                "\xc3\xa9",
                                                "Traceback (most recent call last):\n",
                                                "  File \"a.py\", line 1\n",
                                                "ValueError: x\n",
                                                "panic: x\n",
                                                "goroutine 1 [running]:\n",
                                                "main.main()\n",
                                                "java.lang.Error: x\n",
                                                "\tat a.b(C.java:1)\n",
                                                "Caused by: x\n",
                                                "Stack trace:\n",
                                                "#0 f()\n",
                                                "a.rb:1:in `f'\n"};
  text.clear();
  for (std::uint64_t words = random.Below(60); words > 0; --words) {
    text.append(kWords[random.Below(std::size(kWords))]);
  }
  return text;
}

// Reading may stop anywhere and go on at the end of the last piece: nothing is cut differently, and
// nothing is lost.
TEST(Framer, RandomTextIsCutAlikeWhereverReadingStops) {
  SeededRandom random(7);
  Bytes text;
  for (int round = 0; round < 3'000; ++round) {
    const ByteView whole = RandomText(random, text);
    Cut cut = Events(static_cast<FoldKind>(random.Below(8)), 20 + random.Below(300));
    const Pieces at_once = cut(whole, RestRule::kSentAsLine);
    Framer framer(cut.options);
    Pieces in_parts;
    Bytes joined;
    std::size_t at = 0;
    std::size_t end = 0;
    while (at < whole.size()) {
      end = std::min<std::size_t>(whole.size(), end + 1 + random.Below(50));
      const RestRule rest = end == whole.size() ? RestRule::kSentAsLine : RestRule::kWaits;
      while (const auto piece = framer.Next(whole.substr(at, end - at), {}, rest)) {
        in_parts.push_back(std::string(piece->value) + (piece->more ? "+" : ""));
        joined.append(piece->value);
        if (!piece->more) joined.push_back('\n');
        at += piece->consumed;
        ASSERT_LE(piece->value.size(), cut.options.record_bytes_max);
      }
    }
    ASSERT_EQ(in_parts, at_once) << "round " << round;
    if (!whole.empty() && !whole.ends_with('\n')) joined.pop_back();
    ASSERT_EQ(joined, whole) << "round " << round;
  }
}

TEST(Framer, RandomUtf16IsCutInPiecesThatFitAndNoneIsLost) {
  SeededRandom random(11);
  for (int round = 0; round < 2'000; ++round) {
    Bytes bytes;
    for (std::uint64_t units = random.Below(80); units > 0; --units) {
      const std::uint64_t kind = random.Below(4);
      const auto unit = static_cast<std::uint16_t>(kind == 0   ? '\n'
                                                   : kind == 1 ? 0xd800 + random.Below(0x800)
                                                               : random.Below(0x10000));
      bytes.push_back(static_cast<char>(unit & 0xffU));
      bytes.push_back(static_cast<char>(unit >> 8U));
    }
    // What is decoded in pieces is what is decoded whole: no character is cut.
    Bytes whole;
    const std::size_t mark = ByteOrderMarkBytes(Encoding::kUtf16Le, bytes);
    AppendAsUtf8(Encoding::kUtf16Le, ByteView(bytes).substr(mark), whole);
    Cut cut = In(Encoding::kUtf16Le, 12 + random.Below(40));
    Framer framer(cut.options);
    Bytes joined;
    ByteView left = bytes;
    FramingPlace place{Encoding::kUtf16Le, 0};
    bool more = true;
    while (const auto piece = framer.Next(left, place, RestRule::kSentAsLine)) {
      ASSERT_LE(piece->value.size(), cut.options.record_bytes_max);
      joined.append(piece->value);
      more = piece->more;
      if (!more) joined.push_back('\n');
      left.remove_prefix(piece->consumed);
      place.position += static_cast<std::int64_t>(piece->consumed);
    }
    if (!bytes.empty() && !bytes.ends_with(ByteView("\n\0", 2)) && !more) joined.pop_back();
    ASSERT_EQ(joined, whole) << "round " << round;
  }
}

}  // namespace
}  // namespace logboom::agent
