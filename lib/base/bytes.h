// Bytes: views, owners, and fixed-width integers in big endian (network order, as Kafka's formats)
// and little endian. A ByteView may hold anything, NUL and invalid UTF-8 included; it owns nothing.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace logboom {

using ByteView = std::string_view;
using Bytes = std::string;

template <std::integral T>
T ByteSwap(T value) {
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) {
    return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
  }
  if constexpr (sizeof(T) == 4) {
    return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
  }
  if constexpr (sizeof(T) == 8) {
    return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
  }
}

// Read or write sizeof(T) bytes at `at`; the caller has checked that they are there.
template <std::integral T>
T LoadBig(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return std::endian::native == std::endian::little ? ByteSwap(value) : value;
}

template <std::integral T>
void StoreBig(char* at, T value) {
  if (std::endian::native == std::endian::little) value = ByteSwap(value);
  std::memcpy(at, &value, sizeof(T));
}

// Appends big-endian integers and length-prefixed strings to a Bytes that it does not own.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  template <std::integral T>
  void Int(T value) {
    char buffer[sizeof(T)];
    StoreBig(buffer, value);
    out_.append(buffer, sizeof(T));
  }
  void Raw(ByteView bytes) { out_.append(bytes); }
  // u32 length, then the bytes.
  void String(ByteView bytes) {
    Int(static_cast<std::uint32_t>(bytes.size()));
    Raw(bytes);
  }

 private:
  Bytes& out_;
};

// Reads what ByteWriter wrote. Never reads past the end: once anything is short, ok() is false for
// good and every further read gives zero or an empty view. Views point into the input.
class ByteReader {
 public:
  explicit ByteReader(ByteView in) : in_(in) {}

  template <std::integral T>
  T Int() {
    if (!Has(sizeof(T))) return T{};
    T value = LoadBig<T>(in_.data());
    in_.remove_prefix(sizeof(T));
    return value;
  }
  ByteView Raw(std::size_t count) {
    if (!Has(count)) return {};
    ByteView bytes = in_.substr(0, count);
    in_.remove_prefix(count);
    return bytes;
  }
  ByteView String() { return Raw(Int<std::uint32_t>()); }

  bool ok() const { return ok_; }
  ByteView rest() const { return in_; }
  // All was read, and nothing was short.
  bool done() const { return ok_ && in_.empty(); }

 private:
  bool Has(std::size_t count) {
    if (ok_ && count <= in_.size()) return true;
    ok_ = false;
    in_ = {};
    return false;
  }

  ByteView in_;
  bool ok_ = true;
};

// Lower-case hexadecimal, and back (nothing where it is not hexadecimal of whole bytes).
std::string ToHex(ByteView bytes);
std::optional<Bytes> FromHex(std::string_view text);

}  // namespace logboom
