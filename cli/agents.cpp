#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/gather.h"
#include "cli/json_writer.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "cli/verbs.h"
#include "lib/display/human.h"

namespace logboom::cli {
namespace {

using client::AgentDescription;
using client::AgentDetails;
using client::AgentFileDescription;

using FoundAgent = OfBroker<AgentDescription>;

std::int64_t BacklogBytes(const AgentFileDescription& file) {
  return std::max<std::int64_t>(0, file.size_bytes - file.acked.value());
}

void WriteAgentFields(const std::string& broker, const AgentDescription& agent, JsonWriter& json) {
  json.Key("broker").String(broker);
  json.Key("agent").String(agent.agent_id);
  json.Key("host").String(agent.host);
  json.Key("version").String(agent.program_version);
  json.Key("connected").Bool(agent.connected);
  json.Key("last_seen_ms").Int(agent.last_seen.value());
  json.Key("started_ms").Int(agent.started.value());
  json.Key("file_count").UInt(agent.files);
  json.Key("backlog_bytes").UInt(agent.backlog_bytes);
  json.Key("bytes_acked").UInt(agent.bytes_acked);
  json.Key("records_acked").UInt(agent.records_acked);
  json.Key("lines_dropped").UInt(agent.lines_dropped);
  json.Key("errors").UInt(agent.errors);
  json.Key("last_error").String(agent.last_error);
  json.Key("memory_bytes").UInt(agent.memory_bytes);
  json.Key("clock_skew_ms").Int(agent.clock_skew_ms);
  json.Key("labels").BeginObject();
  for (const auto& [name, value] : agent.labels) json.Key(name).String(value);
  json.EndObject();
}

void WriteFile(const AgentFileDescription& file, JsonWriter& json) {
  json.BeginObject();
  json.BytesField("path", file.path);
  json.Key("topic").String(file.topic);
  json.Key("state").String(file.state);
  json.Key("size_bytes").Int(file.size_bytes);
  json.Key("read").Int(file.read.value());
  json.Key("acked").Int(file.acked.value());
  json.Key("backlog_bytes").Int(BacklogBytes(file));
  json.Key("last_line_ms").Int(file.last_line ? file.last_line->value() : -1);
  json.EndObject();
}

void PrintAgentsJson(const std::vector<FoundAgent>& found, Output& out) {
  JsonWriter json(out.buffer());
  json.BeginArray();
  for (const FoundAgent& one : found) {
    json.BeginObject();
    WriteAgentFields(one.broker, one.value, json);
    json.EndObject();
  }
  json.EndArray();
  out.Write('\n');
}

void PrintAgentsTable(const std::vector<FoundAgent>& found, bool several,
                      Environment& environment) {
  Table table({{.title = "BROKER", .hidden = !several},
               {.title = "AGENT"},
               {.title = "HOST"},
               {.title = "STATE"},
               {.title = "LAST SEEN", .align = Column::Align::kRight},
               {.title = "FILES", .align = Column::Align::kRight},
               {.title = "BACKLOG", .align = Column::Align::kRight},
               {.title = "ACKED", .align = Column::Align::kRight},
               {.title = "RECORDS", .align = Column::Align::kRight},
               {.title = "DROPPED", .align = Column::Align::kRight},
               {.title = "ERRORS", .align = Column::Align::kRight}});
  const TimestampMs now = environment.clock().wall;
  for (const FoundAgent& one : found) {
    const AgentDescription& agent = one.value;
    table.AddRow({one.broker, agent.agent_id, agent.host, agent.connected ? "connected" : "away",
                  display::HumanAgo(agent.last_seen, now), display::HumanCount(agent.files),
                  display::HumanBytes(agent.backlog_bytes), display::HumanBytes(agent.bytes_acked),
                  display::HumanCount(agent.records_acked),
                  display::HumanCount(agent.lines_dropped), display::HumanCount(agent.errors)});
  }
  environment.out.Write(table.Format(environment.terminal));
}

ExitCode ListAgents(Context& context) {
  const auto gathered =
      GatherElements(context, IfMissing::kComplain, [](auto& admin) { return admin.ListAgents(); });
  if (!gathered.any_answered) return gathered.code;
  if (context.flags.format == Format::kJson) {
    PrintAgentsJson(gathered.found, context.environment.out);
  } else {
    PrintAgentsTable(gathered.found, gathered.several, context.environment);
  }
  return gathered.code;
}

void PrintDetailsJson(const std::string& broker, const AgentDetails& details, Output& out) {
  JsonWriter json(out.buffer());
  json.BeginObject();
  WriteAgentFields(broker, details.agent, json);
  json.Key("files").BeginArray();
  for (const AgentFileDescription& file : details.files) WriteFile(file, json);
  json.EndArray();
  json.EndObject();
  out.Write('\n');
}

std::vector<std::pair<std::string, std::string>> FieldsOf(const AgentDescription& agent,
                                                          TimestampMs now) {
  std::vector<std::pair<std::string, std::string>> fields = {
      {"agent", agent.agent_id},
      {"host", agent.host},
      {"version", agent.program_version},
      {"state", agent.connected ? "connected" : "away"},
      {"last seen", display::HumanAgo(agent.last_seen, now)},
      {"started", FormatUtc(agent.started)},
      {"acked", fmt::format("{} in {}", display::HumanBytes(agent.bytes_acked),
                            display::HumanCount(agent.records_acked, "record"))},
      {"dropped", display::HumanCount(agent.lines_dropped, "line")},
      {"backlog", display::HumanBytes(agent.backlog_bytes)},
      {"memory", display::HumanBytes(agent.memory_bytes)},
      {"clock", fmt::format("{} ms {} the broker's", std::abs(agent.clock_skew_ms),
                            agent.clock_skew_ms < 0 ? "behind" : "ahead of")},
      {"errors", display::HumanCount(agent.errors)}};
  if (!agent.last_error.empty()) fields.emplace_back("last error", agent.last_error);
  for (const auto& [name, value] : agent.labels) fields.emplace_back("label " + name, value);
  return fields;
}

void PrintDetailsText(const AgentDetails& details, Environment& environment) {
  const TimestampMs now = environment.clock().wall;
  environment.out.Write(FormatFields(FieldsOf(details.agent, now), environment.terminal));
  if (details.files.empty()) return;
  environment.out.Write('\n');
  Table table({{.title = "FILE", .cut = Column::Cut::kStart},
               {.title = "TOPIC"},
               {.title = "STATE"},
               {.title = "SIZE", .align = Column::Align::kRight},
               {.title = "READ", .align = Column::Align::kRight},
               {.title = "ACKED", .align = Column::Align::kRight},
               {.title = "BACKLOG", .align = Column::Align::kRight},
               {.title = "LAST LINE", .align = Column::Align::kRight}});
  for (const AgentFileDescription& file : details.files) {
    table.AddRow({file.path, file.topic, file.state, display::HumanBytes(file.size_bytes),
                  display::HumanBytes(file.read.value()), display::HumanBytes(file.acked.value()),
                  display::HumanBytes(BacklogBytes(file)), display::HumanAgo(file.last_line, now)});
  }
  environment.out.Write(table.Format(environment.terminal));
}

// An agent publishes to one broker: the others need not know it.
ExitCode DescribeAgent(Context& context, const std::string& agent_id) {
  const auto gathered =
      GatherFromAll(context, IfMissing::kElsewhereIsEnough,
                    [&agent_id](client::Admin& admin) { return admin.DescribeAgent(agent_id); });
  for (const auto& one : gathered.found) {
    if (context.flags.format == Format::kJson) {
      PrintDetailsJson(one.broker, one.value, context.environment.out);
    } else {
      if (&one != &gathered.found.front()) context.environment.out.Write('\n');
      PrintDetailsText(one.value, context.environment);
    }
  }
  return gathered.code;
}

}  // namespace

void AddAgentsVerbs(CLI::App& app, Choice& choice) {
  CLI::App& agents = *app.add_subcommand("agents", "the agents, and how far they have read");
  agents.require_subcommand(1);
  agents.add_subcommand("list", "all agents that the broker knows")->callback([&choice] {
    choice.run = ListAgents;
  });
  const auto agent_id = std::make_shared<std::string>();
  CLI::App& describe =
      *agents.add_subcommand("describe", "an agent's files: read, acked, backlog, last line");
  describe.add_option("AGENT", *agent_id, "the agent's id")->required();
  describe.callback([&choice, agent_id] {
    choice.run = [agent_id](Context& context) { return DescribeAgent(context, *agent_id); };
  });
}

}  // namespace logboom::cli
