#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/gather.h"
#include "cli/json_writer.h"
#include "cli/number_check.h"
#include "cli/table.h"
#include "cli/tell.h"
#include "cli/verbs.h"
#include "lib/display/human.h"

namespace logboom::cli {
namespace {

using client::PartitionDescription;
using client::TopicDescription;

std::uint64_t RecordCount(const PartitionDescription& partition) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, partition.durable_end - partition.log_start));
}

struct TopicTotals {
  std::uint64_t records = 0;
  std::int64_t size_bytes = 0;
  std::optional<TimestampMs> last_append;
};

TopicTotals TotalsOf(const TopicDescription& topic) {
  TopicTotals totals;
  for (const PartitionDescription& partition : topic.partitions) {
    totals.records += RecordCount(partition);
    totals.size_bytes += partition.size_bytes;
    totals.last_append = std::max(totals.last_append, partition.last_append);
  }
  return totals;
}

void WritePartition(const PartitionDescription& partition, JsonWriter& json) {
  json.BeginObject();
  json.Key("partition").Int(partition.index.value());
  json.Key("log_start_offset").Int(partition.log_start.value());
  json.Key("durable_end_offset").Int(partition.durable_end.value());
  json.Key("log_end_offset").Int(partition.log_end.value());
  json.Key("records").UInt(RecordCount(partition));
  json.Key("size_bytes").Int(partition.size_bytes);
  json.Key("segments").Int(partition.segments);
  json.Key("leader_epoch").Int(partition.leader_epoch.value());
  json.Key("last_append_ms").Int(partition.last_append ? partition.last_append->value() : -1);
  json.Key("compacted_end_offset").Int(partition.compacted_end.value());
  json.EndObject();
}

