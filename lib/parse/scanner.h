// Reads a line from left to right, and never past its end. Copying one is a bookmark.
#pragma once

#include <algorithm>
#include <optional>

#include "lib/base/bytes.h"

namespace logboom::parse {

// Of ASCII alone, whatever the locale.
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsLetter(char c) { return IsUpper(c) || (c >= 'a' && c <= 'z'); }
constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }
constexpr bool IsPrintable(char c) { return c > ' ' && c < '\x7f'; }
constexpr char ToLower(char c) { return IsUpper(c) ? static_cast<char>(c | 0x20) : c; }

// `lower` is in lower case.
constexpr bool EqualsIgnoringCase(ByteView text, ByteView lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(),
                                                   [](char a, char b) { return ToLower(a) == b; });
}

class Scanner {
 public:
  explicit Scanner(ByteView text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  ByteView rest() const { return rest_; }
  // NUL at the end (and where there is one).
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  char peek(std::size_t ahead) const { return ahead < rest_.size() ? rest_[ahead] : '\0'; }

  // True, and taken, where it comes next.
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool Take(ByteView text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  // `count` bytes, or what is left.
  ByteView TakeBytes(std::size_t count) {
    const ByteView taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // What comes before `c`, which stays; all that is left where there is none.
  ByteView TakeUntil(char c) { return TakeBytes(rest_.find(c)); }
  template <typename Predicate>
  ByteView TakeWhile(Predicate predicate) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), predicate);
    return TakeBytes(static_cast<std::size_t>(end - rest_.begin()));
  }
  void SkipBlanks() { TakeWhile(IsBlank); }
  // A number of exactly so many digits (at most 9); where there are fewer, nothing is taken.
  std::optional<int> TakeDigits(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    int number = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!IsDigit(rest_[i])) return std::nullopt;
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return number;
  }

 private:
  ByteView rest_;
};

}  // namespace logboom::parse
