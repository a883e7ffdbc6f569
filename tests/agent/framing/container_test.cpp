#include "agent/framing/container.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/framing/framer.h"

namespace logboom::agent {
namespace {

constexpr TimestampMs kTime{1'795'428'000'123};
constexpr std::string_view kIso = "2026-11-23T10:00:00.123456789Z";

std::string Docker(std::string_view log, std::string_view stream = "stdout") {
  return fmt::format(R"({{"log":"{}","stream":"{}","time":"{}"}})", log, stream, kIso);
}
std::string Cri(std::string_view tag, std::string_view text, std::string_view stream = "stdout") {
  return fmt::format("{} {} {} {}", kIso, stream, tag, text);
}

TEST(Container, FormatsAreThoseOfTheManual) {
  EXPECT_EQ(*ParseContainerFormat("docker"), ContainerFormat::kDocker);
  EXPECT_EQ(*ParseContainerFormat("cri"), ContainerFormat::kCri);
  EXPECT_EQ(*ParseContainerFormat("none"), ContainerFormat::kNone);
  EXPECT_FALSE(ParseContainerFormat("podman").ok());
}

TEST(Container, DockersLineIsUnescapedAndSaysStreamAndTime) {
  ContainerReader reader(ContainerFormat::kDocker);
  const std::string line = Docker(R"(a \"b\"\tc\\\u00e9\n)", "stderr");
  const auto read = reader.Read(line);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text, "a \"b\"\tc\\\xc3\xa9");
  EXPECT_EQ(read->stream, "stderr");
  EXPECT_EQ(read->time, kTime);
  EXPECT_FALSE(read->partial);
}

TEST(Container, DockersTextWithoutANewlineIsAPart) {
  ContainerReader reader(ContainerFormat::kDocker);
  const std::string part = Docker("part");
  EXPECT_TRUE(reader.Read(part)->partial);
  const std::string empty = Docker("");
  EXPECT_TRUE(reader.Read(empty)->partial);
  const std::string end = Docker("\\n");
  EXPECT_FALSE(reader.Read(end)->partial);
  EXPECT_EQ(reader.Read(end)->text, "");
}

TEST(Container, CrisLineSaysStreamTimeAndWhetherItIsAPart) {
  ContainerReader reader(ContainerFormat::kCri);
  const std::string line = Cri("F", "some  text ", "stderr");
  const auto read = reader.Read(line);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text, "some  text ");
  EXPECT_EQ(read->stream, "stderr");
  EXPECT_EQ(read->time, kTime);
  EXPECT_FALSE(read->partial);
  const std::string part = Cri("P:more:tags", "x");
  EXPECT_TRUE(reader.Read(part)->partial);
  const std::string empty = Cri("F", "");
  EXPECT_EQ(reader.Read(empty)->text, "");
}

TEST(Container, WhatIsNotOfItsFormatIsNone) {
  ContainerReader docker(ContainerFormat::kDocker);
  for (const char* line : {"", "text", "{}", R"({"log":"a\n"})", R"({"log":"a\n","time":"now"})",
                           R"({"log":7,"time":"2026-11-23T10:00:00Z")", R"(["log"])"}) {
    EXPECT_FALSE(docker.Read(line)) << line;
  }
  ContainerReader cri(ContainerFormat::kCri);
  for (const char* line :
       {"", "text", "2026-11-23T10:00:00Z stdout", "2026-11-23T10:00:00Z stdin F text",
        "2026-11-23T10:00:00Z stdout Q text", "yesterday stdout F text", " stdout F text"}) {
    EXPECT_FALSE(cri.Read(line)) << line;
  }
}

// ---- as the framer joins them

struct Framed {
  FramingOptions options{.record_bytes_max = 2'000, .container = ContainerFormat::kCri};
  std::vector<std::string> operator()(const std::string& text,
                                      RestRule rest = RestRule::kWaits) const {
    Framer framer(options);
    std::vector<std::string> pieces;
    ByteView left = text;
    while (const auto piece = framer.Next(left, {}, rest)) {
      pieces.push_back(fmt::format("{}{}{}{}", piece->stream.substr(0, 4), piece->as_is ? "?" : "|",
                                   piece->value, piece->more ? "+" : ""));
      left.remove_prefix(piece->consumed);
    }
    if (!left.empty()) pieces.push_back("rest");
    return pieces;
  }
};

using Pieces = std::vector<std::string>;

TEST(ContainerFraming, PartsOfALineAreOneRecord) {
  const std::string text = Cri("P", "one ") + "\n" + Cri("P", "two ") + "\n" + Cri("F", "three") +
                           "\n" + Cri("F", "next", "stderr") + "\n";
  EXPECT_EQ(Framed()(text), (Pieces{"stdo|one two three", "stde|next"}));
}

TEST(ContainerFraming, WhereTheOtherStreamComesBetweenPartsStayApart) {
  const std::string text =
      Cri("P", "one ") + "\n" + Cri("F", "err", "stderr") + "\n" + Cri("F", "two") + "\n";
  EXPECT_EQ(Framed()(text), (Pieces{"stdo|one ", "stde|err", "stdo|two"}));
}

TEST(ContainerFraming, APartAtTheEndWaitsAsAnUnterminatedLineDoes) {
  const std::string text = Cri("F", "one") + "\n" + Cri("P", "two") + "\n";
  EXPECT_EQ(Framed()(text), (Pieces{"stdo|one", "rest"}));
  EXPECT_EQ(Framed()(text, RestRule::kEventSent), (Pieces{"stdo|one", "rest"}));
  EXPECT_EQ(Framed()(text, RestRule::kSentWithMore), (Pieces{"stdo|one", "stdo|two+"}));
  EXPECT_EQ(Framed()(text, RestRule::kSentAsLine), (Pieces{"stdo|one", "stdo|two"}));
}

TEST(ContainerFraming, ALineThatIsNoneOfTheFormatGoesAsItIs) {
  const std::string text = "garbage\n" + Cri("F", "one") + "\n" + Cri("P", "two") + "\nmore\n";
  EXPECT_EQ(Framed()(text), (Pieces{"?garbage", "stdo|one", "stdo|two", "?more"}));
}

TEST(ContainerFraming, PartsThatAreTooLongTogetherAreSplitWithTheMark) {
  Framed framed;
  framed.options.record_bytes_max = 120;
  const std::string text = Cri("P", "one ") + "\n" + Cri("P", "two ") + "\n" + Cri("P", "three ") +
                           "\n" + Cri("F", "four") + "\n";
  EXPECT_EQ(framed(text), (Pieces{"stdo|one two +", "stdo|three four"}));
}

TEST(ContainerFraming, EventsAreFoldedBehindTheFormat) {
  Framed framed;
  framed.options.container = ContainerFormat::kDocker;
  framed.options.fold = FoldKind::kIndented;
  const std::string text = Docker("a\\n") + "\n" + Docker(" b") + "\n" + Docker("c\\n") + "\n" +
                           Docker(" d\\n", "stderr") + "\n" + Docker("e\\n", "stderr") + "\n";
  EXPECT_EQ(framed(text, RestRule::kEventSent), (Pieces{"stdo|a\n bc", "stde| d", "stde|e"}));
  EXPECT_EQ(framed(text), (Pieces{"stdo|a\n bc", "stde| d", "rest"}));
}

}  // namespace
}  // namespace logboom::agent
