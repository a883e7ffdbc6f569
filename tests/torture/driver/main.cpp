// torture-driver: the part of the rigs that has to be quick. The rigs in tests/torture start it and
// say what each option means; it prints counts, and ends with 0 where nothing was found, 1 where
// something was or the rig itself failed, 77 where this machine can't run it.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/torture/driver/crash_cycles.h"

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
      if (at != std::string_view::npos)
        given_[std::string(word.substr(0, at))] = word.substr(at + 1);
    }
  }
  std::string Text(const std::string& name) const {
    auto found = given_.find(name);
    return found == given_.end() ? std::string() : found->second;
  }
  std::uint64_t Number(const std::string& name, std::uint64_t otherwise) const {
    const std::string text = Text(name);
    return text.empty() ? otherwise : std::strtoull(text.c_str(), nullptr, 10);
  }

 private:
  std::map<std::string, std::string> given_;
};

void Report(const Books& books, const CrashCounts& crashes, double seconds) {
  const Counts& counts = books.counts;
  fmt::print(
      "{} kills -9, {} power losses, {} orderly stops; {} of them during a start; {:.0f} s\n",
      crashes.kills, crashes.power_cuts, crashes.orderly_stops, crashes.before_ready, seconds);
  fmt::print(
      "{} records sent; acked as synced: {} batches, {} spans, {} rows, {} commits, {} topics "
      "made, {} deleted; {} records "
      "read; {} answers came from machines without power\n",
      books.next_number - 1, counts.batches_acked, counts.spans_acked, counts.rows_acked,
      counts.commits_acked, counts.topics_made, counts.topics_deleted, counts.records_read,
      counts.answers_without_power);
  fmt::print("{}\n", books.findings.Summary());
  for (const std::string& text : books.findings.texts()) fmt::print("{}\n", text);
}

int RunCrashes(const Options& options) {
  std::optional<Disk> disk;
  const std::string folder = options.Text("folder");
  const std::string directory = folder + "/data";
  if (const std::string type = options.Text("fs"); !type.empty()) {
    auto not_run = [](const Error& error) {
      fmt::print(stderr, "NOT RUN: {}\n", error.message);
      return kNotRun;
    };
    if (Status done = Disk::MakeMountsPrivate(); !done.ok()) return not_run(done.error());
    auto attached = Disk::Attach(options.Text("image"), type, directory);
    if (!attached.ok()) return not_run(attached.error());
    disk.emplace(*std::move(attached));
    if (Status done = disk->Mount(); !done.ok()) return not_run(done.error());
  }
  BrokerProcess broker({.program = options.Text("broker"),
                        .data_directory = directory + "/broker",
                        .settings = {"storage.reserve=16MiB"},
                        .stderr_path = folder + "/broker.stderr"});
  SeededRandom random(options.Number("seed", 1));
  Books books;
  CrashCycles cycles(
      broker, disk ? &*disk : nullptr, books, random,
      {.cycles = options.Number("count", 100), .cut_power = options.Text("rig") == "power"});
  const auto begin = Clock::now();
  auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  auto told = begin;
  Status done = cycles.SetUp();
  if (done.ok()) {
    done = cycles.Run([&](std::uint64_t cycle) {
      if (Clock::now() - told < kProgressEvery) return;
      told = Clock::now();
      fmt::print("{:6.0f} s  {} cycles\n", seconds(), cycle);
      std::fflush(stdout);
    });
  }
  broker.Kill();
  Report(books, cycles.counts(), seconds());
  if (!done.ok()) fmt::print("FAILED: {}\n", done.error().message);
  return done.ok() && books.findings.clean() ? 0 : 1;
}

}  // namespace
}  // namespace logboom::torture

int main(int argc, char** argv) {
  return logboom::torture::RunCrashes(logboom::torture::Options(argc, argv));
}
