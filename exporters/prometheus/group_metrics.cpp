#include "exporters/prometheus/group_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>

namespace logboom::exporter {
namespace {

using client::GroupDescription;
using client::GroupPartition;

constexpr MetricType kGauge = MetricType::kGauge;
constexpr const char* kCommittedOffset = "logboom_consumer_group_committed_offset";
constexpr const char* kLagRecords = "logboom_consumer_group_lag_records";
constexpr const char* kLagSeconds = "logboom_consumer_group_lag_seconds";
constexpr const char* kLagRecordsHelp = "Records between the committed offset and the end";
constexpr const char* kLagSecondsHelp =
    "How long ago the next record to read arrived; 0 where there is none";

double Seconds(std::int64_t milliseconds) { return static_cast<double>(milliseconds) / 1000.0; }

// One sample for each group: what `value` gives, or none.
template <typename Value>
void WriteOfGroups(const std::vector<BrokerGroups>& brokers, Exposition& out, Value value) {
  for (const BrokerGroups& broker : brokers) {
    for (const GroupDescription& group : broker.groups) {
      value(group, [&](auto sample) {
        out.Sample({{"broker", broker.broker}, {"group", group.summary.group}}, sample);
      });
    }
  }
}

std::optional<TimestampMs> LastCommit(const GroupDescription& group) {
  std::optional<TimestampMs> last;
  for (const GroupPartition& partition : group.partitions) {
    if (partition.commit_time && (!last || *partition.commit_time > *last)) {
      last = partition.commit_time;
    }
  }
  return last;
}

void WriteSummaries(const std::vector<BrokerGroups>& brokers, Exposition& out) {
  out.Begin("logboom_consumer_group_members", kGauge, "Members that the broker hears");
  WriteOfGroups(brokers, out, [](const GroupDescription& group, auto sample) {
    sample(std::int64_t{group.summary.members});
  });
  out.Begin("logboom_consumer_group_status", kGauge,
            "0 unknown, 1 ok, 2 warn (the lag does not fall), 3 error (stop, stall or rewind)");
  WriteOfGroups(brokers, out, [](const GroupDescription& group, auto sample) {
    sample(std::int64_t{GroupStatusCode(group.summary.status)});
  });
  out.Begin("logboom_consumer_group_last_commit_timestamp_seconds", kGauge,
            "When the group last committed an offset");
  WriteOfGroups(brokers, out, [](const GroupDescription& group, auto sample) {
    if (const auto last = LastCommit(group)) sample(Seconds(last->value()));
  });
}

// One sample for each partition of each group: what `value` gives, or none.
template <typename Value>
void WriteOfPartitions(const std::vector<BrokerGroups>& brokers, Exposition& out, Value value) {
  for (const BrokerGroups& broker : brokers) {
    for (const GroupDescription& group : broker.groups) {
      for (const GroupPartition& partition : group.partitions) {
        const std::string index = fmt::format("{}", partition.partition);
        value(partition, [&](auto sample) {
          out.Sample({{"broker", broker.broker},
                      {"group", group.summary.group},
                      {"topic", partition.topic},
                      {"partition", index}},
                     sample);
        });
      }
    }
  }
}

void WriteByPartition(const std::vector<BrokerGroups>& brokers, Exposition& out) {
  out.Begin(kCommittedOffset, kGauge, "The next record that the group reads");
  WriteOfPartitions(brokers, out, [](const GroupPartition& partition, auto sample) {
    if (partition.committed) sample(partition.committed->value());
  });
  out.Begin(kLagRecords, kGauge, kLagRecordsHelp);
  WriteOfPartitions(brokers, out, [](const GroupPartition& partition, auto sample) {
    if (partition.lag_records) sample(*partition.lag_records);
  });
  out.Begin(kLagSeconds, kGauge, kLagSecondsHelp);
  WriteOfPartitions(brokers, out, [](const GroupPartition& partition, auto sample) {
    if (partition.lag_ms) sample(Seconds(*partition.lag_ms));
  });
  out.Begin("logboom_consumer_group_partition_status", kGauge,
            "0 unknown, 1 ok, 2 warn, 4 stop, 5 stall, 6 rewind");
  WriteOfPartitions(brokers, out, [](const GroupPartition& partition, auto sample) {
    sample(std::int64_t{StatusCode(partition.status)});
  });
}

struct TopicLag {
  std::optional<std::int64_t> records;
  std::optional<std::int64_t> ms;
};

std::map<std::string_view, TopicLag> LagByTopic(const GroupDescription& group) {
  std::map<std::string_view, TopicLag> topics;
  for (const GroupPartition& partition : group.partitions) {
    TopicLag& lag = topics[partition.topic];
    if (partition.lag_records) lag.records = lag.records.value_or(0) + *partition.lag_records;
    if (partition.lag_ms) lag.ms = std::max(lag.ms.value_or(0), *partition.lag_ms);
  }
  return topics;
}

template <typename Value>
void WriteOfTopics(const std::vector<BrokerGroups>& brokers, Exposition& out, Value value) {
  for (const BrokerGroups& broker : brokers) {
    for (const GroupDescription& group : broker.groups) {
      for (const auto& [topic, lag] : LagByTopic(group)) {
        value(lag, [&, name = topic](auto sample) {
          out.Sample({{"broker", broker.broker}, {"group", group.summary.group}, {"topic", name}},
                     sample);
        });
      }
    }
  }
}

void WriteByTopic(const std::vector<BrokerGroups>& brokers, Exposition& out) {
  out.Begin(kLagRecords, kGauge, kLagRecordsHelp);
  WriteOfTopics(brokers, out, [](const TopicLag& lag, auto sample) {
    if (lag.records) sample(*lag.records);
  });
  out.Begin(kLagSeconds, kGauge, kLagSecondsHelp);
  WriteOfTopics(brokers, out, [](const TopicLag& lag, auto sample) {
    if (lag.ms) sample(Seconds(*lag.ms));
  });
}

std::int64_t PartitionCount(const std::vector<BrokerGroups>& brokers) {
  std::size_t count = 0;
  for (const BrokerGroups& broker : brokers) {
    for (const GroupDescription& group : broker.groups) count += group.partitions.size();
  }
  return static_cast<std::int64_t>(count);
}

}  // namespace

int StatusCode(client::LagStatus status) {
  switch (status) {
    case client::LagStatus::kUnknown: return 0;
    case client::LagStatus::kOk: return 1;
    case client::LagStatus::kWarn: return 2;
    case client::LagStatus::kStop: return 4;
    case client::LagStatus::kStall: return 5;
    case client::LagStatus::kRewind: return 6;
  }
  return 0;
}

int GroupStatusCode(client::LagStatus status) { return std::min(StatusCode(status), 3); }

void WriteGroups(const std::vector<BrokerGroups>& brokers, std::int64_t partitions_max,
                 Exposition& out) {
  WriteSummaries(brokers, out);
  const std::int64_t partitions = PartitionCount(brokers);
  const bool by_partition = partitions <= partitions_max;
  if (by_partition) {
    WriteByPartition(brokers, out);
  } else {
    WriteByTopic(brokers, out);
  }
  out.Begin("logboom_exporter_series_dropped", kGauge,
            "Samples left out because there are more than the limit");
  out.Sample({{"family", kLagRecords}}, by_partition ? 0 : partitions);
}

}  // namespace logboom::exporter
