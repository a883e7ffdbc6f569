#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/gather.h"
#include "cli/json_writer.h"
#include "cli/lag_fields.h"
#include "cli/table.h"
#include "cli/tell.h"
#include "cli/verbs.h"
#include "lib/display/human.h"

namespace logboom::cli {
namespace {

using client::GroupDescription;
using client::GroupMember;
using client::GroupPartition;
using client::GroupSummary;
using FoundGroup = OfBroker<GroupSummary>;

void WriteSummary(const std::string& broker, const GroupSummary& group, JsonWriter& json) {
  json.Key("broker").String(broker);
  json.Key("group").String(group.group);
  json.Key("state").String(client::GroupStateName(group.state));
  json.Key("kind").String(group.kind);
  json.Key("assignor");
  if (group.assignor.empty()) {
    json.Null();
  } else {
    json.String(group.assignor);
  }
  json.Key("generation").UInt(group.generation);
  json.Key("member_count").UInt(group.members);
  json.Key("lag_records");
  if (const auto records = LagRecordsOf(group)) {
    json.Int(*records);
  } else {
    json.Null();
  }
  WriteSeconds("lag_seconds", group.lag_ms, json);
  json.Key("status").String(client::LagStatusName(group.status));
  WriteSeconds("expires_in_seconds", group.expires_in_ms, json);
}

void PrintGroupsJson(const std::vector<FoundGroup>& found, Output& out) {
  JsonWriter json(out.buffer());
  json.BeginArray();
  for (const auto& [broker, group] : found) {
    json.BeginObject();
    WriteSummary(broker, group, json);
    json.EndObject();
  }
  json.EndArray();
  out.Write('\n');
}

void PrintGroupsTable(const std::vector<FoundGroup>& found, bool several,
                      Environment& environment) {
  Table table({{.title = "BROKER", .hidden = !several},
               {.title = "GROUP"},
               {.title = "STATE"},
               {.title = "MEMBERS", .align = Column::Align::kRight},
               {.title = "LAG", .align = Column::Align::kRight},
               {.title = "BEHIND", .align = Column::Align::kRight},
               {.title = "STATUS"}});
  for (const auto& [broker, group] : found) {
    table.AddRow({broker, group.group, std::string(client::GroupStateName(group.state)),
                  fmt::format("{}", group.members), LagRecordsText(LagRecordsOf(group)),
                  LagTimeText(group.lag_ms), std::string(client::LagStatusName(group.status))});
  }
  environment.out.Write(table.Format(environment.terminal));
}

ExitCode ListGroups(Context& context) {
  const auto gathered =
      GatherElements(context, IfMissing::kComplain, [](auto& admin) { return admin.ListGroups(); });
  if (!gathered.any_answered) return gathered.code;
  if (context.flags.format == Format::kJson) {
    PrintGroupsJson(gathered.found, context.environment.out);
  } else {
    PrintGroupsTable(gathered.found, gathered.several, context.environment);
  }
  return gathered.code;
}

void WriteMember(const GroupMember& member, JsonWriter& json) {
  json.BeginObject();
  json.Key("member").String(member.member_id);
  json.Key("client").String(member.client_id);
  json.Key("host").String(member.host);
  json.Key("topics").BeginArray();
  for (const std::string& topic : member.topics) json.String(topic);
  json.EndArray();
  json.Key("instance");
  if (member.instance_id.empty()) {
    json.Null();
  } else {
    json.String(member.instance_id);
  }
  json.Key("away").Bool(member.away);
  json.Key("partitions_owned").Int(member.partitions_owned);
  json.Key("joined_ms").Int(member.joined.value());
  json.Key("last_heard_ms").Int(member.last_heard.value());
  json.EndObject();
}

void WritePartition(const GroupPartition& partition, JsonWriter& json) {
  json.BeginObject();
  WriteLag(partition, json);
  json.Key("member");
  if (partition.member_id.empty()) {
    json.Null();
  } else {
    json.String(partition.member_id);
  }
  json.Key("commit_time_ms");
  if (partition.commit_time) {
    json.Int(partition.commit_time->value());
  } else {
    json.Null();
  }
  json.Key("metadata").String(partition.metadata);
  json.Key("skipped_records").Int(partition.skipped_records);
  json.EndObject();
}

void PrintGroupJson(const OfBroker<GroupDescription>& found, Output& out) {
  JsonWriter json(out.buffer());
  json.BeginObject();
  WriteSummary(found.broker, found.value.summary, json);
  json.Key("members").BeginArray();
  for (const GroupMember& member : found.value.members) WriteMember(member, json);
  json.EndArray();
  json.Key("partitions").BeginArray();
  for (const GroupPartition& partition : found.value.partitions) WritePartition(partition, json);
  json.EndArray();
  json.EndObject();
  out.Write('\n');
}

void PrintSummary(const OfBroker<GroupDescription>& found, bool several, Environment& environment) {
  const GroupSummary& group = found.value.summary;
  std::vector<std::pair<std::string, std::string>> fields;
  if (several) fields.emplace_back("broker", found.broker);
  fields.emplace_back("group", group.group);
  fields.emplace_back("state", client::GroupStateName(group.state));
  fields.emplace_back("generation", fmt::format("{}", group.generation));
  fields.emplace_back("assignor", group.assignor.empty() ? "-" : group.assignor);
  fields.emplace_back("lag",
                      fmt::format("{} records, {} behind", LagRecordsText(LagRecordsOf(group)),
                                  LagTimeText(group.lag_ms)));
  fields.emplace_back("status", client::LagStatusName(group.status));
  if (group.expires_in_ms) {
    fields.emplace_back("offsets kept for", LagTimeText(group.expires_in_ms));
  }
  environment.out.Write(FormatFields(fields, environment.terminal));
}

std::string InstanceText(const GroupMember& member) {
  if (member.instance_id.empty()) return "-";
  return member.instance_id + (member.away ? " (away)" : "");
}

void PrintMembers(const GroupDescription& group, Environment& environment) {
  if (group.members.empty()) return;
  const bool any_static = std::ranges::any_of(
      group.members, [](const GroupMember& one) { return !one.instance_id.empty(); });
  Table table({{.title = "MEMBER"},
               {.title = "INSTANCE", .hidden = !any_static},
               {.title = "CLIENT"},
               {.title = "HOST"},
               {.title = "TOPICS"},
               {.title = "PARTITIONS", .align = Column::Align::kRight},
               {.title = "JOINED", .align = Column::Align::kRight},
               {.title = "LAST HEARD", .align = Column::Align::kRight}});
  const TimestampMs now = environment.clock().wall;
  for (const GroupMember& member : group.members) {
    table.AddRow({member.member_id, InstanceText(member), member.client_id, member.host,
                  fmt::format("{}", fmt::join(member.topics, ",")),
                  fmt::format("{}", member.partitions_owned), display::HumanAgo(member.joined, now),
                  display::HumanAgo(member.last_heard, now)});
  }
  environment.out.Write('\n');
  environment.out.Write(table.Format(environment.terminal));
}

void PrintPartitions(const GroupDescription& group, Environment& environment) {
  Table table({{.title = "TOPIC"},
               {.title = "PARTITION", .align = Column::Align::kRight},
               {.title = "COMMITTED", .align = Column::Align::kRight},
               {.title = "START", .align = Column::Align::kRight},
               {.title = "END", .align = Column::Align::kRight},
               {.title = "LAG", .align = Column::Align::kRight},
               {.title = "BEHIND", .align = Column::Align::kRight},
               {.title = "STATUS"},
               {.title = "LAST COMMIT", .align = Column::Align::kRight},
               {.title = "SKIPPED", .align = Column::Align::kRight},
               {.title = "MEMBER"}});
  const TimestampMs now = environment.clock().wall;
  for (const GroupPartition& one : group.partitions) {
    table.AddRow({one.topic, fmt::format("{}", one.partition), OffsetText(one.committed),
                  OffsetText(one.log_start), OffsetText(one.log_end),
                  LagRecordsText(one.lag_records), LagTimeText(one.lag_ms),
                  std::string(client::LagStatusName(one.status)),
                  display::HumanAgo(one.commit_time, now), LagRecordsText(one.skipped_records),
                  one.member_id.empty() ? "-" : one.member_id});
  }
  environment.out.Write('\n');
  environment.out.Write(table.Format(environment.terminal));
}

ExitCode DescribeGroup(Context& context, const std::string& group) {
  const auto gathered =
      GatherFromAll(context, IfMissing::kElsewhereIsEnough,
                    [&group](client::Admin& admin) { return admin.DescribeGroup(group); });
  for (const auto& one : gathered.found) {
    if (context.flags.format == Format::kJson) {
      PrintGroupJson(one, context.environment.out);
      continue;
    }
    if (&one != &gathered.found.front()) context.environment.out.Write('\n');
    PrintSummary(one, gathered.several, context.environment);
    PrintMembers(one.value, context.environment);
    PrintPartitions(one.value, context.environment);
  }
  return gathered.code;
}

struct GroupFlags {
  std::string group;
  bool yes = false;
};

ExitCode DeleteGroup(Context& context, const std::string& group) {
  Result<Broker> broker = ReachOneBroker(context);
  if (!broker.ok()) return Complain(context, broker.error());
  return Tell(context, broker->admin->DeleteGroup(group),
              {.done = "deleted", .noun = "group", .name = group});
}

}  // namespace

void AddGroupsVerbs(CLI::App& app, Choice& choice) {
  CLI::App& groups = *app.add_subcommand("groups", "list, describe, reset, delete consumer groups");
  groups.require_subcommand(1);
  groups.add_subcommand("list", "all groups, and how far they are behind")->callback([&choice] {
    choice.run = ListGroups;
  });

  const auto flags = std::make_shared<GroupFlags>();
  CLI::App& describe = *groups.add_subcommand("describe", "a group's members and partitions");
  describe.add_option("GROUP", flags->group, "the group's name")->required();
  describe.callback([&choice, flags] {
    choice.run = [flags](Context& context) { return DescribeGroup(context, flags->group); };
  });

  AddGroupsResetVerb(groups, choice);

  CLI::App& remove = *groups.add_subcommand("delete", "delete a group's committed offsets");
  remove.add_option("GROUP", flags->group, "the group's name")->required();
  remove.add_flag("--yes", flags->yes, "really: there is no way back")->required();
  remove.callback([&choice, flags] {
    choice.one_broker = true;
    choice.run = [flags](Context& context) { return DeleteGroup(context, flags->group); };
  });
}

}  // namespace logboom::cli
