// What a flag that takes a number says where it is none, or too small: CLI11's own check prints its
// range with hundreds of digits. A function without state.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <string>

namespace logboom::cli {

// For CLI::Option::check.
inline auto WholeNumberFrom(std::int64_t least) {
  return [least](const std::string& text) -> std::string {
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc() && stop == end && value >= least) return {};
    return fmt::format("takes a whole number from {} on, got '{}'", least, text);
  };
}

}  // namespace logboom::cli
