// What agents say of themselves, what others ask about them, and the broker's own status.
#include <utility>

#include "broker/server/server.h"
#include "broker/server/translate.h"
#include "lib/protocol/protocol.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kRateWindowMs = 10'000;
constexpr std::int64_t kRateSampleMs = 1'000;
// So that a status fits into a message, also with thousands of partitions to complain of.
constexpr int kConditionsMax = 500;

}  // namespace

void Server::HandleAgentReport(const Call& call, const protocol::AgentReportRequest& request) {
  if (!HoldsAgent(call)) return;
  AgentReport part;
  part.program_version = request.program_version();
  part.started = TimestampMs{request.started_ms()};
  part.time = TimestampMs{request.time_ms()};
  part.received = call.now.wall;
  part.bytes_read = request.bytes_read();
  part.bytes_acked = request.bytes_acked();
  part.records_acked = request.records_acked();
  part.errors = request.errors();
  part.last_error = request.last_error();
  part.memory_bytes = request.memory_bytes();
  part.lines_dropped = request.lines_dropped();
  for (const protocol::AgentFile& file : request.files()) part.files.push_back(FromWire(file));
  protocol::Response response;
  response.mutable_agent_report()->set_time_ms(call.now.wall.value());
  AnswerStatus(call,
               sources_.agents().TakeReport(call.agent_id, request.report_id(), request.last(),
                                            std::move(part)),
               std::move(response));
}

void Server::HandleListAgents(const Call& call) {
  protocol::Response response;
  protocol::ListAgentsResponse& body = *response.mutable_list_agents();
  for (const auto& [id, agent] : sources_.agents().agents()) {
    if (!Authorise(call.principal, Operation::kDescribeAgents, {ResourceKind::kAgent, id}).ok()) {
      continue;
    }
    FillAgent(agent, *body.add_agents());
  }
  Answer(call, std::move(response));
}

void Server::HandleDescribeAgent(const Call& call, const protocol::DescribeAgentRequest& request) {
  if (!Allowed(call, Operation::kDescribeAgents, {ResourceKind::kAgent, request.agent_id()})) {
    return;
  }
  const Agent* agent = sources_.agents().Find(request.agent_id());
  if (agent == nullptr) {
    AnswerError(call, protocol::UNKNOWN_AGENT,
                fmt::format("no agent '{}' has ever said hello",
                            protocol::VisibleText(request.agent_id())));
    return;
  }
  protocol::Response response;
  protocol::DescribeAgentResponse& body = *response.mutable_describe_agent();
  FillAgent(*agent, *body.mutable_agent());
  std::size_t bytes = 0;
  std::size_t index = request.skip_files();
  for (; index < agent->report.files.size(); ++index) {
    if (body.files_size() == protocol::kFilesPageMax || bytes >= protocol::kPageBytesMax) break;
    protocol::AgentFile& file = *body.add_files();
    ToWire(agent->report.files[index], file);
    bytes += file.ByteSizeLong();
  }
  body.set_more(index < agent->report.files.size());
  Answer(call, std::move(response));
}

void Server::HandleStatus(const Call& call) {
  if (!Allowed(call, Operation::kDescribeBroker, {})) return;
  protocol::Response response;
  FillStatus(call.now, *response.mutable_status());
  Answer(call, std::move(response));
}

void Server::FillStatus(Instant now, protocol::StatusResponse& body) const {
  const BrokerFacts facts = facts_();
  const EngineCounters& counters = engine_.counters();
  body.set_broker_name(options_.broker_name);
  body.set_program_version(options_.program_version);
  body.set_cluster_id(Bytes(engine_.cluster_id().bytes()));
  body.set_started_ms(started_.value());
  body.set_time_ms(now.wall.value());
  body.set_data_directory(protocol::ValidUtf8(facts.data_directory));
  body.set_sync_method(facts.sync_method);
  body.set_disk_total_bytes(facts.disk_total_bytes);
  body.set_disk_available_bytes(facts.disk_available_bytes);
  body.set_log_bytes(facts.log_bytes);
  body.set_disk_budget_bytes(facts.disk_budget_bytes);
  body.set_segments_evicted(counters.segments_evicted);
  body.set_records_evicted(counters.records_evicted);
  body.set_bytes_evicted(counters.bytes_evicted);
  body.set_sync_p99_us(static_cast<std::uint64_t>(facts.sync_p99_us));
  body.set_memory_bytes(facts.memory_bytes);
  std::uint32_t partitions = 0;
  for (const Topic* topic : engine_.Topics()) {
    body.set_topics(body.topics() + 1);
    partitions += static_cast<std::uint32_t>(topic->partitions);
  }
  body.set_partitions(partitions);
  body.set_sessions(static_cast<std::uint32_t>(sessions_.size()));
  std::uint32_t connected = 0;
  for (const auto& [id, agent] : sources_.agents().agents()) {
    if (!agent.session.nil()) ++connected;
  }
  body.set_agents_connected(connected);
  body.set_records_appended(counters.records_appended);
  body.set_bytes_appended(counters.bytes_appended);
  body.set_bytes_fetched(counters.bytes_fetched);
  body.set_syncs(counters.syncs);
  body.set_bytes_not_durable(static_cast<std::uint64_t>(counters.bytes_not_durable));
  body.set_duplicates(sources_.counters().duplicates);
  body.set_span_conflicts(sources_.counters().conflicts);
  body.set_requests(requests_);
  body.set_errors(errors_);
  if (rates_.size() >= 2) {
    const double seconds = static_cast<double>(rates_.back().at - rates_.front().at) / 1000.0;
    body.set_append_bytes_per_second(
        static_cast<double>(rates_.back().bytes - rates_.front().bytes) / seconds);
    body.set_append_records_per_second(
        static_cast<double>(rates_.back().records - rates_.front().records) / seconds);
  }
  for (const Condition& condition : facts.conditions) {
    if (body.conditions_size() == kConditionsMax) break;  // the rest stands in the log
    protocol::Condition& one = *body.add_conditions();
    one.set_name(condition.name);
    one.set_message(protocol::ValidUtf8(condition.message));
    one.set_since_ms(condition.since.value());
  }
}

void Server::NoteEvictions() {
  for (const Eviction& eviction : engine_.TakeEvictions()) {
    evictions_.Note(eviction, groups_.BehindOf(eviction.where, eviction.range.new_start));
  }
}

void Server::SampleRates(Instant now) {
  if (now.monotonic < next_rate_sample_) return;
  next_rate_sample_ = now.monotonic + kRateSampleMs;
  rates_.push_back(
      {now.monotonic, engine_.counters().bytes_appended, engine_.counters().records_appended});
  std::erase_if(
      rates_, [&](const RateSample& sample) { return now.monotonic - sample.at > kRateWindowMs; });
}

}  // namespace logboom::broker
