#include "broker/sources/agent_registry.h"

#include <algorithm>
#include <map>
#include <utility>

#include "lib/base/byte_list.h"

namespace logboom::broker {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kVersionWithoutProcesses = 1;

bool IsSuperseded(const Agent& agent, const AgentClaim& claim) {
  return agent.claim.boot_id == claim.boot_id &&
         std::find(agent.superseded.begin(), agent.superseded.end(), claim.process_id) !=
             agent.superseded.end();
}

// Process ids mean something within one boot.
void Supersede(Agent& agent, const AgentClaim& by) {
  if (agent.claim.boot_id != by.boot_id) {
    agent.superseded.clear();
    return;
  }
  if (agent.claim.process_id == by.process_id || agent.claim.process_id.empty()) return;
  agent.superseded.push_back(agent.claim.process_id);
  if (agent.superseded.size() > kSupersededMax) agent.superseded.erase(agent.superseded.begin());
}

}  // namespace

Result<Agent*> AgentRegistry::Claim(const AgentClaim& claim, const Uuid& session, Instant now) {
  Agent& agent = agents_[claim.agent_id];
  if (agent.last_heard && agent.claim.boot_id != claim.boot_id) {
    const std::int64_t silence_ms = now.monotonic - *agent.last_heard;
    if (silence_ms < kHolderSilenceMs) {
      return Fail(ErrorCode::kBusy,
                  "agent ID '{}' also runs on {} (heard {} ms ago); set agent.id to another name "
                  "on one of the two machines",
                  claim.agent_id, agent.claim.host, silence_ms);
    }
  }
  // Else two that live on would take the id from each other for ever, and each would begin files
  // that the other one has begun.
  if (IsSuperseded(agent, claim)) {
    return Fail(ErrorCode::kCancelled,
                "process {} of this machine has taken over the agent id '{}': set agent.id to "
                "another name for one of the two",
                agent.claim.process_id, claim.agent_id);
  }
  Supersede(agent, claim);
  agent.claim = claim;
  agent.session = session;
  agent.last_heard = now.monotonic;
  agent.last_seen = now.wall;
  const auto now_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, now.wall.value()));
  agent.epoch = std::max(agent.epoch + 1, now_ms);
  return &agent;
}

void AgentRegistry::Release(const std::string& agent_id, const Uuid& session) {
  Agent* agent = Find(agent_id);
  if (agent != nullptr && agent->session == session) agent->session = Uuid{};
}

void AgentRegistry::Leave(const std::string& agent_id, const Uuid& session) {
  Agent* agent = Find(agent_id);
  if (agent == nullptr || agent->session != session) return;
  agent->session = Uuid{};
  agent->last_heard.reset();
}

void AgentRegistry::Heard(const std::string& agent_id, const Uuid& session, Instant now) {
  Agent* agent = Find(agent_id);
  if (agent == nullptr || agent->session != session) return;
  agent->last_heard = now.monotonic;
  agent->last_seen = now.wall;
}

bool AgentRegistry::Holds(const std::string& agent_id, const Uuid& session) const {
  auto found = agents_.find(agent_id);
  return !session.nil() && found != agents_.end() && found->second.session == session;
}

Status AgentRegistry::TakeReport(const std::string& agent_id, std::uint64_t report_id, bool last,
                                 AgentReport part) {
  Agent* agent = Find(agent_id);
  if (agent == nullptr) return Fail(ErrorCode::kNotFound, "unknown agent '{}'", agent_id);
  if (agent->gathering_id != report_id) {
    agent->gathering_id = report_id;
    agent->gathering = AgentReport{};
    agent->gathering_refused = false;
  }
  std::vector<AgentFile> files = std::move(agent->gathering.files);
  if (agent->gathering_refused || files.size() + part.files.size() > kReportFilesMax) {
    agent->gathering = AgentReport{};
    agent->gathering_refused = true;
    return Fail(ErrorCode::kLimit, "a report holds at most {} files", kReportFilesMax);
  }
  std::move(part.files.begin(), part.files.end(), std::back_inserter(files));
  agent->gathering = std::move(part);
  agent->gathering.files = std::move(files);
  if (last) {
    agent->report = std::move(agent->gathering);
    agent->gathering = AgentReport{};
    agent->gathering_id = 0;
  }
  return Ok();
}

PartitionIndex AgentRegistry::ChoosePartition(const Topic& topic) const {
  std::map<std::int32_t, std::size_t> agents_in;
  for (const auto& [id, agent] : agents_) {
    auto found = agent.partitions.find(topic.topic_id);
    if (found != agent.partitions.end()) ++agents_in[found->second.value()];
  }
  std::int32_t fewest = 0;
  for (std::int32_t i = 1; i < topic.partitions; ++i) {
    if (agents_in[i] < agents_in[fewest]) fewest = i;
  }
  return PartitionIndex{fewest};
}

Agent* AgentRegistry::Find(const std::string& agent_id) {
  auto found = agents_.find(agent_id);
  return found == agents_.end() ? nullptr : &found->second;
}

void AgentRegistry::ForgetTopic(const Uuid& topic_id) {
  for (auto& [id, agent] : agents_) agent.partitions.erase(topic_id);
}

void AgentRegistry::Restore(Agent agent) {
  std::string id = agent.claim.agent_id;
  agents_.insert_or_assign(std::move(id), std::move(agent));
}

Bytes EncodeAgentRow(const Agent& agent) {
  Bytes value;
  ByteWriter writer(value);
  writer.Int(kVersion);
  writer.Int(agent.epoch);
  writer.Int(agent.last_seen.value());
  writer.String(agent.claim.host);
  writer.Int(static_cast<std::uint32_t>(agent.partitions.size()));
  for (const auto& [topic_id, partition] : agent.partitions) {
    writer.Raw(topic_id.bytes());
    writer.Int(partition.value());
  }
  writer.String(agent.claim.boot_id);
  writer.String(agent.claim.process_id);
  writer.Int(static_cast<std::uint8_t>(agent.superseded.size()));
  for (const std::string& process : agent.superseded) writer.String(process);
  return value;
}

Result<Agent> DecodeAgentRow(ByteView key, ByteView value) {
  Agent agent;
  agent.claim.agent_id = Bytes(key);
  ByteReader reader(value);
  const auto version = reader.Int<std::uint8_t>();
  if (reader.ok() && version != kVersion && version != kVersionWithoutProcesses) {
    return Fail(ErrorCode::kUnsupported, "agent row of version {}; this program reads {} and {}",
                version, kVersionWithoutProcesses, kVersion);
  }
  agent.epoch = reader.Int<std::uint64_t>();
  agent.last_seen = TimestampMs{reader.Int<std::int64_t>()};
  agent.claim.host = Bytes(reader.String());
  const auto partitions = ReadList<std::uint32_t>(reader, [](ByteReader& in) {
    const Uuid topic_id = Uuid::FromBytes(in.Raw(Uuid::kSize)).value_or(Uuid());
    return std::pair(topic_id, PartitionIndex{in.Int<std::int32_t>()});
  });
  agent.partitions.insert(partitions.begin(), partitions.end());
  if (version == kVersion) {
    agent.claim.boot_id = Bytes(reader.String());
    agent.claim.process_id = Bytes(reader.String());
    agent.superseded =
        ReadList<std::uint8_t>(reader, [](ByteReader& in) { return Bytes(in.String()); });
  }
  if (!reader.done()) return Fail(ErrorCode::kCorrupt, "the row of agent '{}' is malformed", key);
  return agent;
}

}  // namespace logboom::broker
