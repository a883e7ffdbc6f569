// Durations and sizes as people write them. Functions without state; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace logboom::daemon {

// "500ms", "30s", "1h30m", "7d", "0". Nothing where it is not one, is negative, or does not fit.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

// "1048576", "256 MiB", "1.5GB" (kB, MB, GB, TB: powers of 1,000). Nothing as above.
std::optional<std::int64_t> ParseByteCount(std::string_view text);

// The shortest text that parses back to the same: "90m", "1500ms"; "256MiB", "1000".
std::string FormatDuration(std::chrono::milliseconds duration);
std::string FormatByteCount(std::int64_t bytes);

}  // namespace logboom::daemon
