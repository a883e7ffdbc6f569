#include "agent/verbs.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "agent/archives.h"
#include "agent/configuration.h"
#include "agent/tap.h"
#include "lib/daemon/clock.h"
#include "lib/daemon/launch.h"
#include "lib/file/posix_file_system.h"

namespace logboom::agent {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr std::size_t kLinesMax = 1'000'000;

constexpr std::string_view kTapUsage =
    "logboom-agent tap [--config FILE] [--input NAME_OR_PATH] [--lines N] [--from start|end]\n"
    "\n"
    "Shows what the inputs would send of their files: times, levels, labels, events of several\n"
    "lines, and lines that are left out, with the key that leaves them out. Needs no broker, "
    "sends\n"
    "nothing, and leaves the state directory alone. Run it as the account of the agent, which may\n"
    "not read what you may.\n"
    "\n"
    "  --config FILE          the agent's configuration [/etc/logboom/agent.toml]\n"
    "  --set KEY=VALUE        over the configuration; may be given again\n"
    "  --input NAME_OR_PATH   one input, or one file that an input reads [all]\n"
    "  --lines N              of each file [10]\n"
    "  --from start|end       its first lines, or its last [end]\n"
    "  --json                 one object a line\n"
    "  --help                 this text\n"
    "\n"
    "Exit codes: 0 done, 1 something can't be shown, 2 usage or configuration.\n";

struct TapArguments {
  TapRequest request;
  bool json = false;
  bool help = false;
  std::string wrong;                // empty: all is well
  std::vector<const char*> others;  // for the configuration
};

int UsageError(std::string_view what) {
  fmt::print(stderr, "logboom-agent: {}; see logboom-agent tap --help\n", what);
  return kExitUsage;
}

void Take(std::string_view flag, std::string_view value, TapArguments& parsed) {
  if (flag == "--input") {
    parsed.request.input = value;
  } else if (flag == "--from") {
    if (value != "start" && value != "end") parsed.wrong = "--from takes start or end";
    parsed.request.from = value == "start" ? StartFrom::kStart : StartFrom::kEnd;
  } else {
    std::size_t lines = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), lines);
    const bool whole = error == std::errc() && end == value.data() + value.size();
    if (!whole || lines == 0 || lines > kLinesMax) {
      parsed.wrong = fmt::format("--lines takes 1 to {}", kLinesMax);
    }
    parsed.request.lines = lines;
  }
}

TapArguments ParseTap(int argc, char** argv) {
  TapArguments parsed;
  parsed.others.push_back(argv[0]);
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::string_view flag = word.substr(0, word.find('='));
    if (word == "--help" || word == "-h") {
      parsed.help = true;
    } else if (word == "--json") {
      parsed.json = true;
    } else if (flag != "--input" && flag != "--lines" && flag != "--from") {
      parsed.others.push_back(argv[i]);
    } else if (flag != word) {
      Take(flag, word.substr(flag.size() + 1), parsed);
    } else if (i + 1 < argc) {
      Take(flag, argv[++i], parsed);
    } else {
      parsed.wrong = fmt::format("{} takes a value", flag);
    }
  }
  return parsed;
}

// A file's name ahead of its lines.
class Printer {
 public:
  explicit Printer(bool json) : json_(json) {}

  void Print(const TappedLine& line) {
    if (json_) return Write(JsonOf(line));
    if (line.path != path_ || line.input != input_) {
      Write(fmt::format("{}{} (input {}, topic {})\n", path_.empty() ? "" : "\n", line.path,
                        line.input->name, line.input->topic));
    }
    path_ = line.path;
    input_ = line.input;
    Write(TextOf(line));
  }

 private:
  static void Write(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

  bool json_;
  std::string path_;
  const InputOptions* input_ = nullptr;
};

int RunTap(int argc, char** argv) {
  const TapArguments arguments = ParseTap(argc, argv);
  if (arguments.help) {
    fmt::print("{}", kTapUsage);
    return kExitDone;
  }
  if (!arguments.wrong.empty()) return UsageError(arguments.wrong);
  const auto launched = daemon::Launch(MakeProgram(), static_cast<int>(arguments.others.size()),
                                       arguments.others.data());
  if (!launched) return launched.error();
  const auto configuration = Configure(launched->config);
  if (!configuration) return UsageError(configuration.error().message);
  file::PosixFileSystem fs;
  ArchiveFileSystem logs(fs);
  Printer printer(arguments.json);
  const auto tapped = Tap(logs, configuration->options, arguments.request, daemon::Now(),
                          [&printer](const TappedLine& line) { printer.Print(line); });
  if (!tapped) return UsageError(tapped.error().message);
  std::fflush(stdout);
  for (const std::string& each : tapped->complaints) {
    fmt::print(stderr, "logboom-agent: {}\n", each);
  }
  return tapped->complaints.empty() ? kExitDone : kExitFailed;
}

}  // namespace

std::optional<int> RunVerb(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb != "tap") return std::nullopt;
  return RunTap(argc, argv);
}

}  // namespace logboom::agent
