#include "lib/daemon/config_builder.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "lib/base/check.h"
#include "lib/daemon/nearest.h"
#include "lib/daemon/units.h"

namespace logboom::daemon {
namespace {

std::optional<std::int64_t> ParseInt(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> ParseBool(std::string_view text) {
  if (text == "true") return 1;
  if (text == "false") return 0;
  return std::nullopt;
}

std::optional<std::int64_t> ParseNumberText(KeyType type, std::string_view text) {
  if (type == KeyType::kInt) return ParseInt(text);
  if (type == KeyType::kBool) return ParseBool(text);
  if (type == KeyType::kBytes) return ParseByteCount(text);
  const auto duration = ParseDuration(text);
  return duration ? std::optional(duration->count()) : std::nullopt;
}

// The number behind a key of type int, bool, duration (ms) or bytes.
std::optional<std::int64_t> ToNumber(KeyType type, const RawValue& raw) {
  using Kind = RawValue::Kind;
  const bool takes_units = type == KeyType::kDuration || type == KeyType::kBytes;
  if (raw.kind == Kind::kFromText || (raw.kind == Kind::kText && takes_units)) {
    return ParseNumberText(type, raw.text);
  }
  // A bare number is no duration: it has no unit, and only nothing is the same in all of them.
  const bool takes_number = type == KeyType::kInt || type == KeyType::kBytes ||
                            (type == KeyType::kDuration && raw.number == 0);
  if ((raw.kind == Kind::kNumber && takes_number) ||
      (raw.kind == Kind::kFlag && type == KeyType::kBool)) {
    return raw.number;
  }
  return std::nullopt;
}

std::string Shown(const RawValue& raw) {
  switch (raw.kind) {
    case RawValue::Kind::kNone: return "(something else)";
    case RawValue::Kind::kFromText: return raw.text;
    case RawValue::Kind::kText: return fmt::format("\"{}\"", raw.text);
    case RawValue::Kind::kNumber: return fmt::format("{}", raw.number);
    case RawValue::Kind::kFlag: return raw.number != 0 ? "true" : "false";
    case RawValue::Kind::kList:
      return raw.list.empty() ? "[]" : fmt::format("[\"{}\"]", fmt::join(raw.list, "\", \""));
    case RawValue::Kind::kMap: return "{...}";
  }
  return {};
}

std::string FormatBound(KeyType type, std::int64_t bound) {
  if (type == KeyType::kDuration) return FormatDuration(std::chrono::milliseconds(bound));
  return type == KeyType::kBytes ? FormatByteCount(bound) : fmt::format("{}", bound);
}

std::string TakesOf(const KeySpec& key) {
  std::string text(Takes(key.type));
  const bool bounded =
      key.type == KeyType::kInt || key.type == KeyType::kDuration || key.type == KeyType::kBytes;
  if (!bounded || (key.min == 0 && key.max == INT64_MAX)) return text;
  if (key.max == INT64_MAX)
    return fmt::format("{} of at least {}", text, FormatBound(key.type, key.min));
  if (key.min == 0) {
    return fmt::format("{} of at most {}", text, FormatBound(key.type, key.max));
  }
  return fmt::format("{} from {} to {}", text, FormatBound(key.type, key.min),
                     FormatBound(key.type, key.max));
}

Error Refused(const KeySpec& key, const RawValue& raw, std::string_view origin) {
  return Fail(ErrorCode::kInvalid, "{}: {} = {}: takes {}", origin, key.name, Shown(raw),
              TakesOf(key));
}

bool IsNumber(KeyType type) {
  return type == KeyType::kInt || type == KeyType::kBool || type == KeyType::kDuration ||
         type == KeyType::kBytes;
}

// "name=value".
bool AddPair(std::string_view text, std::map<std::string, std::string>& map) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  map[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  return true;
}

RawValue FromText(std::string text) {
  return {.kind = RawValue::Kind::kFromText, .text = std::move(text)};
}

}  // namespace

ConfigBuilder::ConfigBuilder(const std::vector<KeySpec>& keys) : keys_(keys) {
  for (const KeySpec& key : keys_) SetDefault(key);
}

void ConfigBuilder::SetDefault(const KeySpec& key) {
  config_.order_.push_back(key.name);
  config_.values_[key.name].type = key.type;
  if (key.default_text.empty() && !IsNumber(key.type)) return;
  const std::string nothing = key.type == KeyType::kBool ? "false" : "0";
  const RawValue text = FromText(key.default_text.empty() ? nothing : key.default_text);
  // A default that its own type or bounds refuse is a bug of the schema's; a required one is never
  // seen.
  CHECK(Set(key, text, "").ok() || key.required);
}

const KeySpec* ConfigBuilder::Find(std::string_view name) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(),
                                  [name](const KeySpec& key) { return key.name == name; });
  return found == keys_.end() ? nullptr : &*found;
}

