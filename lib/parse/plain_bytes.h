// How far a quoted text goes on plainly, eight bytes at a time: most of a log's bytes are in
// quotes.
#pragma once

#include <bit>
#include <cstdint>

#include "lib/base/bytes.h"

namespace logboom::parse {

enum class Controls { kArePlain, kEnd };

// How many bytes of `text` stand before its first quote, backslash or (where they end it) control
// character below the space.
template <Controls kControls>
std::size_t PlainBytes(ByteView text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x8080808080808080;
  // A high bit where a byte is zero; false ones only in bytes behind a true one.
  const auto zeros = [](std::uint64_t v) { return (v - kOnes) & ~v & kHighs; };
  std::size_t at = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
      std::uint64_t bytes;
      std::memcpy(&bytes, text.data() + at, sizeof(bytes));
      std::uint64_t found = zeros(bytes ^ (kOnes * '"')) | zeros(bytes ^ (kOnes * '\\'));
      if constexpr (kControls == Controls::kEnd) found |= (bytes - kOnes * ' ') & ~bytes & kHighs;
      if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
    }
  }
  const auto ends = [](char c) {
    const bool control = static_cast<unsigned char>(c) < ' ';
    return c == '"' || c == '\\' || (control && kControls == Controls::kEnd);
  };
  while (at < text.size() && !ends(text[at])) ++at;
  return at;
}

}  // namespace logboom::parse
