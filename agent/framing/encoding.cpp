#include "agent/framing/encoding.h"

#include <array>
#include <cstdint>
#include <utility>

namespace logboom::agent {
namespace {

constexpr std::array<std::pair<std::string_view, Encoding>, 6> kNames{
    {{"bytes", Encoding::kBytes},
     {"utf-8", Encoding::kUtf8},
     {"utf-16", Encoding::kUtf16},
     {"utf-16le", Encoding::kUtf16Le},
     {"utf-16be", Encoding::kUtf16Be},
     {"latin1", Encoding::kLatin1}}};

constexpr ByteView kMarkUtf8("\xef\xbb\xbf", 3);
constexpr ByteView kMarkLe("\xff\xfe", 2);
constexpr ByteView kMarkBe("\xfe\xff", 2);

std::uint32_t UnitAt(Encoding encoding, ByteView bytes, std::size_t at) {
  const std::uint32_t first = static_cast<std::uint8_t>(bytes[at]);
  const std::uint32_t second = static_cast<std::uint8_t>(bytes[at + 1]);
  return encoding == Encoding::kUtf16Be ? first << 8U | second : second << 8U | first;
}

bool IsHighSurrogate(std::uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool IsLowSurrogate(std::uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

void AppendCodePoint(std::uint32_t point, Bytes& out) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto tail = [&](unsigned shift) { put(0x80U | (point >> shift & 0x3fU)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0U | point >> 6U);
    tail(0);
  } else if (point < 0x10000) {
    put(0xe0U | point >> 12U);
    tail(6);
    tail(0);
  } else {
    put(0xf0U | point >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

void AppendUtf16(Encoding encoding, ByteView bytes, Bytes& out) {
  std::size_t at = 0;
  while (at + 1 < bytes.size()) {
    std::uint32_t point = UnitAt(encoding, bytes, at);
    at += 2;
    if (IsHighSurrogate(point) && at + 1 < bytes.size()) {
      const std::uint32_t low = UnitAt(encoding, bytes, at);
      if (IsLowSurrogate(low)) {
        point = 0x10000 + ((point - 0xd800) << 10U) + (low - 0xdc00);
        at += 2;
      }
    }
    AppendCodePoint(point, out);
  }
  if (at < bytes.size()) out.push_back(bytes[at]);
}

}  // namespace

Result<Encoding> ParseEncoding(std::string_view name) {
  for (const auto& [known, encoding] : kNames) {
    if (known == name) return encoding;
  }
  return Fail(ErrorCode::kInvalid, "bytes, utf-8, utf-16, utf-16le, utf-16be or latin1");
}

Encoding ResolveByteOrder(Encoding encoding, ByteView head) {
  if (encoding != Encoding::kUtf16) return encoding;
  return head.starts_with(kMarkBe) ? Encoding::kUtf16Be : Encoding::kUtf16Le;
}

std::size_t ByteOrderMarkBytes(Encoding encoding, ByteView head) {
  ByteView mark;
  if (encoding == Encoding::kUtf8) mark = kMarkUtf8;
  if (encoding == Encoding::kUtf16Le) mark = kMarkLe;
  if (encoding == Encoding::kUtf16Be) mark = kMarkBe;
  return head.starts_with(mark) ? mark.size() : 0;
}

void AppendAsUtf8(Encoding encoding, ByteView bytes, Bytes& out) {
  if (IsUtf16(encoding)) return AppendUtf16(encoding, bytes, out);
  if (encoding != Encoding::kLatin1) {
    out.append(bytes);
    return;
  }
  for (const char byte : bytes) AppendCodePoint(static_cast<std::uint8_t>(byte), out);
}

}  // namespace logboom::agent
