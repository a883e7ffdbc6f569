#include <CLI/CLI.hpp>

#include "cli/brokers.h"
#include "cli/json_writer.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "cli/verbs.h"
#include "lib/display/human.h"
#include "lib/display/visible_text.h"

namespace logboom::cli {
namespace {

using client::BrokerStatus;
using client::TopicDescription;

void WriteNumbers(const BrokerStatus& status, JsonWriter& json) {
  json.Key("disk_total_bytes").Int(status.disk_total_bytes);
  json.Key("disk_available_bytes").Int(status.disk_available_bytes);
  json.Key("log_bytes").Int(status.log_bytes);
  json.Key("disk_budget_bytes").Int(status.disk_budget_bytes);
  json.Key("segments_evicted").UInt(status.evicted.segments);
  json.Key("records_evicted").UInt(status.evicted.records);
  json.Key("bytes_evicted").UInt(status.evicted.bytes);
  json.Key("topics").UInt(status.topics);
  json.Key("partitions").UInt(status.partitions);
  json.Key("sessions").UInt(status.sessions);
  json.Key("agents_connected").UInt(status.agents_connected);
  json.Key("records_appended").UInt(status.records_appended);
  json.Key("bytes_appended").UInt(status.bytes_appended);
  json.Key("bytes_fetched").UInt(status.bytes_fetched);
  json.Key("syncs").UInt(status.syncs);
  json.Key("duplicates").UInt(status.duplicates);
  json.Key("span_conflicts").UInt(status.span_conflicts);
  json.Key("requests").UInt(status.requests);
  json.Key("errors").UInt(status.errors);
  json.Key("memory_bytes").UInt(status.memory_bytes);
  json.Key("append_bytes_per_second").Double(status.append_bytes_per_second);
  json.Key("append_records_per_second").Double(status.append_records_per_second);
  json.Key("sync_p99_us").UInt(status.sync_p99_us);
  json.Key("bytes_not_durable").UInt(status.bytes_not_durable);
}

void WriteOffsets(const std::vector<TopicDescription>& topics, JsonWriter& json) {
  json.Key("durable_offsets").BeginArray();
  for (const TopicDescription& topic : topics) {
    for (const auto& partition : topic.partitions) {
      json.BeginObject();
      json.Key("topic").String(topic.name);
      json.Key("partition").Int(partition.index.value());
      json.Key("log_start_offset").Int(partition.log_start.value());
      json.Key("durable_end_offset").Int(partition.durable_end.value());
      json.Key("log_end_offset").Int(partition.log_end.value());
      json.EndObject();
    }
  }
  json.EndArray();
}

void PrintJson(const Broker& broker, const BrokerStatus& status,
               const std::vector<TopicDescription>& topics, Output& out) {
  JsonWriter json(out.buffer());
  json.BeginObject();
  json.Key("broker").String(broker.name);
  json.Key("address").String(broker.address);
  json.Key("version").String(status.program_version);
  json.Key("cluster_id").String(status.cluster_id.ToString());
  json.Key("started_ms").Int(status.started.value());
  json.Key("time_ms").Int(status.time.value());
  json.Key("data_directory").String(status.data_directory);
  json.Key("sync_method").String(status.sync_method);
  WriteNumbers(status, json);
  json.Key("conditions").BeginArray();
  for (const auto& condition : status.conditions) {
    json.BeginObject();
    json.Key("name").String(condition.name);
    json.Key("message").String(condition.message);
    json.Key("since_ms").Int(condition.since.value());
    json.EndObject();
  }
  json.EndArray();
  WriteOffsets(topics, json);
  json.EndObject();
  out.Write('\n');
}

std::string DiskText(const BrokerStatus& status) {
  const double total = static_cast<double>(status.disk_total_bytes);
  const double available = static_cast<double>(status.disk_available_bytes);
  const double used_percent = total > 0 ? 100 * (total - available) / total : 0;
  const std::string budget =
      status.disk_budget_bytes > 0
          ? fmt::format(", budget {}", display::HumanBytes(status.disk_budget_bytes))
          : "";
  return fmt::format("{} of log{}; {} free of {} ({:.0f} % used)",
                     display::HumanBytes(status.log_bytes), budget, display::HumanBytes(available),
                     display::HumanBytes(total), used_percent);
}

std::string EvictedText(const BrokerStatus& status) {
  if (status.evicted.segments == 0) return "nothing since the start";
  return fmt::format("{} ({}) for the disk budget since the start",
                     display::HumanCount(status.evicted.records, "record"),
                     display::HumanBytes(status.evicted.bytes));
}

std::vector<std::pair<std::string, std::string>> FieldsOf(const Broker& broker,
                                                          const BrokerStatus& status) {
  return {
      {"broker",
       fmt::format("{} at {}, version {}, up for {}", status.broker_name, broker.address,
                   status.program_version, display::HumanSpan(status.time - status.started))},
      {"health", status.conditions.empty() ? "good" : "see below"},
      {"cluster", status.cluster_id.ToString()},
      {"data", fmt::format("{}, made durable by {}", status.data_directory, status.sync_method)},
      {"disk", DiskText(status)},
      {"evicted", EvictedText(status)},
      {"holds", fmt::format("{}, {}", display::HumanCount(status.topics, "topic"),
                            display::HumanCount(status.partitions, "partition"))},
      {"serves", fmt::format("{}, {}", display::HumanCount(status.sessions, "session"),
                             display::HumanCount(status.agents_connected, "agent"))},
      {"appends",
       fmt::format("{}/s, {:.0f} records/s; {} in {} since the start",
                   display::HumanBytes(status.append_bytes_per_second),
                   status.append_records_per_second, display::HumanBytes(status.bytes_appended),
                   display::HumanCount(status.records_appended, "record"))},
      {"syncs",
       fmt::format("{}, 99 % within {:.1f} ms; {} not yet durable",
                   display::HumanCount(status.syncs), static_cast<double>(status.sync_p99_us) / 1e3,
                   display::HumanBytes(status.bytes_not_durable))},
      {"refused",
       fmt::format("{}, {}, {} in {}", display::HumanCount(status.duplicates, "duplicate"),
                   display::HumanCount(status.span_conflicts, "span conflict"),
                   display::HumanCount(status.errors, "error"),
                   display::HumanCount(status.requests, "request"))},
      {"memory", display::HumanBytes(status.memory_bytes)}};
}

void PrintText(const Broker& broker, const BrokerStatus& status,
               const std::vector<TopicDescription>& topics, Environment& environment) {
  Output& out = environment.out;
  out.Write(FormatFields(FieldsOf(broker, status), environment.terminal));
  for (const auto& condition : status.conditions) {
    out.Write(fmt::format("\n{}: ",
                          Styled(display::Visible(condition.name), "31", environment.terminal)));
    out.Write(fmt::format("{} (since {})\n", display::Visible(condition.message),
                          FormatUtc(condition.since)));
  }
  Table table({{.title = "TOPIC"},
               {.title = "PARTITION", .align = Column::Align::kRight},
               {.title = "START", .align = Column::Align::kRight},
               {.title = "DURABLE END", .align = Column::Align::kRight},
               {.title = "NOT DURABLE", .align = Column::Align::kRight},
               {.title = "SIZE", .align = Column::Align::kRight},
               {.title = "LAST RECORD", .align = Column::Align::kRight}});
  for (const TopicDescription& topic : topics) {
    for (const auto& partition : topic.partitions) {
      table.AddRow({topic.name, fmt::format("{}", partition.index),
                    fmt::format("{}", partition.log_start),
                    fmt::format("{}", partition.durable_end),
                    fmt::format("{}", partition.log_end - partition.durable_end),
                    display::HumanBytes(partition.size_bytes),
                    display::HumanAgo(partition.last_append, status.time)});
    }
  }
  if (!table.empty()) out.Write("\n" + table.Format(environment.terminal));
}

ExitCode ShowStatus(Context& context) {
  ReachedBrokers reached = ReachBrokers(context);
  bool first = true;
  for (const Broker& broker : reached.brokers) {
    const auto status = broker.admin->GetStatus();
    const auto topics = broker.admin->ListTopics();
    if (!status.ok() || !topics.ok()) {
      const Error& error = status.ok() ? topics.error() : status.error();
      reached.code = Worse(reached.code, Complain(context, error.Within(broker.address)));
      continue;
    }
    if (context.flags.format == Format::kJson) {
      PrintJson(broker, *status, *topics, context.environment.out);
    } else {
      if (!first) context.environment.out.Write('\n');
      PrintText(broker, *status, *topics, context.environment);
    }
    first = false;
  }
  return reached.code;
}

}  // namespace

void AddStatusVerb(CLI::App& app, Choice& choice) {
  app.add_subcommand("status", "the broker's health, disk, rates and durable offsets")
      ->callback([&choice] { choice.run = ShowStatus; });
}

}  // namespace logboom::cli
