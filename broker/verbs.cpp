#include "broker/verbs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "broker/features.h"
#include "broker/storage/restore.h"
#include "lib/base/random.h"
#include "lib/client/admin.h"
#include "lib/daemon/clock.h"
#include "lib/daemon/launch.h"
#include "lib/display/human.h"
#include "lib/file/posix_file_system.h"
#include "lib/transport/zmq_transport.h"

namespace logboom::broker {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitNotReached = 3;
constexpr int kExitNotAuthorised = 4;
constexpr std::chrono::milliseconds kAskInterval{200};

constexpr std::string_view kBackupUsage =
    "logboom-broker backup DIR [--broker ADDRESS]\n"
    "\n"
    "Asks the running broker to write a backup of all of it to DIR, a new directory of an "
    "absolute\n"
    "path on the broker's machine, outside its data directory. Nothing stops meanwhile. What is\n"
    "called DIR is whole; DIR.incomplete is not. On the file system of the data directory "
    "finished\n"
    "files are shared with it (hard links): copy DIR to another disk to survive the loss of this "
    "one.\n"
    "\n"
    "  --broker ADDRESS   tcp://HOST:PORT (environment: LOGBOOM_BROKER) [tcp://127.0.0.1:19550]\n"
    "  --help             this text\n"
    "\n"
    "Exit codes: 0 done, 1 refused or failed, 2 usage, 3 no broker reached, 4 not authorised.\n"
    "Ctrl-C ends the waiting; the broker finishes the backup.\n";

constexpr std::string_view kRestoreUsage =
    "logboom-broker restore DIR --data-dir NEW\n"
    "\n"
    "Makes the data directory NEW from the backup DIR, without a broker: checks every byte, "
    "copies,\n"
    "and raises restore count and leader epochs, so that readers of what came after the backup "
    "are\n"
    "told. NEW must be missing or empty. Then start a broker on it, with the old one's address:\n"
    "agents send again what is still in their files, and the rest is told as gaps.\n"
    "\n"
    "  --data-dir NEW     the data directory to make\n"
    "  --help             this text\n"
    "\n"
    "Exit codes: 0 done, 1 refused or failed, 2 usage. Run it as the account of the broker.\n";

void Complain(std::string_view message) { fmt::print(stderr, "logboom-broker: {}\n", message); }

int UsageError(std::string_view what, std::string_view verb) {
  Complain(fmt::format("{}; see logboom-broker {} --help", what, verb));
  return kExitUsage;
}

int ExitCodeOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout: return kExitNotReached;
    case ErrorCode::kPermission: return kExitNotAuthorised;
    default: return kExitFailed;
  }
}

// "DIR --flag VALUE" or "--flag=VALUE", in any order.
struct Arguments {
  std::vector<std::string> places;
  std::map<std::string, std::string, std::less<>> flags;
  bool help = false;
  std::string wrong;  // empty: all is well
};

Arguments ParseArguments(int argc, char** argv, std::string_view flag) {
  Arguments parsed;
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::string with_value = fmt::format("{}=", flag);
    if (word == "--help" || word == "-h") {
      parsed.help = true;
    } else if (word == flag && i + 1 < argc) {
      parsed.flags[std::string(flag)] = argv[++i];
    } else if (word.starts_with(with_value)) {
      parsed.flags[std::string(flag)] = word.substr(with_value.size());
    } else if (word.starts_with('-')) {
      parsed.wrong = word == flag ? fmt::format("{} takes a value", word)
                                  : fmt::format("unknown option '{}'", word);
    } else {
      parsed.places.emplace_back(word);
    }
  }
  if (parsed.wrong.empty() && parsed.places.size() != 1) parsed.wrong = "name one directory";
  return parsed;
}

// On one line that is written over, where somebody looks at it.
void ShowProgress(std::int64_t done, std::int64_t all, std::string_view what) {
  if (isatty(STDERR_FILENO) != 1) return;
  fmt::print(stderr, "\r{}: {} of {}   ", what, display::HumanBytes(done),
             display::HumanBytes(all));
}

