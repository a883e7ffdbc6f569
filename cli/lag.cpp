#include <CLI/CLI.hpp>
#include <memory>

#include "cli/gather.h"
#include "cli/json_writer.h"
#include "cli/lag_fields.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace logboom::cli {
namespace {

using client::GroupDescription;
using client::GroupPartition;
using Groups = std::vector<GroupDescription>;
using FoundGroup = OfBroker<GroupDescription>;

// All groups of one broker at one instant.
Result<Groups> AllGroups(client::Admin& admin) {
  ASSIGN_OR_RETURN(client::Snapshot snapshot, admin.TakeSnapshot());
  return std::move(snapshot.groups);
}

Result<Groups> OneGroup(client::Admin& admin, const std::string& group) {
  ASSIGN_OR_RETURN(GroupDescription described, admin.DescribeGroup(group));
  return Groups{std::move(described)};
}

void PrintLagJson(const std::vector<FoundGroup>& found, Output& out) {
  JsonWriter json(out.buffer());
  json.BeginArray();
  for (const auto& [broker, group] : found) {
    for (const GroupPartition& partition : group.partitions) {
      json.BeginObject();
      json.Key("broker").String(broker);
      json.Key("group").String(group.summary.group);
      WriteLag(partition, json);
      json.EndObject();
    }
  }
  json.EndArray();
  out.Write('\n');
}

void PrintLagTable(const std::vector<FoundGroup>& found, bool several, Environment& environment) {
  Table table({{.title = "BROKER", .hidden = !several},
               {.title = "GROUP"},
               {.title = "TOPIC"},
               {.title = "PARTITION", .align = Column::Align::kRight},
               {.title = "COMMITTED", .align = Column::Align::kRight},
               {.title = "START", .align = Column::Align::kRight},
               {.title = "END", .align = Column::Align::kRight},
               {.title = "LAG", .align = Column::Align::kRight},
               {.title = "BEHIND", .align = Column::Align::kRight},
               {.title = "STATUS"}});
  for (const auto& [broker, group] : found) {
    for (const GroupPartition& partition : group.partitions) {
      table.AddRow({broker, group.summary.group, partition.topic,
                    fmt::format("{}", partition.partition), OffsetText(partition.committed),
                    OffsetText(partition.log_start), OffsetText(partition.log_end),
                    LagRecordsText(partition.lag_records), LagTimeText(partition.lag_ms),
                    std::string(client::LagStatusName(partition.status))});
    }
  }
  environment.out.Write(table.Format(environment.terminal));
}

ExitCode PrintLag(Context& context, const std::string& group) {
  const auto gathered = GatherElements(
      context, IfMissing::kElsewhereIsEnough,
      [&group](auto& admin) { return group.empty() ? AllGroups(admin) : OneGroup(admin, group); });
  if (!gathered.any_answered) return gathered.code;
  if (context.flags.format == Format::kJson) {
    PrintLagJson(gathered.found, context.environment.out);
  } else {
    PrintLagTable(gathered.found, gathered.several, context.environment);
  }
  return gathered.code;
}

}  // namespace

void AddLagVerb(CLI::App& app, Choice& choice) {
  const auto group = std::make_shared<std::string>();
  CLI::App& verb = *app.add_subcommand(
      "lag", "how far consumer groups are behind, in records and in time, by partition");
  verb.add_option("GROUP", *group, "this one alone");
  verb.callback([&choice, group] {
    choice.run = [group](Context& context) { return PrintLag(context, *group); };
  });
}

}  // namespace logboom::cli
