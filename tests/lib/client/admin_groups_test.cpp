#include "tests/lib/client/admin_fixture.h"
#include "tests/lib/client/snapshot_pages.h"

namespace logboom::client {
namespace {

using AdminGroupsTest = AdminTest;

void FillSummary(protocol::GroupSummary& summary, const std::string& name) {
  summary.set_group(name);
  summary.set_state(protocol::GROUP_REBALANCING);
  summary.set_generation(7);
  summary.set_kind("native");
  summary.set_assignor("range");
  summary.set_members(2);
  summary.set_status(protocol::LAG_STALL);
  summary.set_lag_records(40);
  summary.set_lag_ms(-1);
}

TEST_F(AdminGroupsTest, GroupsComeInTheOrderOfTheirNames) {
  protocol::Response response;
  FillSummary(*response.mutable_list_groups()->add_groups(), "web readers");
  FillSummary(*response.mutable_list_groups()->add_groups(), "alerts");
  Always(response);
  const auto groups = admin.ListGroups();
  ASSERT_TRUE(groups.ok());
  ASSERT_EQ(groups->size(), 2U);
  EXPECT_EQ((*groups)[0].group, "alerts");
  const GroupSummary& group = (*groups)[1];
  EXPECT_EQ(group.group, "web readers");
  EXPECT_EQ(group.state, GroupState::kRebalancing);
  EXPECT_EQ(group.generation, 7U);
  EXPECT_EQ(group.kind, "native");
  EXPECT_EQ(group.assignor, "range");
  EXPECT_EQ(group.members, 2U);
  EXPECT_EQ(group.status, LagStatus::kStall);
  EXPECT_EQ(group.lag_records, 40);
  EXPECT_FALSE(group.lag_ms);
}

TEST_F(AdminGroupsTest, GroupComesWithMembersAndPartitions) {
  protocol::Response response;
  auto& group = *response.mutable_describe_group()->mutable_group();
  FillSummary(*group.mutable_summary(), "readers");
  auto& member = *group.add_members();
  member.set_member_id("m-1");
  member.set_client_id("logboom 42");
  member.set_host("web-1");
  member.add_topics("web");
  member.add_owned()->set_partition(3);
  member.set_joined_ms(5);
  member.set_last_heard_ms(6);
  auto& known = *group.add_partitions();
  known.set_topic("web");
  known.set_topic_id(IdBytes('T'));
  known.set_partition(3);
  known.set_committed_offset(10);
  known.set_commit_time_ms(11);
  known.set_metadata("note");
  known.set_log_start_offset(2);
  known.set_log_end_offset(15);
  known.set_lag_records(5);
  known.set_lag_ms(1'500);
  known.set_status(protocol::LAG_WARN);
  known.set_member_id("m-1");
  known.set_skipped_records(8);
  auto& unknown = *group.add_partitions();
  unknown.set_committed_offset(-1);
  unknown.set_commit_time_ms(-1);
  unknown.set_lag_records(-1);
  unknown.set_lag_ms(-1);
  unknown.set_status(protocol::LAG_UNKNOWN);
  Always(response);

  const auto described = admin.DescribeGroup("readers");
  ASSERT_TRUE(described.ok());
  EXPECT_EQ(last.describe_group().group(), "readers");
  ASSERT_EQ(described->members.size(), 1U);
  EXPECT_EQ(described->members[0].member_id, "m-1");
  EXPECT_EQ(described->members[0].client_id, "logboom 42");
  EXPECT_EQ(described->members[0].host, "web-1");
  EXPECT_EQ(described->members[0].topics, std::vector<std::string>{"web"});
  EXPECT_EQ(described->members[0].partitions_owned, 1);
  EXPECT_EQ(described->members[0].joined, TimestampMs(5));
  EXPECT_EQ(described->members[0].last_heard, TimestampMs(6));
  ASSERT_EQ(described->partitions.size(), 2U);
  const GroupPartition& first = described->partitions[0];
  EXPECT_EQ(first.topic, "web");
  EXPECT_EQ(first.topic_id, IdOf('T'));
  EXPECT_EQ(first.partition, PartitionIndex(3));
  EXPECT_EQ(first.committed, Offset(10));
  EXPECT_EQ(first.commit_time, TimestampMs(11));
  EXPECT_EQ(first.metadata, "note");
  EXPECT_EQ(first.log_start, Offset(2));
  EXPECT_EQ(first.log_end, Offset(15));
  EXPECT_EQ(first.lag_records, 5);
  EXPECT_EQ(first.lag_ms, 1'500);
  EXPECT_EQ(first.status, LagStatus::kWarn);
  EXPECT_EQ(first.member_id, "m-1");
  EXPECT_EQ(first.skipped_records, 8);
  const GroupPartition& second = described->partitions[1];
  EXPECT_FALSE(second.committed || second.commit_time || second.lag_records || second.lag_ms);
  EXPECT_EQ(second.status, LagStatus::kUnknown);
}

TEST_F(AdminGroupsTest, GroupThatIsNotThereIsNotFound) {
  AlwaysRefuse(protocol::UNKNOWN_GROUP, "no group 'x'");
  const auto described = admin.DescribeGroup("x");
  ASSERT_FALSE(described.ok());
  EXPECT_EQ(described.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(described.error().message, "no group 'x' (UNKNOWN_GROUP)");
}

TEST_F(AdminGroupsTest, ResetSaysWhatMovesWhereAndIsADryRunUnlessToldOtherwise) {
  protocol::Response response;
  for (const int partition : {1, 0}) {
    auto& reset = *response.mutable_reset_offsets()->add_partitions();
    reset.set_partition(partition);
    reset.set_before(partition == 0 ? 5 : -1);
    reset.set_after(9);
    reset.set_log_start_offset(1);
    reset.set_log_end_offset(20);
  }
  Always(response);
  ResetOffsetsOptions options{.group = "readers",
                              .topic = "web",
                              .partition = std::nullopt,
                              .target = {.kind = ResetTarget::Kind::kTime, .value = 1'234}};
  const auto resets = admin.ResetOffsets(options);
  ASSERT_TRUE(resets.ok());
  EXPECT_EQ(last.reset_offsets().group(), "readers");
  EXPECT_EQ(last.reset_offsets().topic(), "web");
  EXPECT_EQ(last.reset_offsets().partition(), -1);
  EXPECT_EQ(last.reset_offsets().target(), protocol::ResetOffsetsRequest::BY_TIME);
  EXPECT_EQ(last.reset_offsets().value(), 1'234);
  EXPECT_TRUE(last.reset_offsets().dry_run());
  ASSERT_EQ(resets->size(), 2U);
  EXPECT_EQ((*resets)[0].partition, PartitionIndex(0));
  EXPECT_EQ((*resets)[0].before, Offset(5));
  EXPECT_EQ((*resets)[0].after, Offset(9));
  EXPECT_EQ((*resets)[0].log_start, Offset(1));
  EXPECT_EQ((*resets)[0].log_end, Offset(20));
  EXPECT_FALSE((*resets)[1].before);

  options.partition = PartitionIndex(1);
  options.mode = ResetMode::kExecute;
  ASSERT_TRUE(admin.ResetOffsets(options).ok());
  EXPECT_EQ(last.reset_offsets().partition(), 1);
  EXPECT_FALSE(last.reset_offsets().dry_run());
}

TEST_F(AdminGroupsTest, OnlyAShiftThatIsExecutedIsNotAskedTwice) {
  AlwaysRefuse(protocol::NO_SESSION, "gone");
  ResetOffsetsOptions options{.group = "readers",
                              .topic = "web",
                              .partition = std::nullopt,
                              .target = {.kind = ResetTarget::Kind::kShift, .value = -5},
                              .mode = ResetMode::kExecute};
  const auto shifted = admin.ResetOffsets(options);
  ASSERT_FALSE(shifted.ok());
  EXPECT_NE(shifted.error().message.find("may or may not"), std::string::npos);
  EXPECT_EQ(asked_count, 1);

  asked_count = 0;
  options.mode = ResetMode::kDryRun;
  EXPECT_FALSE(admin.ResetOffsets(options).ok());
  EXPECT_EQ(asked_count, 4);
}

TEST_F(AdminGroupsTest, BadGroupNameIsRefusedWithoutAsking) {
  EXPECT_EQ(admin.ResetOffsets({.group = "", .topic = "web"}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(admin.DescribeGroup("a\nb").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(admin.DeleteGroup("\xff").error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(broker.hellos.empty());
}

TEST_F(AdminGroupsTest, GroupWithMembersIsBusy) {
  AlwaysRefuse(protocol::GROUP_NOT_EMPTY, "group 'readers' has 1 member");
  const auto deleted = admin.DeleteGroup("readers");
  ASSERT_FALSE(deleted.ok());
  EXPECT_EQ(deleted.error().code, ErrorCode::kBusy);

  protocol::Response response;
  response.mutable_delete_group();
  Always(response);
  EXPECT_TRUE(admin.DeleteGroup("readers").ok());
  EXPECT_EQ(last.delete_group().group(), "readers");
}

TEST_F(AdminGroupsTest, PagesOfASnapshotAreJoined) {
  SnapshotAnswers answers(broker);
  broker.on_asked = std::ref(answers);
  const auto snapshot = admin.TakeSnapshot();
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ(answers.taken, 1U);
  EXPECT_EQ(snapshot->time, TimestampMs(1'001));
  EXPECT_EQ(snapshot->status.broker_name, "log-1");
  ASSERT_EQ(snapshot->topics.size(), 2U);
  EXPECT_EQ(snapshot->topics[0].name, "db");
  ASSERT_EQ(snapshot->topics[1].partitions.size(), 2U);
  EXPECT_EQ(snapshot->topics[1].partitions[1].index, PartitionIndex(1));
  ASSERT_EQ(snapshot->groups.size(), 2U);
  EXPECT_EQ(snapshot->groups[0].summary.state, GroupState::kStable);
  EXPECT_EQ(snapshot->groups[0].partitions.size(), 2U);
  EXPECT_EQ(snapshot->groups[1].summary.group, "writers");
  ASSERT_EQ(snapshot->agents.size(), 1U);
}

TEST_F(AdminGroupsTest, PartsOfAMemberAreJoinedOnAPageAndAcrossPages) {
  broker.on_asked = [this](const Asked& asked) {
    const std::uint32_t page = asked.request.snapshot().page();
    protocol::Response response = SnapshotPage(1, page);
    auto& readers = *response.mutable_snapshot()->mutable_groups(0);
    for (int part = 0; part < 2; ++part) {
      auto& member = *readers.add_members();
      member.set_member_id("m-1");
      if (page == 0 && part == 0) member.set_host("web-1");
      for (int i = 0; i < 3; ++i) member.add_owned()->set_partition(i);
    }
    readers.add_members()->set_member_id(page == 0 ? "m-1" : "m-2");
    broker.Answer(asked, response);
  };
  const auto snapshot = admin.TakeSnapshot();
  ASSERT_TRUE(snapshot.ok());
  const std::vector<GroupMember>& members = snapshot->groups[0].members;
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[0].member_id, "m-1");
  EXPECT_EQ(members[0].host, "web-1");
  EXPECT_EQ(members[0].partitions_owned, 12);
  EXPECT_EQ(members[1].member_id, "m-2");
}

TEST_F(AdminGroupsTest, SnapshotThatTheBrokerLetGoOfIsTakenAnew) {
  SnapshotAnswers answers(broker);
  answers.forget_pages = 3;
  broker.on_asked = std::ref(answers);
  const auto snapshot = admin.TakeSnapshot();
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ(answers.taken, 4U);
  EXPECT_EQ(snapshot->topics.size(), 2U);

  answers.forget_pages = 4;
  EXPECT_FALSE(admin.TakeSnapshot().ok());
}

TEST_F(AdminGroupsTest, RefusedSnapshotIsNotAskedForAgain) {
  AlwaysRefuse(protocol::NOT_AUTHORISED, "no");
  EXPECT_EQ(admin.TakeSnapshot().error().code, ErrorCode::kPermission);
  EXPECT_EQ(asked_count, 1);
}

TEST_F(AdminGroupsTest, EmptyPageThatPromisesMoreIsAnError) {
  protocol::Response response = SnapshotPage(1, 0);
  broker.on_asked = [&](const Asked& asked) {
    broker.Answer(asked, response);
    response.mutable_snapshot()->clear_status();
    response.mutable_snapshot()->clear_topics();
    response.mutable_snapshot()->clear_groups();
  };
  EXPECT_EQ(admin.TakeSnapshot().error().code, ErrorCode::kCorrupt);
}

TEST_F(AdminGroupsTest, PageOfAnotherSnapshotIsAnError) {
  int asked_pages = 0;
  broker.on_asked = [&](const Asked& asked) {
    ++asked_pages;
    broker.Answer(asked, SnapshotPage(static_cast<std::uint64_t>(asked_pages), 0));
  };
  EXPECT_EQ(admin.TakeSnapshot().error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(asked_pages, 2);
}

TEST(GroupNames, AreLowerCaseWords) {
  EXPECT_EQ(GroupStateName(GroupState::kEmpty), "empty");
  EXPECT_EQ(GroupStateName(GroupState::kStable), "stable");
  EXPECT_EQ(GroupStateName(GroupState::kRebalancing), "rebalancing");
  EXPECT_EQ(LagStatusName(LagStatus::kUnknown), "unknown");
  EXPECT_EQ(LagStatusName(LagStatus::kOk), "ok");
  EXPECT_EQ(LagStatusName(LagStatus::kWarn), "warn");
  EXPECT_EQ(LagStatusName(LagStatus::kStall), "stall");
  EXPECT_EQ(LagStatusName(LagStatus::kStop), "stop");
  EXPECT_EQ(LagStatusName(LagStatus::kRewind), "rewind");
}

}  // namespace
}  // namespace logboom::client
