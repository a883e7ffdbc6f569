// Every limit of lib/parse. A line beyond one of them is not parsed; nothing is ever cut silently.
#pragma once

#include <cstddef>
#include <cstdint>

namespace logboom::parse {

inline constexpr std::size_t kFieldsMax = 256;            // fields of one line
inline constexpr std::size_t kFieldNameBytesMax = 1'024;  // a name, with its prefixes: "a.b.c"
inline constexpr unsigned kJsonDepthMax = 32;             // objects and arrays in each other

inline constexpr std::size_t kRegexBytesMax = 8 * 1'024;       // a user's pattern
inline constexpr std::size_t kRegexGroupsMax = 100;            // in it, named or not
inline constexpr std::int64_t kRegexMemoryBytesMax = 2 << 20;  // what RE2 may take for one pattern

inline constexpr std::size_t kZoneNameBytesMax = 64;
inline constexpr std::size_t kZoneFileBytesMax = 64 * 1'024;  // those of the tz database: 4 KiB
inline constexpr std::size_t kTimeFormatBytesMax = 128;

inline constexpr std::size_t kUnixDigitsMax = 19;
inline constexpr std::int64_t kTimeMsMax = 253'402'300'799'999;  // the end of the year 9999, UTC

inline constexpr std::size_t kLevelBytesMax = 200;  // of a line, that are looked at for its level
inline constexpr int kSyslogPriorityMax = 191;      // 23 facilities * 8 + 7

// What a Fields keeps for the next line at most; a larger line gets room of its own.
inline constexpr std::size_t kArenaBytesKept = 256 * 1'024;

}  // namespace logboom::parse
