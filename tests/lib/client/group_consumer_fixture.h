// A GroupConsumer and a fake coordinator.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "lib/client/group_consumer.h"
#include "tests/lib/client/fake_coordinator.h"
#include "tests/lib/client/waits.h"

namespace logboom::client {

inline const TopicPartition kFirst{.topic = "web", .partition = PartitionIndex(0)};
inline const TopicPartition kSecond{.topic = "web", .partition = PartitionIndex(1)};

class GroupConsumerTest : public testing::Test {
 protected:
  void Make(GroupConsumerOptions options = {}) {
    options.group = "readers";
    options.topics = {"web"};
    const auto connect = [this] {
      return std::make_unique<NotedTransport>(network.MakeClient(kBrokerAddress), waits);
    };
    consumer = std::make_unique<GroupConsumer>(connect(), connect(), options, random);
  }
  // Made, joined, and reading what it was given, from its start.
  void Join(std::set<int> partitions) {
    Make({.group = {}, .topics = {}, .start = StartAt::Earliest()});
    coordinator.assigned = std::move(partitions);
    Pass(0);
  }

  // Lets all that was sent arrive, both ways.
  void Pass(std::int64_t ms) {
    time.Pass(ms);
    for (int i = 0; i < 6; ++i) {
      consumer->Poll(time.now);
      broker.Step();
    }
    consumer->Poll(time.now);
  }

  // For how long its next wait is, over both connections.
  std::chrono::milliseconds WaitFor() {
    waits.clear();
    consumer->Wait(std::chrono::hours(1), {});
    return std::accumulate(waits.begin(), waits.end(), std::chrono::milliseconds{0});
  }

  // The records that wait, as "partition:offset"; other events by name. All are handled.
  std::vector<std::string> Read() {
    std::vector<std::string> words;
    while (const auto event = consumer->Next()) {
      if (const auto* batch = std::get_if<FetchedBatch>(&event->what)) {
        for (Offset at = batch->first_offset; at < batch->end_offset; ++at) {
          words.push_back(fmt::format("{}:{}", event->from.partition, at));
        }
        if (handles) consumer->Handled(event->from, batch->end_offset);
      } else if (const auto* out = std::get_if<OffsetOutOfRange>(&event->what)) {
        words.push_back(fmt::format("{}:{} not in {}..{}", event->from.partition, out->position,
                                    out->log_start, out->durable_end));
      } else {
        words.emplace_back("?");
      }
    }
    return words;
  }
  using Words = std::vector<std::string>;
  using Owned = std::vector<TopicPartition>;

  transport::InprocNetwork network{transport::InprocWait::kReturnsAtOnce};
  FakeBroker broker{network};
  FakeCoordinator coordinator{broker};
  FakeTime time;
  SeededRandom random{1};
  bool handles = true;  // Read() says so
  Waits waits;
  std::unique_ptr<GroupConsumer> consumer;
};

}  // namespace logboom::client
