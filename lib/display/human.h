// Numbers with units, for people. Functions without state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/types.h"

namespace logboom::display {

// "512 B", "1.2 GB": powers of 1,000.
std::string HumanBytes(double bytes);
template <typename Integer>
std::string HumanBytes(Integer bytes) {
  return HumanBytes(static_cast<double>(bytes));
}

// "1,234,567".
std::string HumanCount(std::uint64_t count);
// "1 record", "2 records".
std::string HumanCount(std::uint64_t count, std::string_view noun);

// "850 ms", "12 s", "3 m", "5 h", "2 d": one unit, cut.
std::string HumanSpan(std::int64_t ms);

// "3 m ago", "now" within a second and for what is still to come, "never".
std::string HumanAgo(std::optional<TimestampMs> time, TimestampMs now);

}  // namespace logboom::display
