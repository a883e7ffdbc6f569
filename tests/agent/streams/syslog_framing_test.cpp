#include "agent/streams/syslog_framing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace logboom::agent {
namespace {

using Strings = std::vector<std::string>;

// The whole messages of `bytes`, and how many bytes they took.
Strings Cut(SyslogFramer& framer, ByteView bytes, std::size_t* consumed = nullptr) {
  Strings messages;
  std::size_t at = 0;
  while (const auto cut = framer.Next(bytes.substr(at))) {
    messages.emplace_back(cut->message);
    at += cut->consumed;
  }
  if (consumed != nullptr) *consumed = at;
  return messages;
}

TEST(SyslogFraming, MessagesEndWithANewline) {
  SyslogFramer framer;
  std::size_t consumed = 0;
  EXPECT_EQ(Cut(framer, "<13>one\n<14>two\n<15>half", &consumed), (Strings{"<13>one", "<14>two"}));
  EXPECT_EQ(consumed, 16U);
}

TEST(SyslogFraming, CountedMessagesMayHoldNewlines) {
  SyslogFramer framer;
  EXPECT_EQ(Cut(framer, "7 <13>one8 <14>a\nb.3 <1"), (Strings{"<13>one", "<14>a\nb."}));
}

TEST(SyslogFraming, EachMessageSaysAnewHowItIsFramed) {
  SyslogFramer framer;
  EXPECT_EQ(Cut(framer, "<13>one\n7 <14>two<15>three\n"),
            (Strings{"<13>one", "<14>two", "<15>three"}));
}

TEST(SyslogFraming, WhatIsNoCountIsALine) {
  SyslogFramer framer;
  EXPECT_EQ(Cut(framer, "0 <13>\n2024-01-01 text\n1234567890 x\n12\n"),
            (Strings{"0 <13>", "2024-01-01 text", "1234567890 x", "12"}));
}

TEST(SyslogFraming, ACountThatIsNotWholeIsWaitedFor) {
  SyslogFramer framer;
  EXPECT_FALSE(framer.Next("1"));
  EXPECT_FALSE(framer.Next("11"));
  EXPECT_FALSE(framer.Next("11 <13>messa"));
  EXPECT_TRUE(framer.Next("11 <13>message"));
  EXPECT_FALSE(framer.Next(""));
}

TEST(SyslogFraming, TheRestOfAFlushedMessageIsFoundByItsFraming) {
  SyslogFramer counted;
  const SyslogCut half = counted.Flush("11 <13>mes");
  EXPECT_EQ(half.message, "<13>mes");
  EXPECT_EQ(half.consumed, 10U);
  EXPECT_EQ(Cut(counted, "sage7 <14>two"), (Strings{"sage", "<14>two"}));
  SyslogFramer line;
  EXPECT_EQ(line.Flush("<13>mes").message, "<13>mes");
  EXPECT_EQ(Cut(line, "7 sage\n7 <14>two"), (Strings{"7 sage", "<14>two"}));
}

}  // namespace
}  // namespace logboom::agent
