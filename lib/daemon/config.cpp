#include "lib/daemon/config.h"

#include <algorithm>
#include <array>

#include "lib/base/check.h"
#include "lib/daemon/config_builder.h"
#include "lib/daemon/config_toml.h"
#include "lib/daemon/units.h"
#include "lib/file/posix_file_system.h"

namespace logboom::daemon {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1} << 20U;

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string QuotedList(const std::vector<std::string>& list) {
  std::vector<std::string> quoted;
  for (const std::string& text : list) quoted.push_back(Quoted(text));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

std::string QuotedMap(const std::map<std::string, std::string>& map) {
  std::vector<std::string> pairs;
  for (const auto& [name, text] : map) {
    pairs.push_back(fmt::format("{} = {}", Quoted(name), Quoted(text)));
  }
  return fmt::format("{{{}}}", fmt::join(pairs, ", "));
}

Status MergeFile(const std::string& path, ConfigBuilder& into) {
  file::PosixFileSystem files;
  ASSIGN_OR_RETURN(const Bytes text, file::ReadWholeFile(files, path, kFileBytesMax));
  return MergeToml(text, path, into);
}

// "broker" of "/etc/logboom/broker.toml", "agent" of "agent-nginx.toml".
std::string_view FirstWord(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.find_first_of(".-_"));
}

// On a broker's own machine there is an agent too, and either would refuse the other's keys.
bool IsForAnotherRole(std::string_view drop_in, std::string_view role) {
  constexpr std::array<std::string_view, 4> kRoles = {"agent", "broker", "console", "exporter"};
  const std::string_view word = FirstWord(drop_in);
  return word != role && std::find(kRoles.begin(), kRoles.end(), word) != kRoles.end();
}

// conf.d beside the file, in the order of the names. It need not be there.
Status MergeDropIns(const std::string& path, std::string_view role, ConfigBuilder& into) {
  const std::string folder = file::ParentDirectory(path) + "/conf.d";
  file::PosixFileSystem files;
  const auto entries = files.List(folder);
  if (!entries.ok()) {
    return entries.error().code == ErrorCode::kNotFound ? Ok() : Status(entries.error());
  }
  for (const file::DirectoryEntry& entry : *entries) {
    const bool hidden = entry.name.starts_with(".");
    const bool is_file = entry.kind != file::FileKind::kDirectory;
    if (hidden || !is_file || !entry.name.ends_with(".toml")) continue;
    if (IsForAnotherRole(entry.name, role)) continue;
    RETURN_IF_ERROR(MergeFile(folder + "/" + entry.name, into));
  }
  return Ok();
}

}  // namespace

const Config::Value& Config::At(std::string_view key, KeyType type) const {
  const auto found = values_.find(key);
  CHECK(found != values_.end());
  CHECK(found->second.type == type);
  return found->second;
}

const std::string& Config::String(std::string_view key) const {
  return At(key, KeyType::kString).text;
}
std::int64_t Config::Int(std::string_view key) const { return At(key, KeyType::kInt).number; }
bool Config::Bool(std::string_view key) const { return At(key, KeyType::kBool).number != 0; }
std::chrono::milliseconds Config::Duration(std::string_view key) const {
  return std::chrono::milliseconds(At(key, KeyType::kDuration).number);
}
std::int64_t Config::Bytes(std::string_view key) const { return At(key, KeyType::kBytes).number; }
const std::vector<std::string>& Config::List(std::string_view key) const {
  return At(key, KeyType::kStringList).list;
}
const std::map<std::string, std::string>& Config::Map(std::string_view key) const {
  return At(key, KeyType::kStringMap).map;
}
const std::vector<Config>& Config::Tables(std::string_view key) const {
  return At(key, KeyType::kTables).tables;
}

bool Config::IsSet(std::string_view key) const {
  const auto found = values_.find(key);
  CHECK(found != values_.end());
  return !found->second.origin.empty();
}

std::string Config::Shown(const Value& value) {
  switch (value.type) {
    case KeyType::kString: return Quoted(value.text);
    case KeyType::kInt: return fmt::format("{}", value.number);
    case KeyType::kBool: return value.number != 0 ? "true" : "false";
    case KeyType::kDuration: return Quoted(FormatDuration(std::chrono::milliseconds(value.number)));
    case KeyType::kBytes: return Quoted(FormatByteCount(value.number));
    case KeyType::kStringList: return QuotedList(value.list);
    case KeyType::kStringMap: return QuotedMap(value.map);
    case KeyType::kTables: return fmt::format("{} of them", value.tables.size());
  }
  return {};
}

Error Config::Invalid(std::string_view key, std::string_view takes) const {
  const auto found = values_.find(key);
  CHECK(found != values_.end());
  const std::string& origin = found->second.origin;
  return Fail(ErrorCode::kInvalid, "{}: {} = {}: takes {}", origin.empty() ? "default" : origin,
              key, Shown(found->second), takes);
}

std::string Config::ToToml() const {
  std::string out;
  std::string tables;
  for (const std::string& name : order_) {
    const Value& value = values_.find(name)->second;
    if (value.type != KeyType::kTables) {
      out += fmt::format("{} = {}  # {}\n", name, Shown(value),
                         value.origin.empty() ? "default" : value.origin);
      continue;
    }
    // Behind all plain keys: in TOML a table's header takes in whatever follows it.
    for (const Config& table : value.tables) {
      tables += fmt::format("\n[[{}]]\n{}", name, table.ToToml());
    }
  }
  return out + tables;
}

Result<Config> LoadConfig(const Schema& schema, const ConfigSources& sources) {
  ConfigBuilder builder(schema.keys);
  std::string file;
  if (sources.file) {
    file = *sources.file;
  } else if (file::PosixFileSystem files; !sources.default_file.empty()) {
    const auto stat = files.Stat(sources.default_file);
    if (stat.ok() || stat.error().code != ErrorCode::kNotFound) file = sources.default_file;
  }
  if (!file.empty()) {
    RETURN_IF_ERROR(MergeFile(file, builder));
    RETURN_IF_ERROR(MergeDropIns(file, FirstWord(sources.default_file), builder));
  }
  for (const Setting& setting : sources.settings) RETURN_IF_ERROR(builder.Apply(setting));
  return builder.Finish("", file.empty() ? "configuration" : file);
}

}  // namespace logboom::daemon