bool ConfigBuilder::IsSection(std::string_view name) const {
  const std::string prefix = std::string(name) + ".";
  return std::any_of(keys_.begin(), keys_.end(),
                     [&prefix](const KeySpec& key) { return key.name.starts_with(prefix); });
}

std::vector<std::string> ConfigBuilder::Names() const {
  std::vector<std::string> names;
  for (const KeySpec& key : keys_) {
    names.push_back(key.name);
    for (const KeySpec& inner : key.table) names.push_back(key.name + "." + inner.name);
  }
  return names;
}

Error ConfigBuilder::Unknown(std::string_view name, std::string_view origin) const {
  return Fail(ErrorCode::kInvalid, "{}: unknown key \"{}\"; the nearest known one is \"{}\"",
              origin, name, Nearest(name, Names()));
}

Status ConfigBuilder::Set(const KeySpec& key, const RawValue& raw, const std::string& origin) {
  Config::Value value{.type = key.type, .origin = origin};
  if (!Fill(key, raw, value)) return Refused(key, raw, origin);
  config_.values_[key.name] = std::move(value);
  return Ok();
}

bool ConfigBuilder::Fill(const KeySpec& key, const RawValue& raw, Config::Value& value) {
  using Kind = RawValue::Kind;
  const bool from_text = raw.kind == Kind::kFromText;
  switch (key.type) {
    case KeyType::kString: value.text = raw.text; return from_text || raw.kind == Kind::kText;
    case KeyType::kStringList:
      value.list = from_text ? std::vector<std::string>{raw.text} : raw.list;
      return from_text || raw.kind == Kind::kList;
    case KeyType::kStringMap:
      value.map = raw.map;
      return raw.kind == Kind::kMap || (from_text && AddPair(raw.text, value.map));
    case KeyType::kTables: return false;
    case KeyType::kInt:
    case KeyType::kBool:
    case KeyType::kDuration:
    case KeyType::kBytes: break;
  }
  const auto number = ToNumber(key.type, raw);
  value.number = number.value_or(0);
  return number && (key.type == KeyType::kBool || (*number >= key.min && *number <= key.max));
}

void ConfigBuilder::AddTable(const KeySpec& key, Config table, const std::string& origin) {
  Config::Value& value = config_.values_[key.name];
  value.tables.push_back(std::move(table));
  value.origin = origin;
}

const KeySpec* ConfigBuilder::TableOf(std::string_view name) const {
  for (const KeySpec& key : keys_) {
    if (key.type == KeyType::kTables && name.starts_with(key.name + ".")) return &key;
  }
  return nullptr;
}

Status ConfigBuilder::Apply(const Setting& setting) {
  const KeySpec* key = Find(setting.key);
  if (key == nullptr) {
    const KeySpec* table = TableOf(setting.key);
    if (table == nullptr) return Unknown(setting.key, setting.origin);
    return AddToTable(*table, setting);
  }
  const bool first = applied_.insert(setting.key).second;
  Config::Value before = config_.values_[key->name];
  RETURN_IF_ERROR(Set(*key, FromText(setting.value), setting.origin));
  Config::Value& now = config_.values_[key->name];
  if (!first) {
    now.list.insert(now.list.begin(), before.list.begin(), before.list.end());
    now.map.merge(before.map);
  }
  return Ok();
}

Status ConfigBuilder::AddToTable(const KeySpec& table, const Setting& setting) {
  const std::string inner = setting.key.substr(table.name.size() + 1);
  const bool known = std::any_of(table.table.begin(), table.table.end(),
                                 [&inner](const KeySpec& key) { return key.name == inner; });
  if (!known) return Unknown(setting.key, setting.origin);
  table_settings_[table.name].push_back({inner, setting.value, setting.origin});
  return Ok();
}

Result<Config> ConfigBuilder::Finish(std::string_view within, std::string_view origin) {
  for (const auto& [name, settings] : table_settings_) {
    const KeySpec* key = Find(name);
    ConfigBuilder inner(key->table);
    for (const Setting& setting : settings) RETURN_IF_ERROR(inner.Apply(setting));
    ASSIGN_OR_RETURN(Config table, inner.Finish(name, "the command line"));
    AddTable(*key, std::move(table), settings.front().origin);
  }
  for (const KeySpec& key : keys_) {
    if (!key.required) continue;
    const Config::Value& value = config_.values_[key.name];
    const bool empty_text = key.type == KeyType::kString && value.text.empty();
    if (!value.origin.empty() && !empty_text) continue;
    const std::string name = within.empty() ? key.name : fmt::format("{}.{}", within, key.name);
    return Fail(ErrorCode::kInvalid, "{}: {} must be set: {}", origin, name, key.help);
  }
  return std::move(config_);
}

}  // namespace logboom::daemon
