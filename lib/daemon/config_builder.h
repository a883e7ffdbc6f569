// Fills a Config from values of any source, checking each against its key's type and bounds.
// Inside of lib/daemon.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/daemon/config.h"
#include "lib/daemon/config_schema.h"

namespace logboom::daemon {

// A value before its key's type is looked at.
struct RawValue {
  enum class Kind {
    kNone,      // what no key takes: a fraction, a date, a list of other things
    kFromText,  // of --set and flags: may stand for any type
    kText,
    kNumber,
    kFlag,
    kList,
    kMap,
  };
  Kind kind = Kind::kNone;
  std::string text = {};
  std::int64_t number = 0;  // of kFlag: 0, 1
  std::vector<std::string> list = {};
  std::map<std::string, std::string> map = {};
};

// One owner, one thread. `keys` must outlive it.
class ConfigBuilder {
 public:
  explicit ConfigBuilder(const std::vector<KeySpec>& keys);

  // Nothing where no key has that name.
  const KeySpec* Find(std::string_view name) const;
  // Some key's name begins with `name` and a dot.
  bool IsSection(std::string_view name) const;
  std::vector<std::string> Names() const;
  // "unknown key": with the nearest known one.
  Error Unknown(std::string_view name, std::string_view origin) const;

  Status Set(const KeySpec& key, const RawValue& value, const std::string& origin);
  void AddTable(const KeySpec& key, Config table, const std::string& origin);
  // A key from outside of the files, which may be one inside a repeated table.
  Status Apply(const Setting& setting);

  // Checks what is required. `within` names the repeated table ("input"), or is empty. Call it
  // once.
  Result<Config> Finish(std::string_view within, std::string_view origin);

 private:
  const KeySpec* TableOf(std::string_view name) const;
  // False where the key does not take it.
  static bool Fill(const KeySpec& key, const RawValue& raw, Config::Value& value);
  void SetDefault(const KeySpec& key);
  Status AddToTable(const KeySpec& table, const Setting& setting);

  const std::vector<KeySpec>& keys_;
  Config config_;
  // Keys that the command line has set: lists grow from their second value on.
  std::set<std::string, std::less<>> applied_;
  // The one table of each repeated key that the command line makes.
  std::map<std::string, std::vector<Setting>, std::less<>> table_settings_;
};

}  // namespace logboom::daemon
