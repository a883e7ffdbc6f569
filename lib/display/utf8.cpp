#include "lib/display/utf8.h"

#include <algorithm>
#include <array>

namespace logboom::display {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool InAny(const std::array<Range, N>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](const Range& range) { return c >= range.first && c <= range.last; });
}

constexpr std::array<Range, 10> kControls = {{{0x00, 0x1f},
                                              {0x7f, 0x9f},
                                              {0x61c, 0x61c},
                                              {0x200b, 0x200f},
                                              {0x2028, 0x202e},
                                              {0x2060, 0x2069},
                                              {0xfeff, 0xfeff},
                                              {0xfff9, 0xfffb},
                                              {0xe0000, 0xe007f},
                                              {0x180e, 0x180e}}};

// Marks that sit on the letter before.
constexpr std::array<Range, 6> kCombining = {{{0x300, 0x36f},
                                              {0x483, 0x489},
                                              {0x591, 0x5bd},
                                              {0x1ab0, 0x1aff},
                                              {0x20d0, 0x20ff},
                                              {0xfe00, 0xfe0f}}};

// East Asian wide letters, and emoji.
constexpr std::array<Range, 8> kWide = {{{0x1100, 0x115f},
                                         {0x2e80, 0x303e},
                                         {0x3041, 0xa4cf},
                                         {0xac00, 0xd7a3},
                                         {0xf900, 0xfaff},
                                         {0xff00, 0xff60},
                                         {0x1f300, 0x1faff},
                                         {0x20000, 0x3fffd}}};

// Length, and the least code point that needs it, by the first byte.
struct Lead {
  std::size_t bytes;
  char32_t bits;
  char32_t least;
};

Lead LeadOf(unsigned char byte) {
  if (byte < 0x80) return {1, byte, 0};
  if (byte >= 0xc2 && byte < 0xe0) return {2, byte & 0x1fU, 0x80};
  if (byte >= 0xe0 && byte < 0xf0) return {3, byte & 0x0fU, 0x800};
  if (byte >= 0xf0 && byte < 0xf5) return {4, byte & 0x07U, 0x10000};
  return {0, 0, 0};
}

}  // namespace

CodePoint DecodeUtf8(ByteView text) {
  const Lead lead = LeadOf(static_cast<unsigned char>(text[0]));
  if (lead.bytes == 0 || lead.bytes > text.size()) return {};
  char32_t value = lead.bits;
  for (std::size_t i = 1; i < lead.bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0U) != 0x80) return {};
    value = (value << 6U) | (byte & 0x3fU);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < lead.least || value > 0x10ffff || surrogate) return {};
  return {value, lead.bytes};
}

bool IsUtf8(ByteView text) {
  while (!text.empty()) {
    // Eight bytes of ASCII at a time: most of most lines.
    if (text.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), sizeof(word));
      if ((word & 0x8080808080808080U) == 0) {
        text.remove_prefix(8);
        continue;
      }
    }
    const CodePoint point = DecodeUtf8(text);
    if (point.bytes == 0) return false;
    text.remove_prefix(point.bytes);
  }
  return true;
}

bool IsControl(char32_t c) { return InAny(kControls, c); }

unsigned ColumnsOf(char32_t c) {
  if (c < 0x300) return 1;
  if (InAny(kCombining, c)) return 0;
  return InAny(kWide, c) ? 2 : 1;
}

std::size_t ColumnsOf(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const CodePoint point = DecodeUtf8(text);
    columns += point.bytes == 0 ? 1 : ColumnsOf(point.value);
    text.remove_prefix(std::max<std::size_t>(point.bytes, 1));
  }
  return columns;
}

}  // namespace logboom::display
