#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/streams/syslog_framing.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {
namespace {

// The messages of `bytes`, read `step` at a time, and what is left at its end.
std::vector<std::string> Messages(ByteView bytes, std::size_t step) {
  agent::SyslogFramer framer;
  std::vector<std::string> messages;
  std::size_t at = 0;
  for (std::size_t end = 0; end < bytes.size();) {
    end = std::min(bytes.size(), end + step);
    while (const auto cut = framer.Next(bytes.substr(at, end - at))) {
      EXPECT_GT(cut->consumed, 0U);
      EXPECT_LE(cut->consumed, end - at);
      EXPECT_LE(cut->message.size(), cut->consumed);
      messages.emplace_back(cut->message);
      at += cut->consumed;
    }
  }
  const agent::SyslogCut rest = framer.Flush(bytes.substr(at));
  EXPECT_EQ(rest.consumed, bytes.size() - at);
  messages.emplace_back(rest.message);
  return messages;
}

}  // namespace

void SyslogFraming(ByteView input) {
  if (input.empty()) return;
  const std::size_t step = 1 + static_cast<unsigned char>(input.front());
  const ByteView bytes = input.substr(1);
  EXPECT_EQ(Messages(bytes, step), Messages(bytes, bytes.size() + 1));
}

}  // namespace logboom::fuzz