void WriteEvictions(const TopicDescription& topic, JsonWriter& json) {
  json.Key("segments_evicted").UInt(topic.evicted.segments);
  json.Key("records_evicted").UInt(topic.evicted.records);
  json.Key("bytes_evicted").UInt(topic.evicted.bytes);
  json.Key("evictions").BeginArray();
  for (const client::EvictionDescription& one : topic.evictions) {
    json.BeginObject();
    json.Key("partition").Int(one.partition.value());
    json.Key("time_ms").Int(one.time.value());
    json.Key("old_log_start_offset").Int(one.old_start.value());
    json.Key("new_log_start_offset").Int(one.new_start.value());
    json.Key("bytes").Int(one.bytes);
    json.Key("groups").BeginArray();
    for (const std::string& group : one.groups) json.String(group);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
}

void WriteTopic(const std::string& broker, const TopicDescription& topic, JsonWriter& json) {
  json.BeginObject();
  json.Key("broker").String(broker);
  json.Key("name").String(topic.name);
  json.Key("topic_id").String(topic.topic_id.ToString());
  json.Key("config").BeginObject();
  for (const auto& [key, value] : topic.config) json.Key(key).String(value);
  json.EndObject();
  json.Key("partitions").BeginArray();
  for (const PartitionDescription& partition : topic.partitions) WritePartition(partition, json);
  json.EndArray();
  WriteEvictions(topic, json);
  json.EndObject();
}

using FoundTopic = OfBroker<TopicDescription>;

void PrintTopicsJson(const std::vector<FoundTopic>& found, Output& out) {
  JsonWriter json(out.buffer());
  json.BeginArray();
  for (const FoundTopic& one : found) WriteTopic(one.broker, one.value, json);
  json.EndArray();
  out.Write('\n');
}

void PrintTopicsTable(const std::vector<FoundTopic>& found, bool several,
                      Environment& environment) {
  Table table({{.title = "BROKER", .hidden = !several},
               {.title = "TOPIC"},
               {.title = "PARTITIONS", .align = Column::Align::kRight},
               {.title = "RECORDS", .align = Column::Align::kRight},
               {.title = "SIZE", .align = Column::Align::kRight},
               {.title = "LAST RECORD", .align = Column::Align::kRight}});
  const TimestampMs now = environment.clock().wall;
  for (const FoundTopic& one : found) {
    const TopicTotals totals = TotalsOf(one.value);
    table.AddRow({one.broker, one.value.name, std::to_string(one.value.partitions.size()),
                  display::HumanCount(totals.records), display::HumanBytes(totals.size_bytes),
                  display::HumanAgo(totals.last_append, now)});
  }
  environment.out.Write(table.Format(environment.terminal));
}

ExitCode ListTopics(Context& context) {
  const auto gathered =
      GatherElements(context, IfMissing::kComplain, [](auto& admin) { return admin.ListTopics(); });
  if (!gathered.any_answered) return gathered.code;
  if (context.flags.format == Format::kJson) {
    PrintTopicsJson(gathered.found, context.environment.out);
  } else {
    PrintTopicsTable(gathered.found, gathered.several, context.environment);
  }
  return gathered.code;
}

// What the disk budget took, and who had not read it.
void PrintEvictions(const TopicDescription& topic, Environment& environment) {
  if (topic.evicted.segments == 0) return;
  environment.out.Write(
      fmt::format("\nThe disk budget took {} ({}) since the broker's start; the newest:\n",
                  display::HumanCount(topic.evicted.records, "record"),
                  display::HumanBytes(topic.evicted.bytes)));
  Table table({{.title = "PARTITION", .align = Column::Align::kRight},
               {.title = "WHEN", .align = Column::Align::kRight},
               {.title = "FROM", .align = Column::Align::kRight},
               {.title = "TO", .align = Column::Align::kRight},
               {.title = "SIZE", .align = Column::Align::kRight},
               {.title = "UNREAD BY"}});
  const TimestampMs now = environment.clock().wall;
  for (const client::EvictionDescription& one : topic.evictions) {
    table.AddRow({fmt::format("{}", one.partition), display::HumanAgo(one.time, now),
                  fmt::format("{}", one.old_start), fmt::format("{}", one.new_start),
                  display::HumanBytes(one.bytes), fmt::format("{}", fmt::join(one.groups, ", "))});
  }
  environment.out.Write(table.Format(environment.terminal));
}

void PrintTopicText(const FoundTopic& found, bool several, Environment& environment) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (several) fields.emplace_back("broker", found.broker);
  fields.emplace_back("topic", found.value.name);
  fields.emplace_back("id", found.value.topic_id.ToString());
  for (const auto& [key, value] : found.value.config) fields.emplace_back(key, value);
  environment.out.Write(FormatFields(fields, environment.terminal));
  environment.out.Write('\n');

  const bool compacted = std::ranges::any_of(found.value.partitions, [](const auto& partition) {
    return partition.compacted_end > Offset(0);
  });
  Table table({{.title = "PARTITION", .align = Column::Align::kRight},
               {.title = "START", .align = Column::Align::kRight},
               {.title = "DURABLE END", .align = Column::Align::kRight},
               {.title = "END", .align = Column::Align::kRight},
               {.title = "RECORDS", .align = Column::Align::kRight},
               {.title = "SIZE", .align = Column::Align::kRight},
               {.title = "SEGMENTS", .align = Column::Align::kRight},
               {.title = "LAST RECORD", .align = Column::Align::kRight},
               {.title = "COMPACTED TO", .align = Column::Align::kRight, .hidden = !compacted}});
  const TimestampMs now = environment.clock().wall;
  for (const PartitionDescription& partition : found.value.partitions) {
    table.AddRow({fmt::format("{}", partition.index), fmt::format("{}", partition.log_start),
                  fmt::format("{}", partition.durable_end), fmt::format("{}", partition.log_end),
                  display::HumanCount(RecordCount(partition)),
                  display::HumanBytes(partition.size_bytes), fmt::format("{}", partition.segments),
                  display::HumanAgo(partition.last_append, now),
                  fmt::format("{}", partition.compacted_end)});
  }
  environment.out.Write(table.Format(environment.terminal));
  PrintEvictions(found.value, environment);
}

ExitCode DescribeTopic(Context& context, const std::string& name) {
  const auto gathered =
      GatherFromAll(context, IfMissing::kElsewhereIsEnough,
                    [&name](client::Admin& admin) { return admin.DescribeTopic(name); });
  Output& out = context.environment.out;
  for (const FoundTopic& one : gathered.found) {
    if (context.flags.format == Format::kJson) {
      JsonWriter json(out.buffer());
      WriteTopic(one.broker, one.value, json);
      out.Write('\n');
    } else {
      if (&one != &gathered.found.front()) out.Write('\n');
      PrintTopicText(one, gathered.several, context.environment);
    }
  }
  return gathered.code;
}

struct SettingFlags {
  std::string name;
  std::int32_t partitions = 0;  // not given
  std::vector<std::string> settings;
  bool yes = false;
};

