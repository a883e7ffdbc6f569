#include "agent/streams/syslog_framing.h"

#include <algorithm>
#include <charconv>

namespace logboom::agent {
namespace {

// A longer count is none.
constexpr std::size_t kCountDigitsMax = 9;

struct Count {
  std::uint64_t bytes = 0;   // of the message
  std::size_t consumed = 0;  // of the count and its space
};

enum class CountState { kIs, kIsNone, kMayBe };

CountState ReadCount(ByteView bytes, Count& count) {
  if (bytes.front() < '1' || bytes.front() > '9') return CountState::kIsNone;
  const ByteView head = bytes.substr(0, kCountDigitsMax + 1);
  const std::size_t digits = std::min(head.find_first_not_of("0123456789"), head.size());
  if (digits == head.size()) {
    return head.size() > kCountDigitsMax ? CountState::kIsNone : CountState::kMayBe;
  }
  if (head[digits] != ' ') return CountState::kIsNone;
  std::from_chars(head.data(), head.data() + digits, count.bytes);
  count.consumed = digits + 1;
  return CountState::kIs;
}

}  // namespace

std::optional<SyslogCut> SyslogFramer::Next(ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  if (counted_ > 0) return NextCounted(bytes, 0, counted_);
  if (in_line_) return NextLine(bytes);
  Count count;
  switch (ReadCount(bytes, count)) {
    case CountState::kIs: return NextCounted(bytes, count.consumed, count.bytes);
    case CountState::kIsNone: return NextLine(bytes);
    case CountState::kMayBe: break;
  }
  return std::nullopt;
}

std::optional<SyslogCut> SyslogFramer::NextLine(ByteView bytes) {
  const std::size_t newline = bytes.find('\n');
  if (newline == ByteView::npos) return std::nullopt;
  in_line_ = false;
  return SyslogCut{bytes.substr(0, newline), newline + 1};
}

std::optional<SyslogCut> SyslogFramer::NextCounted(ByteView bytes, std::size_t count_bytes,
                                                   std::uint64_t count) {
  if (bytes.size() - count_bytes < count) return std::nullopt;
  counted_ = 0;
  const auto size = static_cast<std::size_t>(count);
  return SyslogCut{bytes.substr(count_bytes, size), count_bytes + size};
}

SyslogCut SyslogFramer::Flush(ByteView bytes) {
  Count count;
  const bool begins = counted_ == 0 && !in_line_ && !bytes.empty();
  const bool is_counted = begins && ReadCount(bytes, count) == CountState::kIs;
  if (is_counted) counted_ = count.bytes;
  const ByteView message = bytes.substr(is_counted ? count.consumed : 0);
  if (counted_ > 0) {
    counted_ -= std::min<std::uint64_t>(counted_, message.size());
  } else {
    in_line_ = true;
  }
  return {message, bytes.size()};
}

}  // namespace logboom::agent
