#include "exporters/prometheus/snapshot_metrics.h"

#include <algorithm>
#include <string>
#include <vector>

#include "exporters/prometheus/group_metrics.h"

namespace logboom::exporter {
namespace {

constexpr MetricType kGauge = MetricType::kGauge;
constexpr MetricType kCounter = MetricType::kCounter;

double Seconds(TimestampMs time) { return static_cast<double>(time.value()) / 1000.0; }

void WriteBrokers(const std::vector<BrokerReading>& readings, Exposition& out) {
  out.Begin("logboom_up", kGauge, "1 where the broker answered with a snapshot");
  for (const BrokerReading& reading : readings) {
    out.Sample({{"broker", reading.broker}}, std::int64_t{reading.snapshot.ok() ? 1 : 0});
  }
  out.Begin("logboom_exporter_snapshot_duration_seconds", kGauge,
            "How long the broker took to answer");
  for (const BrokerReading& reading : readings) {
    out.Sample({{"broker", reading.broker}}, static_cast<double>(reading.took.count()) / 1e6);
  }
}

// Snapshots that are there, with their label.
struct Known {
  std::string_view broker;
  const client::Snapshot& snapshot;
};

void WriteBrokerFacts(const std::vector<Known>& brokers, Exposition& out) {
  out.Begin("logboom_broker_info", kGauge, "1, with what the broker is");
  for (const Known& known : brokers) {
    out.Sample({{"broker", known.broker},
                {"version", known.snapshot.status.program_version},
                {"cluster_id", known.snapshot.status.cluster_id.ToString()}},
               std::int64_t{1});
  }
  out.Begin("logboom_broker_conditions", kGauge,
            "Lasting conditions that need somebody: logboom status tells them");
  for (const Known& known : brokers) {
    out.Sample({{"broker", known.broker}},
               static_cast<std::int64_t>(known.snapshot.status.conditions.size()));
  }
}

// One sample for each partition: what `value` gives, or none.
template <typename Value>
void WritePartitions(const std::vector<Known>& brokers, Exposition& out, Value value) {
  for (const Known& known : brokers) {
    for (const client::TopicDescription& topic : known.snapshot.topics) {
      for (const client::PartitionDescription& partition : topic.partitions) {
        const std::string index = fmt::format("{}", partition.index);
        value(partition, [&](auto sample) {
          out.Sample({{"broker", known.broker}, {"topic", topic.name}, {"partition", index}},
                     sample);
        });
      }
    }
  }
}

void WriteTopics(const std::vector<Known>& brokers, Exposition& out) {
  using Partition = client::PartitionDescription;
  out.Begin("logboom_topic_partitions", kGauge, "Partitions of the topic");
  for (const Known& known : brokers) {
    for (const client::TopicDescription& topic : known.snapshot.topics) {
      out.Sample({{"broker", known.broker}, {"topic", topic.name}},
                 static_cast<std::int64_t>(topic.partitions.size()));
    }
  }
  out.Begin("logboom_partition_log_start_offset", kGauge, "The first record that is still there");
  WritePartitions(brokers, out,
                  [](const Partition& p, auto sample) { sample(p.log_start.value()); });
  out.Begin("logboom_partition_log_end_offset", kGauge,
            "One past the last record that can be read: durable ones alone");
  WritePartitions(brokers, out,
                  [](const Partition& p, auto sample) { sample(p.durable_end.value()); });
  out.Begin("logboom_partition_bytes", kGauge, "Bytes of the partition's segments");
  WritePartitions(brokers, out, [](const Partition& p, auto sample) { sample(p.size_bytes); });
  out.Begin("logboom_partition_last_append_timestamp_seconds", kGauge,
            "When the last record arrived, by the broker's clock");
  WritePartitions(brokers, out, [](const Partition& p, auto sample) {
    if (p.last_append) sample(Seconds(*p.last_append));
  });
}

template <typename Value>
void WriteAgentFamily(const std::vector<Known>& brokers, Exposition& out, Value value) {
  for (const Known& known : brokers) {
    for (const client::AgentDescription& agent : known.snapshot.agents) {
      out.Sample({{"broker", known.broker}, {"agent", agent.agent_id}}, value(agent));
    }
  }
}

// As reported to the broker, so that a dead agent stays visible.
void WriteAgents(const std::vector<Known>& brokers, Exposition& out) {
  using Agent = client::AgentDescription;
  auto count = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  out.Begin("logboom_agent_info", kGauge, "1, with what the agent is");
  for (const Known& known : brokers) {
    for (const Agent& agent : known.snapshot.agents) {
      out.Sample({{"broker", known.broker},
                  {"agent", agent.agent_id},
                  {"host", agent.host},
                  {"version", agent.program_version}},
                 std::int64_t{1});
    }
  }
  out.Begin("logboom_agent_up", kGauge, "1 while the agent has a session with the broker");
  WriteAgentFamily(brokers, out, [](const Agent& a) { return std::int64_t{a.connected ? 1 : 0}; });
  out.Begin("logboom_agent_last_seen_timestamp_seconds", kGauge,
            "When the broker last heard of the agent");
  WriteAgentFamily(brokers, out, [](const Agent& a) { return Seconds(a.last_seen); });
  out.Begin("logboom_agent_reported_backlog_bytes", kGauge,
            "Bytes in the agent's files that are not acknowledged, as it last said");
  WriteAgentFamily(brokers, out, [count](const Agent& a) { return count(a.backlog_bytes); });
  out.Begin("logboom_agent_reported_files", kGauge,
            "Files that the agent watches, as it last said");
  WriteAgentFamily(brokers, out, [count](const Agent& a) { return count(a.files); });
  out.Begin("logboom_agent_reported_acked_bytes_total", kCounter,
            "Bytes acknowledged since the agent's start, as it last said");
  WriteAgentFamily(brokers, out, [count](const Agent& a) { return count(a.bytes_acked); });
  out.Begin("logboom_agent_reported_dropped_lines_total", kCounter,
            "Lines that inputs left out since the agent's start, as it last said");
  WriteAgentFamily(brokers, out, [count](const Agent& a) { return count(a.lines_dropped); });
  out.Begin("logboom_agent_reported_errors_total", kCounter,
            "Errors since the agent's start, as it last said");
  WriteAgentFamily(brokers, out, [count](const Agent& a) { return count(a.errors); });
}

}  // namespace

void WriteSnapshotMetrics(const std::vector<BrokerReading>& readings, const MetricLimits& limits,
                          Exposition& out) {
  WriteBrokers(readings, out);
  std::vector<Known> known;
  std::vector<BrokerGroups> groups;
  for (const BrokerReading& reading : readings) {
    if (!reading.snapshot.ok()) continue;
    known.push_back({reading.broker, *reading.snapshot});
    groups.push_back({reading.broker, reading.snapshot->groups});
  }
  WriteBrokerFacts(known, out);
  WriteTopics(known, out);
  WriteGroups(groups, limits.group_partitions_max, out);
  WriteAgents(known, out);
}

}  // namespace logboom::exporter
