// Which keys a daemon takes: each declares its own, and nothing else is accepted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logboom::daemon {

// What a key takes; in parentheses what --set KEY=VALUE, a flag or a default text looks like.
enum class KeyType {
  kString,    // (any text)
  kInt,       // a whole number (42)
  kBool,      // (true, false)
  kDuration,  // text with a unit: ms, s, m, h, d (500ms, 1h30m), or 0
  kBytes,  // a number of bytes, or text with a unit: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB (1 GiB)
  kStringList,  // a list of strings (one a --set; the first replaces what the file says, the next
                // add)
  kStringMap,   // a table of strings (name=value a --set, as lists)
  kTables,      // a repeated table, [[input]], with keys of its own
};

// "a whole number", for messages.
std::string_view Takes(KeyType type);

struct KeySpec {
  std::string name = {};  // dotted: "topics.auto_create"
  KeyType type = KeyType::kString;
  // As --set would say it. Lists, maps and tables are empty by default, or hold this one element.
  std::string default_text = {};
  std::string help = {};  // one line
  // Must be given, and not be empty. In a repeated table: in each of them.
  bool required = false;
  // Of kTables: the keys of each table. They are not kTables themselves.
  std::vector<KeySpec> table = {};
  // Of kInt, kDuration (milliseconds) and kBytes: values outside are refused.
  std::int64_t min = 0;
  std::int64_t max = INT64_MAX;
};

struct Schema {
  std::vector<KeySpec> keys = {};
};

// The same, with keys that every daemon has: log.level.
Schema WithCommonKeys(Schema schema);

}  // namespace logboom::daemon
