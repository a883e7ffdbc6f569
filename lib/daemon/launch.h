// A daemon's first step: command line and configuration.
//
//   auto launched = daemon::Launch(program, argc, argv);
//   if (!launched) return launched.error();
//   const daemon::Config& config = launched->config;
//
// Every daemon takes --config FILE, --set KEY=VALUE (repeatable), --check-config, --log-level
// LEVEL,
// --version and --help beside its own flags.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "lib/daemon/config.h"
#include "lib/daemon/config_schema.h"

namespace logboom::daemon {

struct FlagSpec {
  std::string name = {};        // "--data-dir"
  std::string value_name = {};  // "DIR"; empty: a switch, which says "true"
  // The key that it sets ("data_dir", "input.include"); empty: read it with Launched::Values. A
  // flag of a list's key may be given several times.
  std::string key = {};
  std::string help = {};  // one line
};

struct Program {
  std::string name = {};                 // "logboom-broker"
  std::string description = {};          // one line
  std::string default_config_file = {};  // "/etc/logboom/broker.toml"
  Schema schema = {};
  std::vector<FlagSpec> flags = {};
  // What the types can't check, so that --check-config finds it too; empty: nothing.
  std::function<Status(const Config&)> check = {};
};

struct Launched {
  Config config;
  // Where it came from: SIGHUP calls Reload().
  ConfigSources sources;
  Schema schema = {};
  // Of flags without a key, in the order given.
  std::map<std::string, std::vector<std::string>, std::less<>> values;

  bool Has(std::string_view flag) const { return values.find(flag) != values.end(); }
  // Reads files and settings again.
  Result<Config> Reload() const { return LoadConfig(schema, sources); }
};

// How a program ends before it began: what to print (to stdout where the code is 0, else to
// stderr).
struct EarlyExit {
  int exit_code = 0;
  std::string text;
};

// Exit code 0 for --help, --version and a good --check-config; 2 for usage and configuration
// errors.
tl::expected<Launched, EarlyExit> ParseLaunch(const Program& program, int argc,
                                              const char* const* argv);

// ParseLaunch; prints what an early exit has to say, and sets the log level. The error is the exit
// code.
tl::expected<Launched, int> Launch(const Program& program, int argc, const char* const* argv);

// Of this build: "0.1.0".
std::string_view Version();

}  // namespace logboom::daemon
