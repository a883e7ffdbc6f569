#include "lib/daemon/config_toml.h"

#include <toml++/toml.h>

#include <optional>
#include <utility>

namespace logboom::daemon {
namespace {

std::optional<std::vector<std::string>> ToList(const toml::array& array) {
  std::vector<std::string> list;
  for (const toml::node& element : array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return std::nullopt;
    list.push_back(*text);
  }
  return list;
}

std::optional<std::map<std::string, std::string>> ToMap(const toml::table& table) {
  std::map<std::string, std::string> map;
  for (const auto& [key, node] : table) {
    const auto text = node.value_exact<std::string>();
    if (!text) return std::nullopt;
    map.emplace(std::string(key.str()), *text);
  }
  return map;
}

RawValue ToRaw(const toml::node& node) {
  using Kind = RawValue::Kind;
  if (const auto text = node.value_exact<std::string>())
    return {.kind = Kind::kText, .text = *text};
  if (const auto number = node.value_exact<std::int64_t>()) {
    return {.kind = Kind::kNumber, .number = *number};
  }
  if (const auto flag = node.value_exact<bool>()) {
    return {.kind = Kind::kFlag, .number = *flag ? 1 : 0};
  }
  if (const toml::array* array = node.as_array()) {
    if (auto list = ToList(*array)) return {.kind = Kind::kList, .list = *std::move(list)};
  }
  if (const toml::table* table = node.as_table()) {
    if (auto map = ToMap(*table)) return {.kind = Kind::kMap, .map = *std::move(map)};
  }
  return {};
}

class Merger {
 public:
  explicit Merger(std::string path) : path_(std::move(path)) {}

  Status Merge(const toml::table& table, const std::string& prefix, ConfigBuilder& into) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      RETURN_IF_ERROR(MergeNode(name, node, Origin(key.source()), into));
    }
    return Ok();
  }

 private:
  std::string Origin(const toml::source_region& source) const {
    return fmt::format("{}:{}", path_, source.begin.line);
  }

  Status MergeNode(const std::string& name, const toml::node& node, const std::string& origin,
                   ConfigBuilder& into) {
    const KeySpec* key = into.Find(name);
    if (key == nullptr) {
      if (node.is_table() && into.IsSection(name)) return Merge(*node.as_table(), name + ".", into);
      return into.Unknown(name, origin);
    }
    if (key->type == KeyType::kTables) return MergeTables(*key, node, origin, into);
    return into.Set(*key, ToRaw(node), origin);
  }

  Status MergeTables(const KeySpec& key, const toml::node& node, const std::string& origin,
                     ConfigBuilder& into) {
    const toml::array* array = node.as_array();
    if (array == nullptr || !array->is_homogeneous(toml::node_type::table)) {
      return Fail(ErrorCode::kInvalid, "{}: {}: takes a repeated table: write [[{}]]", origin,
                  key.name, key.name);
    }
    for (const toml::node& element : *array) {
      const std::string table_origin = Origin(element.source());
      ConfigBuilder inner(key.table);
      RETURN_IF_ERROR(Merge(*element.as_table(), "", inner));
      ASSIGN_OR_RETURN(Config table, inner.Finish(key.name, table_origin));
      into.AddTable(key, std::move(table), table_origin);
    }
    return Ok();
  }

  std::string path_;
};

}  // namespace

Status MergeToml(std::string_view text, const std::string& path, ConfigBuilder& into) {
  try {
    const toml::table table = toml::parse(text, std::string_view(path));
    return Merger(path).Merge(table, "", into);
  } catch (const toml::parse_error& error) {
    return Fail(ErrorCode::kInvalid, "{}:{}: not TOML: {}", path, error.source().begin.line,
                error.description());
  }
}

}  // namespace logboom::daemon
