// What operators ask of groups.
#include "tests/broker/server/groups_rig.h"

namespace logboom::broker {
namespace {

using Reset = protocol::ResetOffsetsRequest;

class GroupAdminTest : public GroupsTest {
 protected:
  protocol::Request ResetRequest(Reset::Target target, std::int64_t value = 0,
                                 std::int32_t partition = 0, bool dry_run = false) const {
    protocol::Request request;
    Reset& reset = *request.mutable_reset_offsets();
    reset.set_group("g");
    reset.set_topic("web");
    reset.set_partition(partition);
    reset.set_target(target);
    reset.set_value(value);
    reset.set_dry_run(dry_run);
    return request;
  }
  // Where partition 0 stands after it; -9: refused.
  std::int64_t ResetTo(Reset::Target target, std::int64_t value = 0) {
    const Reply reply = admin_.Ask(ResetRequest(target, value));
    if (!reply.ok()) return -9;
    EXPECT_EQ(reply.response.reset_offsets().partitions_size(), 1);
    const std::int64_t after = reply.response.reset_offsets().partitions(0).after();
    EXPECT_EQ(CommittedOf(0), after);
    return after;
  }
  Reply DeleteGroup() {
    protocol::Request request;
    request.mutable_delete_group()->set_group("g");
    return admin_.Ask(std::move(request));
  }
};

TEST_F(GroupAdminTest, ResetMovesToWhereItIsTold) {
  Append(0, 4);
  rig_.Turn(10'000);
  const std::int64_t later = rig_.now().wall.value();
  Append(0, 6);
  EXPECT_EQ(ResetTo(Reset::LATEST), 10);
  EXPECT_EQ(ResetTo(Reset::EARLIEST), 0);
  EXPECT_EQ(ResetTo(Reset::OFFSET, 7), 7);
  EXPECT_EQ(ResetTo(Reset::OFFSET, 70), 10);
  EXPECT_EQ(ResetTo(Reset::OFFSET, -70), 0);
  EXPECT_EQ(ResetTo(Reset::BY_TIME, std::numeric_limits<std::int64_t>::max()), 10);
  EXPECT_EQ(ResetTo(Reset::BY_TIME, std::numeric_limits<std::int64_t>::min()), 0);
  EXPECT_EQ(ResetTo(Reset::BY_TIME, later), 4);
  EXPECT_EQ(ResetTo(Reset::BY_TIME, later + 1'000'000), 10);
  EXPECT_EQ(ResetTo(Reset::SHIFT, -3), 7);
  EXPECT_EQ(ResetTo(Reset::SHIFT, 1), 8);
  EXPECT_EQ(ResetTo(Reset::SHIFT, -100), 0);
  EXPECT_EQ(ResetTo(Reset::SHIFT, std::numeric_limits<std::int64_t>::max()), 10);
  EXPECT_EQ(ResetTo(Reset::SHIFT, std::numeric_limits<std::int64_t>::min()), 0);
}

TEST_F(GroupAdminTest, AShiftCountsFromTheEndWhereNothingIsCommitted) {
  Append(0, 4);
  EXPECT_EQ(ResetTo(Reset::SHIFT, -1), 3);
}

TEST_F(GroupAdminTest, ADryRunTellsAndChangesNothing) {
  Append(0, 4);
  Append(3, 2);
  ASSERT_EQ(CommitOutside(0, 1), protocol::OK);
  TestMember a(rig_, "a");
  a.Join({"web"});
  const Reply reply = admin_.Ask(ResetRequest(Reset::LATEST, 0, -1, true));
  ASSERT_TRUE(reply.ok()) << "members may be there";
  ASSERT_EQ(reply.response.reset_offsets().partitions_size(), 4);
  const auto& first = reply.response.reset_offsets().partitions(0);
  EXPECT_EQ(first.before(), 1);
  EXPECT_EQ(first.after(), 4);
  EXPECT_EQ(first.log_start_offset(), 0);
  EXPECT_EQ(first.log_end_offset(), 4);
  EXPECT_EQ(reply.response.reset_offsets().partitions(3).partition(), 3);
  EXPECT_EQ(reply.response.reset_offsets().partitions(3).before(), -1);
  EXPECT_EQ(CommittedOf(0), 1);
  EXPECT_EQ(CommittedOf(3), -1);
}

TEST_F(GroupAdminTest, ResetIsRefusedWhereItWouldHurt) {
  Append(0, 4);
  TestMember a(rig_, "a");
  a.Join({"web"});
  EXPECT_EQ(admin_.Ask(ResetRequest(Reset::LATEST)).code(), protocol::GROUP_NOT_EMPTY);
  a.Leave();
  EXPECT_EQ(admin_.Ask(ResetRequest(Reset::LATEST, 0, 4)).code(), protocol::UNKNOWN_TOPIC);
  EXPECT_EQ(admin_.Ask(ResetRequest(Reset::LATEST, 0, -2)).code(), protocol::UNKNOWN_TOPIC);
  protocol::Request request = ResetRequest(Reset::LATEST);
  request.mutable_reset_offsets()->set_topic("none");
  EXPECT_EQ(admin_.Ask(std::move(request)).code(), protocol::UNKNOWN_TOPIC);
  request = ResetRequest(static_cast<Reset::Target>(17));
  EXPECT_EQ(admin_.Ask(std::move(request)).code(), protocol::INVALID_REQUEST);
  EXPECT_EQ(Describe().code(), protocol::UNKNOWN_GROUP);
}

TEST_F(GroupAdminTest, AResetThatCouldNotBeStoredIsNone) {
  Append(0, 4);
  ASSERT_EQ(CommitOutside(0, 1), protocol::OK);
  rig_.engine().store.Fail(Fail(ErrorCode::kNoSpace, "full"));
  EXPECT_EQ(admin_.Ask(ResetRequest(Reset::LATEST)).code(), protocol::NO_SPACE);
  EXPECT_EQ(CommittedOf(0), 1);
}

TEST_F(GroupAdminTest, DescribeTellsMembersPartitionsAndLag) {
  Append(0, 5);
  TestMember a(rig_, "a");
  a.Join({"web"});
  const auto joined_at = rig_.now().wall.value();
  ASSERT_EQ(a.Commit(web_, 0, 2), protocol::OK);
  rig_.Turn(20'000);
  admin_.Hello();
  const protocol::Group group = Described();
  EXPECT_EQ(group.summary().group(), "g");
  EXPECT_EQ(group.summary().state(), protocol::GROUP_STABLE);
  EXPECT_EQ(group.summary().kind(), "native");
  EXPECT_EQ(group.summary().assignor(), "sticky");
  EXPECT_EQ(group.summary().members(), 1U);
  EXPECT_EQ(group.summary().lag_records(), 3);
  EXPECT_GE(group.summary().lag_ms(), 20'000);
  EXPECT_LT(group.summary().lag_ms(), 22'000);
  EXPECT_EQ(group.summary().status(), protocol::LAG_OK);
  ASSERT_EQ(group.members_size(), 1);
  EXPECT_EQ(group.members(0).member_id(), "a");
  EXPECT_EQ(group.members(0).client_id(), "test/1");
  EXPECT_EQ(group.members(0).host(), "host-1");
  EXPECT_EQ(group.members(0).topics(0), "web");
  EXPECT_EQ(group.members(0).owned_size(), 4);
  EXPECT_NEAR(static_cast<double>(group.members(0).joined_ms()), static_cast<double>(joined_at),
              100);
  ASSERT_EQ(group.partitions_size(), 4);
  const protocol::GroupPartition& read = group.partitions(0);
  EXPECT_EQ(read.topic(), "web");
  EXPECT_EQ(read.topic_id(), web_);
  EXPECT_EQ(read.committed_offset(), 2);
  EXPECT_EQ(read.log_end_offset(), 5);
  EXPECT_EQ(read.lag_records(), 3);
  EXPECT_EQ(read.member_id(), "a");
  const protocol::GroupPartition& unread = group.partitions(1);
  EXPECT_EQ(unread.committed_offset(), -1);
  EXPECT_EQ(unread.commit_time_ms(), -1);
  EXPECT_EQ(unread.lag_records(), -1);
  EXPECT_EQ(unread.lag_ms(), -1);
  EXPECT_EQ(unread.status(), protocol::LAG_UNKNOWN);
}

TEST_F(GroupAdminTest, GroupsAreListedByName) {
  Append(0, 4);
  ASSERT_EQ(CommitOutside(0, 4, "b"), protocol::OK);
  ASSERT_EQ(CommitOutside(0, 1, "a"), protocol::OK);
  TestMember member(rig_, "m", "c");
  member.Join({"later"});
  protocol::Request request;
  request.mutable_list_groups();
  const Reply reply = admin_.Ask(std::move(request));
  ASSERT_EQ(reply.response.list_groups().groups_size(), 3);
  EXPECT_EQ(reply.response.list_groups().groups(0).group(), "a");
  EXPECT_EQ(reply.response.list_groups().groups(0).lag_records(), 3);
  EXPECT_EQ(reply.response.list_groups().groups(0).state(), protocol::GROUP_EMPTY);
  EXPECT_EQ(reply.response.list_groups().groups(1).lag_ms(), 0);
  EXPECT_EQ(reply.response.list_groups().groups(2).group(), "c");
  EXPECT_EQ(reply.response.list_groups().groups(2).status(), protocol::LAG_UNKNOWN);
  EXPECT_EQ(reply.response.list_groups().groups(2).lag_ms(), -1);
}

TEST_F(GroupAdminTest, DeleteTakesOffsetsAndNoMembers) {
  Append(0, 4);
  EXPECT_EQ(DeleteGroup().code(), protocol::UNKNOWN_GROUP);
  ASSERT_EQ(CommitOutside(0, 1), protocol::OK);
  TestMember a(rig_, "a");
  a.Join({"web"});
  EXPECT_EQ(DeleteGroup().code(), protocol::GROUP_NOT_EMPTY);
  a.Leave();
  EXPECT_TRUE(DeleteGroup().ok());
  EXPECT_EQ(Describe().code(), protocol::UNKNOWN_GROUP);
  EXPECT_EQ(CommittedOf(0), -1);
  rig_.Crash();
  rig_.Open();
  EXPECT_EQ(rig_.groups->group_count(), 0U);
}

TEST_F(GroupAdminTest, ADeletedTopicTakesItsOffsetsAlong) {
  Append(0, 4);
  ASSERT_TRUE(rig_.engine().CreateTopic("other").ok());
  ASSERT_EQ(CommitOutside(0, 1), protocol::OK);
  protocol::Request request;
  request.mutable_delete_topic()->set_name("web");
  ASSERT_TRUE(admin_.Ask(std::move(request)).ok());
  EXPECT_EQ(Describe().code(), protocol::UNKNOWN_GROUP);
  rig_.Turns(5);
  auto rows = rig_.engine().store.Load();
  for (const MetadataRow& row : *rows) EXPECT_NE(row.table, Table::kCommittedOffset);
}

TEST_F(GroupAdminTest, OffsetsBehindTheEndOfACutLogGoBackToIt) {
  Append(0, 1);
  Append(0, 2);
  ASSERT_EQ(CommitOutside(0, 3), protocol::OK);
  rig_.Crash();
  rig_.engine().CutLogBehindFirstBatch();
  rig_.Open();
  ASSERT_EQ(rig_.group_notes.size(), 1U);
  EXPECT_NE(rig_.group_notes[0].find("group 'g'"), std::string::npos) << rig_.group_notes[0];
  EXPECT_EQ(rig_.groups->CommittedOf("g", rig_.engine().Where("web"))->offset, Offset{1});
  rig_.Turns(3);
  rig_.Crash();
  rig_.Open();
  EXPECT_TRUE(rig_.group_notes.empty()) << "it was stored";
}

}  // namespace
}  // namespace logboom::broker