// KEY=VALUE, each; checked when it is parsed.
std::map<std::string, std::string> SettingsOf(const SettingFlags& flags) {
  std::map<std::string, std::string> config;
  for (const std::string& setting : flags.settings) {
    const std::size_t equals = setting.find('=');
    config[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return config;
}

std::string CheckSetting(const std::string& setting) {
  const std::size_t equals = setting.find('=');
  return equals == std::string::npos || equals == 0 ? "takes KEY=VALUE, as retention.ms=86400000"
                                                    : "";
}

ExitCode CreateTopic(Context& context, const SettingFlags& flags) {
  Result<Broker> broker = ReachOneBroker(context);
  if (!broker.ok()) return Complain(context, broker.error());
  const auto created = broker->admin->CreateTopic({.name = flags.name,
                                                   .partitions = std::max(1, flags.partitions),
                                                   .config = SettingsOf(flags)});
  return Tell(context, created.ok() ? Ok() : Status(created.error()),
              {.done = "created", .noun = "topic", .name = flags.name});
}

ExitCode AlterTopic(Context& context, const SettingFlags& flags) {
  Result<Broker> broker = ReachOneBroker(context);
  if (!broker.ok()) return Complain(context, broker.error());
  client::TopicChange change{.name = flags.name, .set = SettingsOf(flags), .partitions = {}};
  if (flags.partitions > 0) change.partitions = flags.partitions;
  return Tell(context, broker->admin->AlterTopic(change),
              {.done = "altered", .noun = "topic", .name = flags.name});
}

ExitCode DeleteTopic(Context& context, const SettingFlags& flags) {
  Result<Broker> broker = ReachOneBroker(context);
  if (!broker.ok()) return Complain(context, broker.error());
  return Tell(context, broker->admin->DeleteTopic(flags.name),
              {.done = "deleted", .noun = "topic", .name = flags.name});
}

CLI::App& AddVerb(CLI::App& topics, const std::string& name, const std::string& help,
                  SettingFlags& flags) {
  CLI::App& verb = *topics.add_subcommand(name, help);
  verb.add_option("NAME", flags.name, "the topic's name")->required();
  return verb;
}

CLI::Option* AddSettings(CLI::App& verb, SettingFlags& flags) {
  return verb
      .add_option("--set", flags.settings,
                  "retention.ms, retention.bytes, retention.share, retention.min.ms, "
                  "segment.bytes, segment.ms, cleanup.policy, compression.type, "
                  "max.message.bytes; of compacted topics min.cleanable.dirty.ratio, "
                  "min.compaction.lag.ms, max.compaction.lag.ms, delete.retention.ms")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false)
      ->check(CheckSetting);
}

void Choose(CLI::App& verb, Choice& choice, RunVerb run, bool one_broker) {
  verb.callback([&choice, run = std::move(run), one_broker] {
    choice.run = run;
    choice.one_broker = one_broker;
  });
}

}  // namespace

void AddTopicsVerbs(CLI::App& app, Choice& choice) {
  CLI::App& topics =
      *app.add_subcommand("topics", "list, describe, make, change, trim, delete topics");
  topics.require_subcommand(1);
  const auto flags = std::make_shared<SettingFlags>();

  CLI::App& list = *topics.add_subcommand("list", "all topics, with their sizes");
  Choose(list, choice, ListTopics, false);

  CLI::App& describe = AddVerb(topics, "describe", "a topic's settings and partitions", *flags);
  Choose(
      describe, choice, [flags](Context& context) { return DescribeTopic(context, flags->name); },
      false);

  CLI::App& create = AddVerb(topics, "create", "make a topic", *flags);
  create.add_option("--partitions", flags->partitions, "how many [1]")
      ->type_name("N")
      ->check(WholeNumberFrom(1));
  AddSettings(create, *flags);
  Choose(
      create, choice, [flags](Context& context) { return CreateTopic(context, *flags); }, true);

  CLI::App& alter =
      AddVerb(topics, "alter", "change a topic's settings, or add partitions", *flags);
  CLI::Option* settings = AddSettings(alter, *flags);
  CLI::Option* partitions =
      alter
          .add_option("--partitions", flags->partitions,
                      "so many from now on, never fewer: records stay where they are, records of a "
                      "key may go to another partition than before, and producers that run learn "
                      "of new ones when they start again")
          ->type_name("N")
          ->check(WholeNumberFrom(1));
  alter.callback([&choice, flags, settings, partitions] {
    if (settings->count() + partitions->count() == 0) {
      throw CLI::RequiredError("--set or --partitions");
    }
    choice.one_broker = true;
    choice.run = [flags](Context& context) { return AlterTopic(context, *flags); };
  });

  CLI::App& remove = AddVerb(topics, "delete", "delete a topic and all of its records", *flags);
  remove.add_flag("--yes", flags->yes, "really: there is no way back")->required();
  Choose(
      remove, choice, [flags](Context& context) { return DeleteTopic(context, *flags); }, true);

  AddTopicsTrimVerb(topics, choice);
}

}  // namespace logboom::cli
