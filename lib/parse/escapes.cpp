#include "lib/parse/escapes.h"

namespace logboom::parse {
namespace {

constexpr std::uint32_t kHighSurrogate = 0xd800;
constexpr std::uint32_t kLowSurrogate = 0xdc00;
constexpr std::uint32_t kSurrogatesEnd = 0xe000;
constexpr std::uint32_t kCodePointMax = 0x10ffff;

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = ToLower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

char* WriteByte(std::uint32_t byte, char* out) {
  *out = static_cast<char>(byte);
  return out + 1;
}

// Behind "\u" and a high surrogate: the code point, where a low one follows.
std::uint32_t JoinSurrogates(std::uint32_t high, Scanner& in) {
  Scanner ahead = in;
  if (!ahead.Take("\\u")) return kReplacementCharacter;
  const auto low = TakeHex(ahead, 4);
  if (!low || *low < kLowSurrogate || *low >= kSurrogatesEnd) return kReplacementCharacter;
  in = ahead;
  return 0x10000 + ((high - kHighSurrogate) << 10U) + (*low - kLowSurrogate);
}

// What one letter behind a backslash stands for; 0 where it stands for nothing.
char Named(char letter) {
  switch (letter) {
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    case '"':
    case '\'':
    case '\\':
    case '/': return letter;
    default: return '\0';
  }
}

std::optional<std::uint32_t> TakeOctal(Scanner& in) {
  std::uint32_t byte = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const char c = in.peek(i);
    if (c < '0' || c > '7') return std::nullopt;
    byte = byte * 8 + static_cast<std::uint32_t>(c - '0');
  }
  if (byte > 0xff) return std::nullopt;
  in.TakeBytes(3);
  return byte;
}

std::size_t HexDigitsBehind(char letter) {
  switch (letter) {
    case 'x': return 2;
    case 'u': return 4;
    case 'U': return 8;
    default: return 0;
  }
}

}  // namespace

char* WriteUtf8(std::uint32_t code_point, char* out) {
  const bool surrogate = code_point >= kHighSurrogate && code_point < kSurrogatesEnd;
  const std::uint32_t c =
      surrogate || code_point > kCodePointMax ? kReplacementCharacter : code_point;
  if (c < 0x80) return WriteByte(c, out);
  if (c < 0x800) {
    out = WriteByte(0xc0U | c >> 6U, out);
    return WriteByte(0x80U | (c & 0x3fU), out);
  }
  if (c < 0x10000) {
    out = WriteByte(0xe0U | c >> 12U, out);
  } else {
    out = WriteByte(0xf0U | c >> 18U, out);
    out = WriteByte(0x80U | (c >> 12U & 0x3fU), out);
  }
  out = WriteByte(0x80U | (c >> 6U & 0x3fU), out);
  return WriteByte(0x80U | (c & 0x3fU), out);
}

std::optional<std::uint32_t> TakeHex(Scanner& in, std::size_t digits) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const int digit = HexDigit(in.peek(i));
    if (digit < 0) return std::nullopt;
    value = value << 4U | static_cast<std::uint32_t>(digit);
  }
  in.TakeBytes(digits);
  return value;
}

char* UnescapeJson(Scanner& in, char* out) {
  const char letter = in.peek();
  if (letter == 'u') {
    in.TakeBytes(1);
    const auto unit = TakeHex(in, 4);
    if (!unit) return nullptr;
    const bool high = *unit >= kHighSurrogate && *unit < kLowSurrogate;
    return WriteUtf8(high ? JoinSurrogates(*unit, in) : *unit, out);
  }
  const char named = Named(letter);
  if (named == '\0' || letter == 'a' || letter == 'v' || letter == '\'') return nullptr;
  in.TakeBytes(1);
  *out = named;
  return out + 1;
}

char* UnescapePrinted(Scanner& in, char* out) {
  const char letter = in.peek();
  if (const char named = Named(letter); named != '\0') {
    in.TakeBytes(1);
    *out = named;
    return out + 1;
  }
  if (const std::size_t digits = HexDigitsBehind(letter); digits > 0) {
    Scanner ahead = in;
    ahead.TakeBytes(1);
    if (const auto value = TakeHex(ahead, digits)) {
      in = ahead;
      return digits == 2 ? WriteByte(*value, out) : WriteUtf8(*value, out);
    }
  }
  if (const auto byte = TakeOctal(in)) return WriteByte(*byte, out);
  *out = '\\';
  return out + 1;
}

}  // namespace logboom::parse
