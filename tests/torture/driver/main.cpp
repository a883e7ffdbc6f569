// torture-driver: the part of the rigs that has to be quick. The rigs in tests/torture start it and
// say what each option means; it prints counts, and ends with 0 where nothing was found, 1 where
// something was or the rig itself failed, 77 where this machine can't run it.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/torture/driver/call_sweep.h"
#include "tests/torture/driver/crash_cycles.h"
#include "tests/torture/driver/disk_rounds.h"
#include "tests/torture/driver/life.h"

namespace logboom::torture {
namespace {

constexpr int kNotRun = 77;
constexpr std::chrono::seconds kProgressEvery{10};

using Clock = std::chrono::steady_clock;

// NAME=VALUE words.
class Options {
 public:
  Options(int count, char** words) {
    for (int i = 1; i < count; ++i) {
      const std::string_view word = words[i];
      const std::size_t at = word.find('=');
      if (at == std::string_view::npos) continue;
      given_[std::string(word.substr(0, at))] = word.substr(at + 1);
    }
  }
  std::string Text(const std::string& name) const {
    auto found = given_.find(name);
    return found == given_.end() ? std::string() : found->second;
  }
  std::uint64_t Number(const std::string& name) const {
    return std::strtoull(Text(name).c_str(), nullptr, 10);
  }

 private:
  std::map<std::string, std::string> given_;
};

// Says how far it is, now and then.
class Progress {
 public:
  void operator()(std::uint64_t done, std::string_view what) {
    if (Clock::now() - told_ < kProgressEvery) return;
    told_ = Clock::now();
    fmt::print("{:6.0f} s  {} {}\n", seconds(), done, what);
    std::fflush(stdout);
  }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

 private:
  Clock::time_point begin_ = Clock::now();
  Clock::time_point told_ = begin_;
};

// The disk that the options name, mounted; nothing where they name none.
Result<std::optional<Disk>> MountDisk(const Options& options) {
  const std::string type = options.Text("fs");
  if (type.empty()) return std::optional<Disk>();
  RETURN_IF_ERROR(Disk::MakeMountsPrivate());
  ASSIGN_OR_RETURN(Disk disk,
                   Disk::Attach(options.Text("image"), type, options.Text("folder") + "/data"));
  RETURN_IF_ERROR(disk.Mount());
  return std::optional<Disk>(std::move(disk));
}

void Report(const Books& books) {
  const Counts& counts = books.counts;
  fmt::print(
      "{} records sent; acked as synced: {} batches, {} spans, {} rows, {} commits, {} topics "
      "made, {} deleted; {} records read; compaction got on {} times, and took {} records; {} "
      "requests refused; {} answers came from machines without power\n",
      books.next_number - 1, counts.batches_acked, counts.spans_acked, counts.rows_acked,
      counts.commits_acked, counts.topics_made, counts.topics_deleted, counts.records_read,
      counts.passes_seen, counts.records_compacted, counts.refusals, counts.answers_without_power);
  fmt::print("{}\n", books.findings.Summary());
  for (const std::string& text : books.findings.texts()) fmt::print("{}\n", text);
}

int ExitCode(const Status& done, const Books& books) {
  if (!done.ok()) fmt::print("FAILED: {}\n", done.error().message);
  return done.ok() && books.findings.clean() ? 0 : 1;
}

int RunCrashes(const Options& options, Disk* disk) {
  const std::string folder = options.Text("folder");
  BrokerProcess broker({.program = options.Text("broker"),
                        .data_directory = folder + "/data/broker",
                        .settings = {"storage.reserve=16MiB", "disk.budget=none", kCompaction},
                        .stderr_path = folder + "/broker.stderr"});
  SeededRandom random(options.Number("seed"));
  Books books;
  CrashCycles cycles(
      broker, disk, books, random,
      {.cycles = options.Number("count"), .cut_power = options.Text("rig") == "power"});
  Progress progress;
  Status done = MakeTopics(broker, books, random);
  if (done.ok()) done = cycles.Run([&](std::uint64_t cycle) { progress(cycle, "lives"); });
  broker.Kill();
  const CrashCounts& counts = cycles.counts();
  fmt::print(
      "{} kills -9, {} power losses, {} orderly stops; {} of them during a start, {} while a "
      "segment "
      "was replaced; {:.0f} s\n",
      counts.kills, counts.power_cuts, counts.orderly_stops, counts.before_ready, counts.half_swaps,
      progress.seconds());
  Report(books);
  return ExitCode(done, books);
}

int RunSweep(const Options& options, Disk* disk) {
  SeededRandom random(options.Number("seed"));
  Books books;
  CallSweep sweep({.program = options.Text("broker"),
                   .shim = options.Text("shim"),
                   .folder = options.Text("folder"),
                   .errors = options.Text("rig") == "errors",
                   .runs = options.Number("count"),
                   .skipped = options.Number("skip")},
                  disk, books, random);
  Progress progress;
  Status done = sweep.Run([&](std::uint64_t run) { progress(run, "runs"); });
  const SweepCounts& counts = sweep.counts();
  fmt::print(
      "{} file calls in the script; {} runs, a call was hit in {}; the broker refused to start in "
      "{}, ended by itself in {}, went on to the end in {}; {:.0f} s\n",
      counts.calls, counts.runs, counts.hits, counts.refused_starts, counts.ended_itself,
      counts.went_on, progress.seconds());
  Report(books);
  return ExitCode(done, books);
}

int RunDiskRounds(const Options& options) {
  SeededRandom random(options.Number("seed"));
  Books books;
  DiskRounds rounds({.program = options.Text("broker"),
                     .folder = options.Text("folder"),
                     .file_system = options.Text("fs"),
                     .rounds = options.Number("count"),
                     .thin = options.Text("rig") == "thin"},
                    books, random);
  Progress progress;
  Status done = rounds.Run([&](std::uint64_t round) { progress(round, "rounds"); });
  if (!done.ok() && done.error().code == ErrorCode::kPermission) {
    fmt::print(stderr, "NOT RUN: {}\n", done.error().message);
    return kNotRun;
  }
  const DiskCounts& counts = rounds.counts();
  fmt::print(
      "{} rounds; the broker failed in {} and left its mark in {}, started again beside the "
      "kernel's "
      "cache {} times; refused for want of space in {}, went on by itself in {}; {} kills -9; "
      "{:.0f} s\n",
      counts.rounds, counts.failed, counts.marked, counts.same_mount, counts.refused,
      counts.went_on, counts.kills, progress.seconds());
  Report(books);
  return ExitCode(done, books);
}

int Run(const Options& options) {
  const std::string rig = options.Text("rig");
  if (rig == "thin" || rig == "full") return RunDiskRounds(options);

  auto disk = MountDisk(options);
  if (!disk.ok()) {
    fmt::print(stderr, "NOT RUN: {}\n", disk.error().message);
    return kNotRun;
  }
  Disk* mounted = *disk ? &**disk : nullptr;
  if (rig == "power" || rig == "kill") return RunCrashes(options, mounted);
  if (rig == "calls" || rig == "errors") return RunSweep(options, mounted);
  fmt::print(stderr, "torture-driver: no rig '{}'; ./dev torture starts it\n", rig);
  return 2;
}

}  // namespace
}  // namespace logboom::torture

int main(int argc, char** argv) {
  return logboom::torture::Run(logboom::torture::Options(argc, argv));
}
