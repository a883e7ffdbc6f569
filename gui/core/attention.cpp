#include "gui/core/attention.h"

#include <fmt/format.h>

#include <algorithm>

#include "gui/core/figures.h"
#include "lib/display/human.h"

namespace logboom::gui {
namespace {

using client::LagStatus;

void AddBroker(const BrokerView& broker, std::vector<AttentionRow>& rows) {
  if (broker.link == LinkState::kDown) {
    rows.push_back({.key = broker.address,
                    .kind = AttentionKind::kBroker,
                    .severity = Severity::kError,
                    .name = broker.name,
                    .message = broker.trouble,
                    .since = broker.heard});
    return;
  }
  if (!broker.snapshot) return;
  for (const client::BrokerCondition& condition : broker.snapshot->status.conditions) {
    rows.push_back({.key = broker.address + '\n' + condition.name,
                    .kind = AttentionKind::kBroker,
                    .severity = Severity::kError,
                    .name = broker.name,
                    .message = condition.message,
                    .since = condition.since + broker.clock_ahead_ms});
  }
}

void AddGroup(const GroupRow& group, std::vector<AttentionRow>& rows) {
  const LagStatus status = group.status;
  if (status == LagStatus::kOk || status == LagStatus::kUnknown || group.stale) return;
  std::string message = fmt::format(
      "{}: {} behind", client::LagStatusName(status),
      display::HumanCount(static_cast<std::uint64_t>(std::max<std::int64_t>(0, group.lag_records)),
                          "record"));
  if (group.lag_ms) message += ", " + SpanText(*group.lag_ms);
  rows.push_back({.key = "group\n" + group.key,
                  .kind = AttentionKind::kGroup,
                  .severity = status == LagStatus::kWarn ? Severity::kWarning : Severity::kError,
                  .name = group.name,
                  .message = std::move(message),
                  .since = {}});
}

void AddAgent(const AgentRow& agent, std::vector<AttentionRow>& rows) {
  if (agent.stale || (agent.connected && agent.errors == 0)) return;
  const std::string errors =
      fmt::format("{}: {}", display::HumanCount(static_cast<std::uint64_t>(agent.errors), "error"),
                  agent.last_error);
  rows.push_back({.key = "agent\n" + agent.key,
                  .kind = AttentionKind::kAgent,
                  .severity = agent.connected ? Severity::kWarning : Severity::kError,
                  .name = agent.agent_id,
                  .message = agent.connected ? errors : "not connected",
                  .since = agent.connected ? std::nullopt : std::optional(agent.last_seen)});
}

}  // namespace

std::vector<AttentionRow> FindAttention(const Frame& frame) {
  std::vector<AttentionRow> rows;
  for (const BrokerView& broker : frame.brokers) AddBroker(broker, rows);
  for (const GroupRow& group : frame.tables->groups) AddGroup(group, rows);
  for (const AgentRow& agent : frame.tables->agents) AddAgent(agent, rows);
  std::stable_sort(rows.begin(), rows.end(), [](const AttentionRow& a, const AttentionRow& b) {
    return a.severity > b.severity;
  });
  return rows;
}

std::string_view AttentionKindName(AttentionKind kind) {
  switch (kind) {
    case AttentionKind::kBroker: return "broker";
    case AttentionKind::kGroup: return "group";
    case AttentionKind::kAgent: break;
  }
  return "agent";
}

}  // namespace logboom::gui
