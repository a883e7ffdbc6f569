#include "tests/gui/installations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/base/random.h"

namespace logboom::gui {
namespace {

using client::GroupState;
using client::LagStatus;

constexpr std::int64_t kEvening = 1'795'377'600'000;  // 2026-11-22T20:00:00Z

Uuid IdOf(const std::string& name) {
  SeededRandom random(std::hash<std::string>{}(name));
  return Uuid::Make(random);
}

struct TopicShape {
  const char* name;
  int partitions;
  std::int64_t records;
  std::int64_t per_second;
};

constexpr std::array<TopicShape, 12> kTopics = {{{"nginx.access", 6, 48'211'903, 3'912},
                                                 {"nginx.error", 1, 18'422, 2},
                                                 {"billing.events", 4, 9'120'334, 412},
                                                 {"auth.audit", 2, 1'204'411, 38},
                                                 {"kernel", 1, 88'120, 0},
                                                 {"postgres", 2, 6'412'008, 210},
                                                 {"k8s.ingress", 8, 120'455'231, 9'120},
                                                 {"k8s.events", 1, 412'009, 6},
                                                 {"checkout.app", 4, 22'000'412, 1'240},
                                                 {"search.app", 4, 14'220'118, 866},
                                                 {"cron", 1, 12'004, 0},
                                                 {"mail.relay", 1, 2'204'120, 17}}};

client::BrokerStatus MakeStatus(const std::string& broker, Instant now, double per_second) {
  client::BrokerStatus status;
  status.broker_name = broker;
  status.program_version = "0.1.0";
  status.started = now.wall - std::int64_t{93} * 3'600'000;
  status.time = now.wall;
  status.disk_total_bytes = 2'000'000'000'000;
  status.disk_available_bytes = 781'000'000'000;
  status.log_bytes = 412'000'000'000;
  status.append_records_per_second = per_second;
  status.append_bytes_per_second = per_second * 221;
  status.sync_p99_us = 4'210;
  return status;
}

double Wave(int step) {
  return 1.0 + 0.18 * std::sin(step / 37.0) + 0.06 * std::sin(step / 5.0 + 1);
}

}  // namespace

Instant TestTime(std::int64_t ms) {
  return {TimestampMs(kEvening + ms), MonotonicMs(1'000'000 + ms)};
}

client::TopicDescription MakeTopic(const std::string& name, int partitions, std::int64_t records,
                                   TimestampMs last_append) {
  client::TopicDescription topic;
  topic.name = name;
  topic.topic_id = IdOf(name);
  for (int i = 0; i < partitions; ++i) {
    client::PartitionDescription partition;
    partition.index = PartitionIndex(i);
    partition.durable_end = partition.log_end = Offset(records / partitions);
    partition.size_bytes = records / partitions * 61;
    partition.segments = 3;
    partition.last_append = last_append;
    topic.partitions.push_back(partition);
  }
  return topic;
}

client::GroupDescription MakeGroup(const std::string& name, LagStatus status, std::int64_t lag,
                                   const std::string& topic, int partitions) {
  client::GroupDescription group;
  group.summary.group = name;
  group.summary.state = status == LagStatus::kStop ? GroupState::kEmpty : GroupState::kStable;
  group.summary.members = status == LagStatus::kStop ? 0 : 2;
  group.summary.status = status;
  group.summary.lag_records = lag;
  group.summary.lag_ms = lag * 3;
  for (std::uint32_t i = 0; i < group.summary.members; ++i) {
    group.members.push_back({.member_id = fmt::format("{}-{}", name, i),
                             .client_id = fmt::format("{}-{}", name, i),
                             .host = fmt::format("app-{:02}", i + 1),
                             .topics = {topic},
                             .partitions_owned = partitions / 2,
                             .joined = {},
                             .last_heard = {}});
  }
  for (int i = 0; i < partitions; ++i) {
    client::GroupPartition partition;
    partition.topic = topic;
    partition.partition = PartitionIndex(i);
    partition.log_end = Offset(8'035'317 + i * 311);
    partition.committed = partition.log_end - lag / partitions;
    partition.lag_records = lag / partitions;
    partition.lag_ms = lag * 3 / partitions;
    partition.status = status;
    if (!group.members.empty()) partition.member_id = group.members.front().member_id;
    group.partitions.push_back(partition);
  }
  return group;
}

client::AgentDescription MakeAgent(const std::string& id, const std::string& host, bool connected,
                                   TimestampMs last_seen) {
  client::AgentDescription agent;
  agent.agent_id = id;
  agent.host = host;
  agent.program_version = "0.1.0";
  agent.connected = connected;
  agent.last_seen = last_seen;
  agent.files = 14;
  agent.backlog_bytes = connected ? 8'412 : 41'200'118;
  agent.bytes_acked = 81'220'401'118;
  agent.records_acked = 400'112'004;
  return agent;
}

client::Snapshot EmptySnapshot(const std::string& broker, Instant now) {
  return {.time = now.wall,
          .status = MakeStatus(broker, now, 0),
          .topics = {},
          .groups = {},
          .agents = {}};
}

client::Snapshot BusySnapshot(const std::string& broker, Instant now, int step) {
  client::Snapshot snapshot = EmptySnapshot(broker, now);
  double per_second = 0;
  for (const TopicShape& shape : kTopics) {
    const bool quiet = shape.per_second == 0;
    per_second += static_cast<double>(shape.per_second);
    const TimestampMs last = quiet ? now.wall - std::int64_t{47} * 60'000 : now.wall - 120;
    snapshot.topics.push_back(
        MakeTopic(shape.name, shape.partitions, shape.records + shape.per_second * step, last));
  }
  snapshot.status = MakeStatus(broker, now, per_second * Wave(step));
  const auto lag = static_cast<std::int64_t>(21'000 * Wave(step + 60)) + step * 40;
  snapshot.groups = {MakeGroup("billing-etl", LagStatus::kStop, lag + 4'000, "billing.events", 4),
                     MakeGroup("alerts", LagStatus::kOk, 12, "k8s.events", 1),
                     MakeGroup("fraud", LagStatus::kWarn, 4'120, "checkout.app", 4),
                     MakeGroup("search-indexer", LagStatus::kOk, 0, "search.app", 4),
                     MakeGroup("warehouse", LagStatus::kOk, 311, "k8s.ingress", 8)};
  for (int i = 1; i <= 8; ++i) {
    const bool connected = i != 6;
    snapshot.agents.push_back(MakeAgent(fmt::format("web-{:02}", i),
                                        fmt::format("web-{:02}.example.net", i), connected,
                                        connected ? now.wall - 400 : now.wall - 1'260'000));
  }
  snapshot.agents[1].lines_dropped = 12'480;
  snapshot.agents[2].errors = 3;
  snapshot.agents[2].last_error = "/var/log/app/current: permission denied";
  return snapshot;
}

client::Snapshot LargeSnapshot(int count, Instant now, int step) {
  client::Snapshot snapshot = EmptySnapshot("large", now);
  for (int i = 0; i < count; ++i) {
    snapshot.topics.push_back(MakeTopic(fmt::format("topic-{:05}", i), 4,
                                        (i * 7'919LL) % 100'003 * 400 + step * (i % 13), now.wall));
  }
  return snapshot;
}

LivedInstallation::LivedInstallation(int brokers)
    : installation_([brokers] {
        std::vector<std::string> addresses;
        for (int i = 0; i < brokers; ++i) {
          addresses.push_back(fmt::format("tcp://10.0.0.{}:19550", i + 11));
        }
        return addresses;
      }()),
      brokers_(brokers) {
  Live(600);
}

void LivedInstallation::Live(int seconds, int silent) {
  const Error why{ErrorCode::kUnavailable, "connection refused"};
  for (int i = 0; i < seconds; ++i) {
    ++second_;
    for (int broker = 0; broker < brokers_; ++broker) {
      const auto at = static_cast<std::size_t>(broker);
      if (broker == silent) {
        installation_.SetConnection(at, false, why, now());
      } else {
        installation_.TakeSnapshot(
            at,
            BusySnapshot(fmt::format("log-{}", static_cast<char>('a' + broker)), now(),
                         static_cast<int>(second_)),
            now());
      }
    }
    if (installation_.changed()) installation_.MakeFrame(now());
  }
}

LineBlock MakeLines(int count, int at) {
  constexpr std::array<const char*, 5> kPaths = {"/api/cart", "/login", "/static/app.js",
                                                 "/api/search?q=lamp", "/healthz"};
  LineBlock block;
  for (int i = at; i < at + count; ++i) {
    const int status = i % 53 == 0 ? 502 : i % 17 == 0 ? 404 : 200;
    block.Add({.time = TestTime(i * 7LL).wall, .offset = Offset(i)},
              fmt::format("web-{:02}:/var/log/nginx/access.log", i % 8 + 1),
              fmt::format("10.4.{}.{} - - \"GET {} HTTP/1.1\" {} {} \"-\" \"Mozilla/5.0\" {:.3f}",
                          i % 7, i % 251, kPaths[static_cast<std::size_t>(i) % kPaths.size()],
                          status, 400 + i * 37 % 9'000, (i * 13 % 900) / 1000.0));
  }
  return block;
}

}  // namespace logboom::gui
