// Variable-length integers as Kafka's records have them: zigzag, then groups of seven bits, the
// lowest first, a set high bit where more follow. A value has the same bytes whether its field is a
// varint (32 bits, at most 5 bytes) or a varlong (64 bits, at most 10): only reading has to know
// which.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace logboom::record {

inline constexpr std::size_t kVarintBytesMax = 5;
inline constexpr std::size_t kVarlongBytesMax = 10;

constexpr std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}

constexpr std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

// How many bytes WriteVarint writes.
constexpr std::size_t VarintSize(std::int64_t value) {
  const auto bits = static_cast<std::size_t>(std::bit_width(ZigZag(value) | 1U));
  return (bits * 9 + 64) / 64;  // bits / 7, rounded up, for 1 to 64 bits
}

// Writes `value` at `at`, where VarintSize(value) bytes are free. Returns the place behind it.
inline char* WriteVarint(char* at, std::int64_t value) {
  std::uint64_t left = ZigZag(value);
  while (left >= 0x80U) {
    *at++ = static_cast<char>(left | 0x80U);
    left >>= 7U;
  }
  *at++ = static_cast<char>(left);
  return at;
}

// Reads the zigzag form, of at most `kBits` bits, from [at, end). Returns the place behind it, or
// null where the bytes end early or the value does not fit; then `value` is unchanged.
template <unsigned kBits>
const char* ReadUnsigned(const char* at, const char* end, std::uint64_t& value) {
  std::uint64_t gathered = 0;
  for (unsigned shift = 0; shift < kBits && at != end; shift += 7) {
    const std::uint64_t byte = static_cast<unsigned char>(*at++);
    gathered |= (byte & 0x7FU) << shift;
    if (byte < 0x80U) {
      // The last group has room for the upper kBits - shift bits only.
      if (shift + 7 > kBits && (byte >> (kBits - shift)) != 0) return nullptr;
      value = gathered;
      return at;
    }
  }
  return nullptr;
}

inline const char* ReadVarint(const char* at, const char* end, std::int32_t& value) {
  std::uint64_t raw = 0;
  at = ReadUnsigned<32>(at, end, raw);
  if (at != nullptr) value = static_cast<std::int32_t>(UnZigZag(raw));
  return at;
}

inline const char* ReadVarlong(const char* at, const char* end, std::int64_t& value) {
  std::uint64_t raw = 0;
  at = ReadUnsigned<64>(at, end, raw);
  if (at != nullptr) value = UnZigZag(raw);
  return at;
}

}  // namespace logboom::record
