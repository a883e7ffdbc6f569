// A daemon's configuration: values by key, checked against its schema, each with where it came
// from.
//
// Later sources win: the defaults, the file, conf.d/*.toml beside the file in the order of their
// names, then --set and flags in the order given. Lists and maps of a later source replace those
// before; repeated tables of all files add up. A --set or flag for a key inside a repeated table
// (--set input.topic=web) makes one more table, which all of the command line's share.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/daemon/config_schema.h"

namespace logboom::daemon {

// One key from outside of the files.
struct Setting {
  std::string key;
  std::string value;
  std::string origin;  // "--set", "--data-dir"
};

struct ConfigSources {
  // --config. Must exist.
  std::optional<std::string> file = {};
  // "/etc/logboom/broker.toml": taken where no --config is given, and only if it exists. Its name
  // is the role, with a --config too.
  std::string default_file = {};
  std::vector<Setting> settings = {};
};

// A value. Copied freely; never changes once loaded, so any thread may read it.
// Getters CHECK that the schema has the key with that type: asking otherwise is a bug of ours.
class Config {
 public:
  const std::string& String(std::string_view key) const;
  std::int64_t Int(std::string_view key) const;
  bool Bool(std::string_view key) const;
  std::chrono::milliseconds Duration(std::string_view key) const;
  std::int64_t Bytes(std::string_view key) const;
  const std::vector<std::string>& List(std::string_view key) const;
  const std::map<std::string, std::string>& Map(std::string_view key) const;
  const std::vector<Config>& Tables(std::string_view key) const;

  // Set by a file, --set or a flag; false: it is the default.
  bool IsSet(std::string_view key) const;

  // For checks that a type can't make, in the form of all other messages:
  // `broker.toml:3: listen = "x": takes tcp://HOST:PORT`.
  Error Invalid(std::string_view key, std::string_view takes) const;

  // Every key with its effective value and where it came from, as TOML.
  std::string ToToml() const;

 private:
  friend class ConfigBuilder;
  struct Value {
    KeyType type = KeyType::kString;
    std::string text = {};  // of strings; of scalars as written, for messages
    std::int64_t number = 0;
    std::vector<std::string> list = {};
    std::map<std::string, std::string> map = {};
    std::vector<Config> tables = {};
    std::string origin = {};  // "broker.toml:3"; empty: the default
  };
  const Value& At(std::string_view key, KeyType type) const;
  // As TOML.
  static std::string Shown(const Value& value);

  std::vector<std::string> order_;  // the schema's
  std::map<std::string, Value, std::less<>> values_;
};

// kInvalid with file and line, key, value and what it takes; for an unknown key the nearest known
// one. kNotFound or kPermission where a file can't be read. Reads files, and nothing else.
Result<Config> LoadConfig(const Schema& schema, const ConfigSources& sources);

}  // namespace logboom::daemon
