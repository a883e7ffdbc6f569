#include "lib/daemon/launch.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <utility>

#include "lib/daemon/log.h"

namespace logboom::daemon {
namespace {

constexpr int kUsage = 2;

std::string_view ShortType(KeyType type) {
  switch (type) {
    case KeyType::kString: return "text";
    case KeyType::kInt: return "number";
    case KeyType::kBool: return "bool";
    case KeyType::kDuration: return "duration";
    case KeyType::kBytes: return "bytes";
    case KeyType::kStringList: return "list";
    case KeyType::kStringMap: return "table";
    case KeyType::kTables: return "tables";
  }
  return {};
}

void DescribeKey(const KeySpec& key, const std::string& prefix, std::string& out) {
  const std::string name = prefix + key.name;
  const std::string fallback = key.default_text.empty() ? "" : " [" + key.default_text + "]";
  out += fmt::format("  {:30} {:9} {}{}{}\n", name, ShortType(key.type), key.help, fallback,
                     key.required ? " (required)" : "");
  for (const KeySpec& inner : key.table) DescribeKey(inner, name + ".", out);
}

std::string DescribeKeys(const Program& program, const Schema& schema) {
  std::string out = "Configuration keys, for --set and the file";
  out += program.default_config_file.empty() ? ":\n" : " (" + program.default_config_file + "):\n";
  for (const KeySpec& key : schema.keys) DescribeKey(key, "", out);
  return out;
}

// The type behind a key, also one inside a repeated table.
const KeySpec* FindKey(const std::vector<KeySpec>& keys, std::string_view name) {
  for (const KeySpec& key : keys) {
    if (key.name == name) return &key;
    if (key.type == KeyType::kTables && name.starts_with(key.name + ".")) {
      return FindKey(key.table, name.substr(key.name.size() + 1));
    }
  }
  return nullptr;
}

bool TakesSeveral(const KeySpec* key) {
  return key == nullptr || key->type == KeyType::kStringList || key->type == KeyType::kStringMap;
}

EarlyExit UsageError(const Program& program, std::string_view message) {
  return {kUsage,
          fmt::format("{}: {}\n{} --help lists the flags\n", program.name, message, program.name)};
}

// A flag as CLI11 fills it.
struct ParsedFlag {
  FlagSpec spec;
  std::vector<std::string> values = {};
  bool switched_on = false;
};

class LaunchParser {
 public:
  LaunchParser(const Program& program, Schema schema)
      : program_(program), schema_(std::move(schema)), app_(program.description, program.name) {
    app_.set_help_flag("-h,--help", "print this, and end");
    app_.set_version_flag("--version", fmt::format("{} {}", program.name, Version()));
    app_.footer(DescribeKeys(program, schema_));
    app_.add_option("--config", config_file_, "configuration file; conf.d/*.toml beside it follow")
        ->type_name("FILE");
    app_.add_option("--set", settings_, "set a configuration key, over the file")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
    app_.add_flag("--check-config", check_config_, "print the effective configuration, and end");
    for (const FlagSpec& flag : program.flags) AddFlag(flag);
    AddFlag({"--log-level", "LEVEL", "log.level", "debug, info, warn or error"});
  }

  tl::expected<Launched, EarlyExit> Parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      return tl::unexpected(EarlyExit{0, app_.help()});
    } catch (const CLI::CallForVersion&) {
      return tl::unexpected(EarlyExit{0, fmt::format("{} {}\n", program_.name, Version())});
    } catch (const CLI::ParseError& error) {
      return tl::unexpected(UsageError(program_, error.what()));
    }
    Launched launched;
    launched.schema = schema_;
    launched.sources.default_file = program_.default_config_file;
    if (app_.count("--config") > 0) launched.sources.file = config_file_;
    if (Status taken = TakeSettings(launched); !taken.ok()) {
      return tl::unexpected(UsageError(program_, taken.error().message));
    }
    return Load(std::move(launched));
  }

 private:
  void AddFlag(const FlagSpec& spec) {
    flags_.push_back(std::make_unique<ParsedFlag>(ParsedFlag{spec}));
    ParsedFlag& flag = *flags_.back();
    if (spec.value_name.empty()) {
      app_.add_flag(spec.name, flag.switched_on, spec.help);
      return;
    }
    app_.add_option(spec.name, flag.values, spec.help)
        ->type_name(spec.value_name)
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
  }

  Status TakeSettings(Launched& launched) const {
    for (const std::string& setting : settings_) {
      const std::size_t equals = setting.find('=');
      if (equals == std::string::npos || equals == 0) {
        return Fail(ErrorCode::kInvalid, "--set {}: takes KEY=VALUE", setting);
      }
      launched.sources.settings.push_back(
          {setting.substr(0, equals), setting.substr(equals + 1), "--set"});
    }
    for (const auto& flag : flags_) RETURN_IF_ERROR(TakeFlag(*flag, launched));
    return Ok();
  }

  Status TakeFlag(const ParsedFlag& flag, Launched& launched) const {
    std::vector<std::string> values = flag.values;
    if (flag.switched_on) values = {"true"};
    if (values.empty()) return Ok();
    const std::string& key = flag.spec.key;
    if (key.empty()) {
      launched.values[flag.spec.name] = std::move(values);
      return Ok();
    }
    if (values.size() > 1 && !TakesSeveral(FindKey(schema_.keys, key))) {
      return Fail(ErrorCode::kInvalid, "{} is given {} times, and takes one value", flag.spec.name,
                  values.size());
    }
    for (const std::string& value : values) {
      launched.sources.settings.push_back({key, value, flag.spec.name});
    }
    return Ok();
  }

  tl::expected<Launched, EarlyExit> Load(Launched launched) const {
    Result<Config> config = LoadConfig(launched.schema, launched.sources);
    if (config.ok() && !ParseLogLevel(config->String("log.level"))) {
      config = config->Invalid("log.level", "debug, info, warn or error");
    }
    if (config.ok() && program_.check) {
      if (Status checked = program_.check(*config); !checked.ok()) config = checked.error();
    }
    if (!config.ok()) {
      return tl::unexpected(
          EarlyExit{kUsage, fmt::format("{}: {}\n", program_.name, config.error().message)});
    }
    if (check_config_) return tl::unexpected(EarlyExit{0, config->ToToml()});
    launched.config = *std::move(config);
    return launched;
  }

  const Program& program_;
  Schema schema_;
  CLI::App app_;
  std::string config_file_;
  std::vector<std::string> settings_;
  bool check_config_ = false;
  std::vector<std::unique_ptr<ParsedFlag>> flags_;
};

}  // namespace

tl::expected<Launched, EarlyExit> ParseLaunch(const Program& program, int argc,
                                              const char* const* argv) {
  return LaunchParser(program, WithCommonKeys(program.schema)).Parse(argc, argv);
}

tl::expected<Launched, int> Launch(const Program& program, int argc, const char* const* argv) {
  auto launched = ParseLaunch(program, argc, argv);
  if (!launched) {
    const EarlyExit& early = launched.error();
    std::fputs(early.text.c_str(), early.exit_code == 0 ? stdout : stderr);
    return tl::unexpected(early.exit_code);
  }
  SetLogLevel(*ParseLogLevel(launched->config.String("log.level")));
  return *std::move(launched);
}

std::string_view Version() { return LOGBOOM_VERSION; }

}  // namespace logboom::daemon
