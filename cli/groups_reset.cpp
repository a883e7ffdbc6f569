#include <CLI/CLI.hpp>
#include <memory>

#include "cli/brokers.h"
#include "cli/json_writer.h"
#include "cli/lag_fields.h"
#include "cli/number_check.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "cli/verbs.h"
#include "lib/base/check.h"

namespace logboom::cli {
namespace {

using client::OffsetReset;
using client::ResetMode;
using client::ResetOffsetsOptions;
using client::ResetTarget;

struct ResetFlags {
  std::string group;
  std::string topic;
  std::int32_t partition = -1;
  std::string to;  // empty: --shift
  std::int64_t shift = 0;
  bool execute = false;
};

ResetTarget TargetOf(const ResetFlags& flags, TimestampMs now) {
  using Kind = ResetTarget::Kind;
  if (flags.to.empty()) return {.kind = Kind::kShift, .value = flags.shift};
  const auto place = ParseStart(flags.to, now);
  CHECK(place.ok());  // it was checked when the command line was parsed
  switch (place->kind) {
    case client::StartAt::Kind::kEarliest: return {.kind = Kind::kEarliest};
    case client::StartAt::Kind::kLatest: return {.kind = Kind::kLatest};
    case client::StartAt::Kind::kOffset:
      return {.kind = Kind::kOffset, .value = place->offset.value()};
    case client::StartAt::Kind::kTime: return {.kind = Kind::kTime, .value = place->time.value()};
  }
  return {};
}

ResetOffsetsOptions OptionsOf(const ResetFlags& flags, TimestampMs now) {
  ResetOffsetsOptions options{.group = flags.group, .topic = flags.topic};
  if (flags.partition >= 0) options.partition = PartitionIndex(flags.partition);
  options.target = TargetOf(flags, now);
  options.mode = flags.execute ? ResetMode::kExecute : ResetMode::kDryRun;
  return options;
}

void PrintJson(const std::string& broker, const ResetFlags& flags,
               const std::vector<OffsetReset>& resets, Output& out) {
  JsonWriter json(out.buffer());
  json.BeginArray();
  for (const OffsetReset& reset : resets) {
    json.BeginObject();
    json.Key("broker").String(broker);
    json.Key("group").String(flags.group);
    json.Key("topic").String(flags.topic);
    json.Key("partition").Int(reset.partition.value());
    WriteOffset("committed_offset", reset.before, json);
    json.Key("new_offset").Int(reset.after.value());
    json.Key("log_start_offset").Int(reset.log_start.value());
    json.Key("log_end_offset").Int(reset.log_end.value());
    json.Key("executed").Bool(flags.execute);
    json.EndObject();
  }
  json.EndArray();
  out.Write('\n');
}

std::string MovesText(const OffsetReset& reset) {
  if (!reset.before) return "-";
  const std::int64_t moves = reset.after - *reset.before;
  return moves == 0 ? "0" : fmt::format("{:+}", moves);
}

void PrintTable(const ResetFlags& flags, const std::vector<OffsetReset>& resets,
                Environment& environment) {
  Table table({{.title = "TOPIC"},
               {.title = "PARTITION", .align = Column::Align::kRight},
               {.title = "COMMITTED", .align = Column::Align::kRight},
               {.title = "NEW", .align = Column::Align::kRight},
               {.title = "MOVES", .align = Column::Align::kRight},
               {.title = "START", .align = Column::Align::kRight},
               {.title = "END", .align = Column::Align::kRight}});
  for (const OffsetReset& reset : resets) {
    table.AddRow({flags.topic, fmt::format("{}", reset.partition), OffsetText(reset.before),
                  OffsetText(reset.after), MovesText(reset), OffsetText(reset.log_start),
                  OffsetText(reset.log_end)});
  }
  environment.out.Write(table.Format(environment.terminal));
}

ExitCode Reset(Context& context, const ResetFlags& flags) {
  Environment& environment = context.environment;
  Result<Broker> broker = ReachOneBroker(context);
  if (!broker.ok()) return Complain(context, broker.error());
  const auto resets = broker->admin->ResetOffsets(OptionsOf(flags, environment.clock().wall));
  if (!resets.ok()) return Complain(context, resets.error());
  if (context.flags.format == Format::kJson) {
    PrintJson(broker->name, flags, *resets, environment.out);
  } else {
    PrintTable(flags, *resets, environment);
  }
  if (!flags.execute) {
    environment.out.Flush();
    environment.complain("a dry run: nothing was changed; --execute does it");
  }
  return ExitCode::kDone;
}

std::string CheckPlace(const std::string& text) {
  const auto place = ParseStart(text, TimestampMs(0));
  return place.ok() ? std::string() : place.error().message;
}

}  // namespace

void AddGroupsResetVerb(CLI::App& groups, Choice& choice) {
  const auto flags = std::make_shared<ResetFlags>();
  CLI::App& verb = *groups.add_subcommand(
      "reset", "move a group's committed offsets; shows what it would do until --execute is given");
  verb.add_option("GROUP", flags->group, "the group's name")->required();
  verb.add_option("--topic", flags->topic, "of this topic")->type_name("TOPIC")->required();
  verb.add_option("--partition", flags->partition, "this one alone")
      ->type_name("N")
      ->check(WholeNumberFrom(0));
  CLI::Option* to =
      verb.add_option(
              "--to", flags->to,
              "earliest, latest, an offset, a time (RFC 3339), or how long ago (10m, 2h, 3d)")
          ->type_name("WHERE")
          ->check(CheckPlace);
  CLI::Option* shift =
      verb.add_option("--shift", flags->shift, "by so many records: forward, or back (-100)")
          ->type_name("N")
          ->excludes(to);
  verb.add_flag("--execute", flags->execute, "do it, not only show it");
  verb.callback([&choice, flags, to, shift] {
    if (to->count() + shift->count() == 0) throw CLI::RequiredError("--to or --shift");
    choice.one_broker = true;
    choice.run = [flags](Context& context) { return Reset(context, *flags); };
  });
}

}  // namespace logboom::cli