void EndProgress() {
  if (isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\x1b[K");
}

std::string SecondsText(TimestampMs from, TimestampMs to) {
  return fmt::format("{:.1f} s", static_cast<double>(to - from) / 1000);
}

// Until the backup has ended, and longer than any broker is silent.
Result<client::BackupProgress> AwaitBackup(client::Admin& admin, client::BackupProgress progress) {
  while (progress.state == client::BackupProgress::State::kRunning) {
    ShowProgress(progress.bytes_copied + progress.bytes_linked, progress.bytes, "backup");
    std::this_thread::sleep_for(kAskInterval);
    ASSIGN_OR_RETURN(progress, admin.GetBackup());
  }
  return progress;
}

int Backup(const Arguments& arguments) {
  const char* const environment = std::getenv("LOGBOOM_BROKER");
  std::string address = environment == nullptr ? "tcp://127.0.0.1:19550" : environment;
  if (auto flag = arguments.flags.find("--broker"); flag != arguments.flags.end()) {
    address = flag->second;
  }
  const std::string& directory = arguments.places.front();
  if (!directory.starts_with('/')) {
    return UsageError(fmt::format("'{}' is not an absolute path", directory), "backup");
  }
  auto transport = transport::ConnectZmq(address);
  if (!transport.ok()) return UsageError(transport.error().message, "backup");
  SystemRandom random;
  client::AdminOptions options;
  options.identity = {"logboom-broker backup", std::string(daemon::Version())};
  client::Admin admin(*std::move(transport), std::move(options), daemon::Now, random);
  auto progress = admin.StartBackup(directory);
  if (progress.ok()) progress = AwaitBackup(admin, *std::move(progress));
  EndProgress();
  if (!progress.ok()) {
    Complain(fmt::format("{}: {}", address, progress.error().message));
    return ExitCodeOf(progress.error());
  }
  if (progress->state != client::BackupProgress::State::kDone || progress->directory != directory) {
    Complain(progress->error ? progress->error->message
                             : "the broker knows nothing of the backup any more; look whether it "
                               "was restarted");
    return kExitFailed;
  }
  fmt::print("backup of {} partitions in {}: {} copied, {} shared with the data directory, in {}\n",
             progress->partitions, directory, display::HumanBytes(progress->bytes_copied),
             display::HumanBytes(progress->bytes_linked),
             SecondsText(progress->started, progress->ended));
  return kExitDone;
}

int Restore(const Arguments& arguments) {
  const auto data_directory = arguments.flags.find("--data-dir");
  if (data_directory == arguments.flags.end()) {
    return UsageError("name the data directory to make: --data-dir NEW", "restore");
  }
  file::PosixFileSystem fs;
  const Instant begun = daemon::Now();
  const auto restored = RestoreBackup(
      fs, arguments.places.front(), data_directory->second, begun.wall,
      [](std::int64_t done, std::int64_t all) { ShowProgress(done, all, "restore"); });
  EndProgress();
  if (!restored.ok()) {
    Complain(restored.error().message);
    return kExitFailed;
  }
  fmt::print("restored {} partitions into {}: {} in {}; restore count {}\n",
             restored->backup.partitions.size(), data_directory->second,
             display::HumanBytes(restored->bytes), SecondsText(begun.wall, daemon::Now().wall),
             restored->restore_count);
  return kExitDone;
}

int Features(const std::vector<std::string>& words) {
  file::PosixFileSystem fs;
  const FeaturesOutcome outcome = RunFeatures(fs, words);
  fmt::print(outcome.exit_code == kExitDone ? stdout : stderr, "{}", outcome.text);
  return outcome.exit_code;
}

}  // namespace

std::optional<int> RunVerb(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "features") return Features({argv + 2, argv + argc});
  if (verb != "backup" && verb != "restore") return std::nullopt;
  const bool backup = verb == "backup";
  const Arguments arguments = ParseArguments(argc, argv, backup ? "--broker" : "--data-dir");
  if (arguments.help) {
    fmt::print("{}", backup ? kBackupUsage : kRestoreUsage);
    return kExitDone;
  }
  if (!arguments.wrong.empty()) return UsageError(arguments.wrong, verb);
  return backup ? Backup(arguments) : Restore(arguments);
}

}  // namespace logboom::broker
