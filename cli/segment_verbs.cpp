#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "cli/json_writer.h"
#include "cli/verbs.h"
#include "lib/display/human.h"
#include "lib/display/visible_text.h"
#include "lib/file/posix_file_system.h"
#include "lib/segment/dump.h"
#include "lib/segment/names.h"
#include "lib/segment/verify.h"

namespace logboom::cli {
namespace {

// A data directory holds partitions this far below itself.
constexpr int kDepthMax = 3;

void PrintRowText(const segment::DumpRow& row, std::string& out) {
  for (const segment::DumpField& field : row) {
    if (&field != &row.front()) out += ' ';
    out.append(field.name) += ": ";
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      out += std::to_string(*number);
    } else {
      display::AppendVisible(std::get<std::string>(field.value), out);
    }
  }
  out += '\n';
}

void PrintRowJson(const segment::DumpRow& row, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  for (const segment::DumpField& field : row) {
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      json.Key(field.name).Int(*number);
    } else {
      json.BytesField(field.name, std::get<std::string>(field.value));
    }
  }
  json.EndObject();
  out += '\n';
}

ExitCode Dump(Context& context, const std::string& path) {
  file::PosixFileSystem files;
  Output& out = context.environment.out;
  const bool as_json = context.flags.format == Format::kJson;
  const Status dumped = segment::DumpFile(files, path, [&](const segment::DumpRow& row) {
    as_json ? PrintRowJson(row, out.buffer()) : PrintRowText(row, out.buffer());
    out.WriteDone();
  });
  if (dumped.ok()) return ExitCode::kDone;
  out.Flush();
  context.environment.complain(dumped.error().message);
  return ExitCode::kFailed;
}

bool IsPartition(const std::vector<file::DirectoryEntry>& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const file::DirectoryEntry& entry) {
    return entry.name == segment::kPartitionMetadataName ||
           entry.name.ends_with(segment::kLogSuffix);
  });
}

// `directory` where it is a partition's, else those below it.
Status FindPartitions(file::FileSystem& files, const std::string& directory, int depth,
                      std::vector<std::string>& found) {
  ASSIGN_OR_RETURN(const auto entries, files.List(directory));
  if (IsPartition(entries)) {
    found.push_back(directory);
    return Ok();
  }
  if (depth == kDepthMax) return Ok();
  for (const file::DirectoryEntry& entry : entries) {
    if (entry.kind != file::FileKind::kDirectory) continue;
    RETURN_IF_ERROR(FindPartitions(files, directory + "/" + entry.name, depth + 1, found));
  }
  return Ok();
}

struct Totals {
  std::int64_t size_bytes = 0;
  std::int64_t batches = 0;
  std::int64_t records = 0;
};

Totals TotalsOf(const segment::DirectoryReport& report) {
  Totals totals;
  for (const segment::SegmentReport& one : report.segments) {
    totals.size_bytes += one.size_bytes;
    totals.batches += one.batches;
    totals.records += one.records;
  }
  return totals;
}

void PrintReportText(const segment::DirectoryReport& report, Output& out) {
  const Totals totals = TotalsOf(report);
  std::string line = display::Visible(report.directory) + ": ";
  if (report.metadata) {
    line += fmt::format("topic {} partition {}, ", display::Visible(report.metadata->topic_name),
                        report.metadata->partition);
  }
  line += fmt::format(
      "{}, {} in {} batches, {}: ", display::HumanCount(report.segments.size(), "segment"),
      display::HumanCount(static_cast<std::uint64_t>(totals.records), "record"),
      display::HumanCount(static_cast<std::uint64_t>(totals.batches)),
      display::HumanBytes(totals.size_bytes));
  line += report.ok() ? "good\n" : display::HumanCount(report.problems.size(), "problem") + "\n";
  for (const segment::Problem& problem : report.problems) {
    line += "  " + display::Visible(problem.file);
    if (problem.position >= 0) line += fmt::format(" at {}", problem.position);
    line += ": " + display::Visible(problem.what) + "\n";
  }
  out.Write(line);
}

