// A snapshot of two pages, cut in the middle of a topic and of a group.
#pragma once

#include <string>

#include "tests/lib/client/fake_broker.h"

namespace logboom::client {

inline void AddTopicPart(protocol::SnapshotResponse& page, const std::string& name, int partition) {
  auto& topic = *page.add_topics();
  topic.set_name(name);
  topic.set_topic_id(IdBytes('T'));
  topic.add_partitions()->set_index(partition);
}

inline void AddGroupPart(protocol::SnapshotResponse& page, const std::string& name, int partition) {
  auto& group = *page.add_groups();
  group.mutable_summary()->set_group(name);
  group.mutable_summary()->set_state(protocol::GROUP_STABLE);
  group.add_partitions()->set_partition(partition);
}

inline protocol::Response SnapshotPage(std::uint64_t id, std::uint32_t page) {
  protocol::Response response;
  auto& snapshot = *response.mutable_snapshot();
  snapshot.set_snapshot_id(id);
  snapshot.set_time_ms(1'000 + static_cast<std::int64_t>(id));
  if (page == 0) {
    snapshot.mutable_status()->set_broker_name("log-1");
    AddTopicPart(snapshot, "db", 0);
    AddTopicPart(snapshot, "web", 0);
    AddGroupPart(snapshot, "readers", 0);
    snapshot.set_more(true);
  } else {
    AddTopicPart(snapshot, "web", 1);
    AddGroupPart(snapshot, "readers", 1);
    AddGroupPart(snapshot, "writers", 0);
    snapshot.add_agents()->set_agent_id("web-1");
  }
  return response;
}

// Every request for a page is answered with it; a new snapshot gets the next id.
class SnapshotAnswers {
 public:
  explicit SnapshotAnswers(FakeBroker& broker) : broker_(broker) {}
  void operator()(const Asked& asked) {
    ASSERT_TRUE(asked.request.has_snapshot());
    const auto& request = asked.request.snapshot();
    if (request.snapshot_id() == 0) {
      EXPECT_EQ(request.page(), 0U);
      ++taken;
    } else if (forget_pages > 0) {
      --forget_pages;
      return broker_.Refuse(asked, protocol::INVALID_REQUEST, "no such snapshot");
    } else {
      EXPECT_EQ(request.snapshot_id(), taken);
    }
    broker_.Answer(asked, SnapshotPage(taken, request.page()));
  }

  std::uint64_t taken = 0;
  int forget_pages = 0;  // so many requests for a later page find it gone

 private:
  FakeBroker& broker_;
};

}  // namespace logboom::client
