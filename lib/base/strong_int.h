// A strong integer: two of different tags do not convert into each other, so swapping an offset and
// a file position does not compile. Same-tag values compare, subtract to a plain integer, and step
// by a plain integer.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace logboom {

template <typename Tag, typename Rep = std::int64_t>
class StrongInt {
 public:
  using rep = Rep;
  constexpr StrongInt() = default;
  constexpr explicit StrongInt(Rep value) : value_(value) {}

  constexpr Rep value() const { return value_; }

  friend constexpr auto operator<=>(StrongInt, StrongInt) = default;
  friend constexpr StrongInt operator+(StrongInt a, Rep step) { return StrongInt(a.value_ + step); }
  friend constexpr StrongInt operator-(StrongInt a, Rep step) { return StrongInt(a.value_ - step); }
  friend constexpr Rep operator-(StrongInt a, StrongInt b) { return a.value_ - b.value_; }
  constexpr StrongInt& operator+=(Rep step) {
    value_ += step;
    return *this;
  }
  constexpr StrongInt& operator++() {
    ++value_;
    return *this;
  }

 private:
  Rep value_ = 0;
};

}  // namespace logboom

template <typename Tag, typename Rep>
struct std::hash<logboom::StrongInt<Tag, Rep>> {
  std::size_t operator()(logboom::StrongInt<Tag, Rep> v) const noexcept {
    return std::hash<Rep>{}(v.value());
  }
};

template <typename Tag, typename Rep>
struct fmt::formatter<logboom::StrongInt<Tag, Rep>> : fmt::formatter<Rep> {
  template <typename Context>
  auto format(logboom::StrongInt<Tag, Rep> v, Context& context) const {
    return fmt::formatter<Rep>::format(v.value(), context);
  }
};