void PrintReportJson(const segment::DirectoryReport& report, Output& out) {
  JsonWriter json(out.buffer());
  json.BeginObject();
  json.BytesField("directory", report.directory);
  if (report.metadata) {
    json.Key("topic").String(report.metadata->topic_name);
    json.Key("partition").Int(report.metadata->partition.value());
  }
  json.Key("ok").Bool(report.ok());
  json.Key("segments").BeginArray();
  for (const segment::SegmentReport& one : report.segments) {
    json.BeginObject();
    json.Key("base_offset").Int(one.base_offset.value());
    json.Key("next_offset").Int(one.next_offset.value());
    json.Key("size_bytes").Int(one.size_bytes);
    json.Key("batches").Int(one.batches);
    json.Key("records").Int(one.records);
    json.Key("sealed").Bool(one.sealed);
    json.EndObject();
  }
  json.EndArray();
  json.Key("problems").BeginArray();
  for (const segment::Problem& problem : report.problems) {
    json.BeginObject();
    json.BytesField("file", problem.file);
    json.Key("position").Int(problem.position);
    json.Key("what").String(problem.what);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  out.Write('\n');
}

// How far a long verification is, on one line that writes over itself.
class Progress {
 public:
  explicit Progress(Environment& environment) : environment_(environment) {}

  void Tell(const std::string& directory, std::int64_t bytes) {
    if (!environment_.error_is_terminal) return;
    const MonotonicMs now = environment_.clock().monotonic;
    if (shown_ && now - *shown_ < kIntervalMs) return;
    shown_ = now;
    fmt::print(stderr, "\r\x1b[K{}: {} read", display::Visible(directory),
               display::HumanBytes(bytes));
  }
  void Clear() {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
    shown_.reset();
  }

 private:
  static constexpr std::int64_t kIntervalMs = 200;
  Environment& environment_;
  std::optional<MonotonicMs> shown_;
};

ExitCode Verify(Context& context, const std::string& directory) {
  Environment& environment = context.environment;
  file::PosixFileSystem files;
  std::vector<std::string> partitions;
  Status found = FindPartitions(files, directory, 0, partitions);
  if (found.ok() && partitions.empty()) {
    found = Fail(ErrorCode::kNotFound, "{}: no partition here, or up to {} folders below",
                 directory, kDepthMax);
  }
  if (!found.ok()) {
    environment.complain(found.error().message);
    return ExitCode::kFailed;
  }
  ExitCode code = ExitCode::kDone;
  Progress progress(environment);
  for (const std::string& partition : partitions) {
    const auto report = segment::VerifyDirectory(
        files, partition, [&](std::int64_t bytes) { progress.Tell(partition, bytes); });
    progress.Clear();
    if (!report.ok()) {
      environment.complain(report.error().message);
      code = ExitCode::kFailed;
      continue;
    }
    if (!report->ok()) code = ExitCode::kFailed;
    const bool as_json = context.flags.format == Format::kJson;
    as_json ? PrintReportJson(*report, environment.out) : PrintReportText(*report, environment.out);
    environment.out.Flush();
  }
  return code;
}

}  // namespace

void AddSegmentVerbs(CLI::App& app, Choice& choice) {
  CLI::App& segments = *app.add_subcommand("segment", "read a broker's files, without a broker");
  segments.require_subcommand(1);
  const auto path = std::make_shared<std::string>();

  CLI::App& dump = *segments.add_subcommand("dump", "what is in a file, a batch or entry a line");
  dump.add_option("FILE", *path,
                  "a .log, .index, .timeindex, .appendtime, .seal, .sources or .snapshot")
      ->required();
  dump.callback(
      [&choice, path] { choice.run = [path](Context& context) { return Dump(context, *path); }; });

  CLI::App& verify = *segments.add_subcommand("verify", "check every batch, index and seal");
  verify.add_option("DIR", *path, "a partition's directory, or one that holds some")->required();
  verify.callback([&choice, path] {
    choice.no_broker = true;
    choice.run = [path](Context& context) { return Verify(context, *path); };
  });
}

}  // namespace logboom::cli
