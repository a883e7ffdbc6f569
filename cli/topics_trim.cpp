#include <CLI/CLI.hpp>
#include <memory>

#include "cli/brokers.h"
#include "cli/json_writer.h"
#include "cli/number_check.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "cli/verbs.h"
#include "lib/base/check.h"
#include "lib/display/human.h"

namespace logboom::cli {
namespace {

using client::PartitionTrim;
using client::TrimOptions;

struct TrimFlags {
  std::string topic;
  std::int32_t partition = -1;
  std::string before;
  bool yes = false;
};

TrimOptions OptionsOf(const TrimFlags& flags, TimestampMs now) {
  TrimOptions options;
  options.topic = flags.topic;
  if (flags.partition >= 0) options.partition = PartitionIndex(flags.partition);
  options.dry_run = !flags.yes;
  const auto place = ParseStart(flags.before, now);
  CHECK(place.ok());  // it was checked when the command line was parsed
  switch (place->kind) {
    case client::StartAt::Kind::kOffset:
      options.before = TrimOptions::Before::kOffset;
      options.offset = place->offset;
      break;
    case client::StartAt::Kind::kTime:
      options.before = TrimOptions::Before::kTime;
      options.time = place->time;
      break;
    case client::StartAt::Kind::kEarliest:
    case client::StartAt::Kind::kLatest: options.before = TrimOptions::Before::kEnd; break;
  }
  return options;
}

void PrintJson(const std::string& broker, const TrimFlags& flags,
               const std::vector<PartitionTrim>& trims, Output& out) {
  JsonWriter json(out.buffer());
  json.BeginArray();
  for (const PartitionTrim& trim : trims) {
    if (trim.error) continue;
    json.BeginObject();
    json.Key("broker").String(broker);
    json.Key("topic").String(flags.topic);
    json.Key("partition").Int(trim.partition.value());
    json.Key("old_log_start_offset").Int(trim.old_start.value());
    json.Key("new_log_start_offset").Int(trim.new_start.value());
    json.Key("bytes_freed").Int(trim.bytes_freed);
    json.Key("executed").Bool(flags.yes);
    json.EndObject();
  }
  json.EndArray();
  out.Write('\n');
}

void PrintTable(const TrimFlags& flags, const std::vector<PartitionTrim>& trims,
                Environment& environment) {
  Table table({{.title = "TOPIC"},
               {.title = "PARTITION", .align = Column::Align::kRight},
               {.title = "START", .align = Column::Align::kRight},
               {.title = "NEW START", .align = Column::Align::kRight},
               {.title = "RECORDS", .align = Column::Align::kRight},
               {.title = "FREED", .align = Column::Align::kRight}});
  for (const PartitionTrim& trim : trims) {
    if (trim.error) continue;
    table.AddRow({flags.topic, fmt::format("{}", trim.partition), fmt::format("{}", trim.old_start),
                  fmt::format("{}", trim.new_start),
                  display::HumanCount(static_cast<std::uint64_t>(trim.new_start - trim.old_start)),
                  display::HumanBytes(trim.bytes_freed)});
  }
  if (!table.empty()) environment.out.Write(table.Format(environment.terminal));
}

ExitCode Trim(Context& context, const TrimFlags& flags) {
  Environment& environment = context.environment;
  Result<Broker> broker = ReachOneBroker(context);
  if (!broker.ok()) return Complain(context, broker.error());
  const auto trims = broker->admin->TrimTopic(OptionsOf(flags, environment.clock().wall));
  if (!trims.ok()) return Complain(context, trims.error());
  if (context.flags.format == Format::kJson) {
    PrintJson(broker->name, flags, *trims, environment.out);
  } else {
    PrintTable(flags, *trims, environment);
  }
  environment.out.Flush();
  ExitCode code = ExitCode::kDone;
  for (const PartitionTrim& trim : *trims) {
    if (!trim.error) continue;
    code = Worse(code, Complain(context, trim.error->Within(fmt::format(
                                             "{}, partition {}", flags.topic, trim.partition))));
  }
  if (!flags.yes) environment.complain("a dry run: nothing was changed; --yes does it");
  return code;
}

std::string CheckPlace(const std::string& text) {
  const auto place = ParseStart(text, TimestampMs(0));
  if (place.ok() && place->kind != client::StartAt::Kind::kEarliest) return {};
  return fmt::format(
      "takes latest (all records), an offset, a time (RFC 3339), or how long ago (10m, 2h, 3d), "
      "got '{}'",
      text);
}

}  // namespace

void AddTopicsTrimVerb(CLI::App& topics, Choice& choice) {
  const auto flags = std::make_shared<TrimFlags>();
  CLI::App& verb = *topics.add_subcommand(
      "trim", "let a topic's oldest records go; shows what would go until --yes is given");
  verb.add_option("NAME", flags->topic, "the topic's name")->required();
  verb.add_option("--partition", flags->partition, "this one alone")
      ->type_name("N")
      ->check(WholeNumberFrom(0));
  verb.add_option("--before", flags->before,
                  "records before it go: an offset, a time (RFC 3339), how long ago (10m, 2h, 3d), "
                  "or latest for all")
      ->type_name("WHERE")
      ->required()
      ->check(CheckPlace);
  verb.add_flag("--yes", flags->yes, "really: there is no way back");
  verb.callback([&choice, flags] {
    choice.one_broker = true;
    choice.run = [flags](Context& context) { return Trim(context, *flags); };
  });
}

}  // namespace logboom::cli
