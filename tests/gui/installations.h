// Installations as tests need them: snapshots made by hand, through the same code that live ones
// take.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gui/core/batch.h"
#include "gui/core/feed.h"
#include "gui/core/installation.h"

namespace logboom::gui {

// The evening of a fixed day; monotonic time counts from 1,000,000.
Instant TestTime(std::int64_t ms = 0);

client::TopicDescription MakeTopic(const std::string& name, int partitions, std::int64_t records,
                                   TimestampMs last_append);
client::GroupDescription MakeGroup(const std::string& name, client::LagStatus status,
                                   std::int64_t lag, const std::string& topic, int partitions);
client::AgentDescription MakeAgent(const std::string& id, const std::string& host, bool connected,
                                   TimestampMs last_seen);
// Up, with nothing in it.
client::Snapshot EmptySnapshot(const std::string& broker, Instant now);
// A broker of a small shop: a dozen topics, five groups, eight agents. `step` counts snapshots:
// figures grow with it.
client::Snapshot BusySnapshot(const std::string& broker, Instant now, int step);
// As many topics as `count`, for measuring.
client::Snapshot LargeSnapshot(int count, Instant now, int step);

// An installation that has been looked at for ten minutes, each second.
class LivedInstallation {
 public:
  explicit LivedInstallation(int brokers);

  // `seconds` more, in which the broker at `silent` does not answer.
  void Live(int seconds, int silent = -1);
  std::shared_ptr<const Frame> frame() { return installation_.MakeFrame(now()); }
  Instant now() const { return TestTime(second_ * 1'000); }

 private:
  Installation installation_;
  int brokers_;
  std::int64_t second_ = 0;
};

// What was asked of it.
class FakeFeed final : public Feed {
 public:
  std::uint64_t Follow(std::string topic) override {
    followed = std::move(topic);
    return ++follows;
  }
  void RetryNow() override { ++retries; }

  std::string followed;
  std::uint64_t follows = 0;
  int retries = 0;
};

// `count` lines of a web server's log; `at` is the first one's number.
LineBlock MakeLines(int count, int at = 0);

}  // namespace logboom::gui
