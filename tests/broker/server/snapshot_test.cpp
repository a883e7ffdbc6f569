// Snapshots: whole, of one instant, in pages.
#include "tests/broker/server/groups_rig.h"

namespace logboom::broker {
namespace {

class SnapshotTest : public GroupsTest {
 protected:
  Reply Ask(TestClient& client, std::uint64_t id = 0, std::uint32_t page = 0) {
    protocol::Request request;
    request.mutable_snapshot()->set_snapshot_id(id);
    request.mutable_snapshot()->set_page(page);
    return client.Ask(std::move(request));
  }
  // All pages as one.
  protocol::SnapshotResponse Whole(TestClient& client) {
    Reply reply = Ask(client);
    EXPECT_TRUE(reply.ok()) << reply.response.error().message();
    protocol::SnapshotResponse whole = reply.response.snapshot();
    pages_ = 1;
    for (bool more = whole.more(); more; ++pages_) {
      reply = Ask(client, whole.snapshot_id(), pages_);
      EXPECT_TRUE(reply.ok()) << reply.response.error().message();
      const protocol::SnapshotResponse& page = reply.response.snapshot();
      EXPECT_FALSE(page.has_status());
      EXPECT_EQ(page.time_ms(), whole.time_ms());
      EXPECT_EQ(page.snapshot_id(), whole.snapshot_id());
      more = page.more();
      whole.MergeFrom(page);
    }
    return whole;
  }
  std::uint32_t pages_ = 0;
};

TEST_F(SnapshotTest, HoldsWhatMonitoringShows) {
  TestClient agent(rig_);
  agent.HelloAs("agent-1");
  Append(0, 5);
  ASSERT_EQ(CommitOutside(0, 2), protocol::OK);
  const protocol::SnapshotResponse whole = Whole(admin_);
  EXPECT_EQ(pages_, 1U);
  EXPECT_EQ(whole.status().broker_name(), "broker-1");
  EXPECT_EQ(whole.status().time_ms(), whole.time_ms());
  ASSERT_EQ(whole.topics_size(), 1);
  EXPECT_EQ(whole.topics(0).name(), "web");
  EXPECT_EQ(whole.topics(0).partitions(0).durable_end_offset(), 5);
  ASSERT_EQ(whole.groups_size(), 1);
  EXPECT_EQ(whole.groups(0).summary().lag_records(), 3);
  EXPECT_EQ(whole.groups(0).partitions(0).log_end_offset(), 5);
  ASSERT_EQ(whole.agents_size(), 1);
  EXPECT_EQ(whole.agents(0).agent_id(), "agent-1");
}

TEST_F(SnapshotTest, IsKeptAsItWasUntilTheNextOne) {
  Append(0, 5);
  const Reply first = Ask(admin_);
  const std::uint64_t id = first.response.snapshot().snapshot_id();
  Append(0, 5);
  const Reply again = Ask(admin_, id, 0);
  EXPECT_EQ(again.response.snapshot().topics(0).partitions(0).durable_end_offset(), 5);
  EXPECT_EQ(again.response.snapshot().time_ms(), first.response.snapshot().time_ms());
  EXPECT_EQ(Ask(admin_, id, 1).code(), protocol::INVALID_REQUEST);
  EXPECT_EQ(Ask(admin_, id + 1, 0).code(), protocol::INVALID_REQUEST);
  TestClient other(rig_);
  other.Hello();
  EXPECT_EQ(Ask(other, id, 0).code(), protocol::INVALID_REQUEST) << "it is another session's";
  const Reply next = Ask(admin_);
  EXPECT_EQ(next.response.snapshot().topics(0).partitions(0).durable_end_offset(), 10);
  EXPECT_EQ(Ask(admin_, id, 0).code(), protocol::INVALID_REQUEST);
}

}  // namespace
}  // namespace logboom::broker
