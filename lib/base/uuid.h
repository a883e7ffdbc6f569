// A random 128-bit identity: topics, sources, clusters, sessions. Text form is the usual
// 8-4-4-4-12 hexadecimal.
#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"

namespace logboom {

class Random;

class Uuid {
 public:
  static constexpr std::size_t kSize = 16;
  constexpr Uuid() = default;  // nil
  static Uuid Make(Random& random);
  // Nothing where `bytes` is not 16 bytes long.
  static std::optional<Uuid> FromBytes(ByteView bytes);
  static std::optional<Uuid> Parse(std::string_view text);

  constexpr ByteView bytes() const { return {bytes_.data(), bytes_.size()}; }
  std::string ToString() const;
  bool nil() const { return *this == Uuid{}; }
  friend constexpr bool operator==(const Uuid&, const Uuid&) = default;
  // As unsigned bytes, so that nil comes before all others: pages begin behind it.
  friend constexpr std::strong_ordering operator<=>(const Uuid& a, const Uuid& b) {
    return a.bytes() <=> b.bytes();
  }

 private:
  std::array<char, kSize> bytes_{};
};

}  // namespace logboom

template <>
struct std::hash<logboom::Uuid> {
  std::size_t operator()(const logboom::Uuid& id) const noexcept {
    std::size_t value;
    std::memcpy(&value, id.bytes().data(), sizeof(value));
    return value;
  }
};
