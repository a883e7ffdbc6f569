#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <utility>

#include "cli/brokers.h"
#include "cli/verbs.h"

namespace logboom::cli {
namespace {

constexpr const char* kDefaultBroker = "tcp://127.0.0.1:19550";

const std::map<std::string, Format> kFormats = {
    {"text", Format::kText}, {"json", Format::kJson}, {"raw", Format::kRaw}};

struct Parsed {
  std::vector<std::string> brokers;
  std::string format = "text";
  double timeout_seconds = 3;
};

void AddGlobalFlags(CLI::App& app, Parsed& parsed) {
  app.add_option("--broker", parsed.brokers,
                 std::string("broker to ask; repeat it to read the union of several "
                             "(environment: LOGBOOM_BROKER) [") +
                     kDefaultBroker + "]")
      ->type_name("ADDRESS")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--format", parsed.format, "text, json, or raw where records are printed [text]")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"text", "json", "raw"}).description(""));
  app.add_option("--timeout", parsed.timeout_seconds,
                 "how long to wait for a broker's first answer [3]")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 86'400.0).description(""));
}

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : text + ",") {
    if (c != ',') {
      part += c;
      continue;
    }
    if (!part.empty()) parts.push_back(std::exchange(part, {}));
  }
  return parts;
}

GlobalFlags FlagsOf(const Parsed& parsed, const std::string& broker_variable) {
  GlobalFlags flags;
  flags.brokers = parsed.brokers.empty() ? SplitAtCommas(broker_variable) : parsed.brokers;
  if (flags.brokers.empty()) flags.brokers = {kDefaultBroker};
  flags.format = kFormats.at(parsed.format);
  flags.timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(parsed.timeout_seconds * 1e3));
  return flags;
}

ExitCode UsageError(Environment& environment, const CLI::App& app, std::string_view message) {
  environment.complain(message);
  std::string name = app.get_name();
  for (const CLI::App* sub : app.get_subcommands()) {
    name += " " + sub->get_name();
    for (const CLI::App* leaf : sub->get_subcommands()) name += " " + leaf->get_name();
  }
  environment.complain(fmt::format("{} --help shows how it goes", name));
  return ExitCode::kUsage;
}

// The usage errors that no flag alone can have.
Status CheckTogether(const Choice& choice, const GlobalFlags& flags,
                     const ConnectTransport& connect) {
  if (flags.format == Format::kRaw && !choice.takes_raw) {
    return Fail(ErrorCode::kInvalid, "--format raw is for records: consume and tail");
  }
  if (choice.one_broker && flags.brokers.size() > 1) {
    return Fail(
        ErrorCode::kInvalid,
        "this needs exactly one --broker, and there are {}: offsets and topics of different "
        "brokers have nothing to do with each other",
        flags.brokers.size());
  }
  if (choice.no_broker) return Ok();
  // Nothing is sent by this: a wrong address is found before any work is done.
  for (const std::string& address : flags.brokers) {
    if (auto made = connect(address); !made.ok()) return made.error().Within("--broker " + address);
  }
  return Ok();
}

ExitCode Run(const Choice& choice, GlobalFlags flags, Environment& environment) {
  Context context{environment, std::move(flags)};
  const ExitCode code = choice.run(context);
  environment.out.Flush();
  if (environment.out.error()) {
    environment.complain(environment.out.error()->message);
    return Worse(code, ExitCode::kFailed);
  }
  return environment.out.closed() ? ExitCode::kDone : code;
}

}  // namespace

ExitCode RunCommandLine(std::vector<std::string> arguments, const std::string& broker_variable,
                        Environment& environment) {
  CLI::App app("Administers Logboom's brokers, and reads and writes their records.", "logboom");
  app.require_subcommand(1);
  // Global flags may stand behind the verb too.
  app.fallthrough();
  app.set_help_flag("-h,--help", "print this, and end");
  app.set_version_flag("--version", fmt::format("logboom {}", Version()));
  app.footer(
      "Every verb takes --broker, --format and --timeout: logboom --help.\n"
      "Exit codes: 0 done, 1 refused or failed, 2 usage, 3 broker not reached, 4 not "
      "authorised, 5 instance id taken over.\n");
  Parsed parsed;
  AddGlobalFlags(app, parsed);
  Choice choice;
  AddTopicsVerbs(app, choice);
  AddProduceVerb(app, choice);
  AddConsumeVerb(app, choice);
  AddTailVerb(app, choice);
  AddGroupsVerbs(app, choice);
  AddLagVerb(app, choice);
  AddAgentsVerbs(app, choice);
  AddStatusVerb(app, choice);
  AddSegmentVerbs(app, choice);
  AddCompletionsVerb(app, choice);

  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    environment.out.Write(app.help());
    return ExitCode::kDone;
  } catch (const CLI::CallForVersion&) {
    environment.out.Write(fmt::format("logboom {}\n", Version()));
    return ExitCode::kDone;
  } catch (const CLI::RequiredError& error) {
    const std::vector<std::string> rest = app.remaining(true);
    const bool verb = !rest.empty() && !rest.front().starts_with('-');
    return UsageError(environment, app,
                      verb ? fmt::format("'{}' is no verb of it", rest.front()) : error.what());
  } catch (const CLI::ParseError& error) {
    return UsageError(environment, app, error.what());
  }
  GlobalFlags flags = FlagsOf(parsed, broker_variable);
  if (Status checked = CheckTogether(choice, flags, environment.connect); !checked.ok()) {
    return UsageError(environment, app, checked.error().message);
  }
  return Run(choice, std::move(flags), environment);
}

}  // namespace logboom::cli
