// Snapshots: whole, of one instant, in pages.
#include "tests/broker/server/groups_rig.h"

namespace logboom::broker {
namespace {

class SnapshotTest : public GroupsTest {
 protected:
  explicit SnapshotTest(ServerOptions options = {}) : GroupsTest(std::move(options)) {}
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

ServerOptions SmallSnapshots(std::size_t page_bytes_max, std::size_t bytes_max) {
  ServerOptions options;
  options.snapshots = {page_bytes_max, bytes_max};
  return options;
}

class SnapshotsOfManyGroups : public SnapshotTest {
 protected:
  explicit SnapshotsOfManyGroups(ServerOptions options) : SnapshotTest(std::move(options)) {}
  void SetUp() override {
    SnapshotTest::SetUp();
    Append(0, 5);
    for (int i = 0; i < 40; ++i) {
      ASSERT_EQ(CommitOutside(0, 2, fmt::format("group-{}", i)), protocol::OK);
    }
  }
};

class PagedSnapshotTest : public SnapshotsOfManyGroups {
 protected:
  PagedSnapshotTest() : SnapshotsOfManyGroups(SmallSnapshots(1'000, std::size_t{1} << 20U)) {}
};

TEST_F(PagedSnapshotTest, PagesAreOfOneInstant) {
  Reply reply = Ask(admin_);
  protocol::SnapshotResponse whole = reply.response.snapshot();
  EXPECT_TRUE(whole.has_status());
  ASSERT_TRUE(whole.more());
  std::uint32_t page = 0;
  while (reply.response.snapshot().more()) {
    Append(0, 1);  // the log goes on between the pages
    reply = Ask(admin_, whole.snapshot_id(), ++page);
    ASSERT_TRUE(reply.ok());
    EXPECT_FALSE(reply.response.snapshot().has_status());
    whole.MergeFrom(reply.response.snapshot());
  }
  ASSERT_EQ(whole.groups_size(), 40);
  for (const protocol::Group& group : whole.groups()) {
    EXPECT_EQ(group.partitions(0).log_end_offset(), 5);
    EXPECT_EQ(group.partitions(0).lag_records(), 3);
  }
}

class BoundedSnapshotTest : public SnapshotsOfManyGroups {
 protected:
  BoundedSnapshotTest() : SnapshotsOfManyGroups(SmallSnapshots(1'000, 4'500)) {}
};

TEST_F(BoundedSnapshotTest, TheOldestGoesWhereAllTakeTooMuchRoom) {
  TestClient other(rig_);
  other.Hello();
  const std::uint64_t first = Ask(admin_).response.snapshot().snapshot_id();
  ASSERT_TRUE(Ask(admin_, first, 1).ok());
  const std::uint64_t second = Ask(other).response.snapshot().snapshot_id();
  EXPECT_EQ(Ask(admin_, first, 1).code(), protocol::INVALID_REQUEST);
  EXPECT_TRUE(Ask(other, second, 1).ok());
}

TEST_F(BoundedSnapshotTest, OneThatIsTooLargeAloneIsRefused) {
  for (int i = 0; i < 80; ++i) {
    ASSERT_EQ(CommitOutside(0, 2, fmt::format("more-groups-{}", i)), protocol::OK);
  }
  EXPECT_EQ(Ask(admin_).code(), protocol::MESSAGE_TOO_LARGE);
}

}  // namespace
}  // namespace logboom::broker
