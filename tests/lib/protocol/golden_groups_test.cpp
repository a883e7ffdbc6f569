// Envelopes about consumer groups, as released brokers and clients write them (golden.h).
#include <gtest/gtest.h>

#include "tests/lib/protocol/golden.h"

namespace logboom::protocol {
namespace {

const std::string kId = "0123456789abcdef";
constexpr std::int64_t kTimeMs = 1'700'000'000'000;

Request Asked() {
  Request request;
  request.set_session(kId);
  request.set_request_id(9);
  request.set_version(1);
  return request;
}

Response Answered() {
  Response response;
  response.set_request_id(9);
  return response;
}

void FillAssignment(GroupAssignment& assignment) {
  assignment.set_generation(7);
  AssignedPartition& partition = *assignment.add_partitions();
  partition.set_topic("web");
  partition.set_topic_id(kId);
  partition.set_partition(3);
  partition.set_committed_offset(123'456'789'012);
  partition.set_leader_epoch(-1);
}

void FillGroup(Group& group) {
  GroupSummary& summary = *group.mutable_summary();
  summary.set_group("g");
  summary.set_state(GROUP_REBALANCING);
  summary.set_generation(7);
  summary.set_kind("native");
  summary.set_assignor("range");
  summary.set_members(1);
  summary.set_status(LAG_REWIND);
  summary.set_lag_records(5);
  summary.set_lag_ms(-1);
  GroupMember& member = *group.add_members();
  member.set_member_id("m");
  member.set_client_id("logboom/1");
  member.set_host("web-1");
  member.add_topics("web");
  member.add_owned()->set_topic_id(kId);
  member.mutable_owned(0)->set_partition(3);
  member.set_joined_ms(kTimeMs);
  member.set_last_heard_ms(kTimeMs + 1);
  GroupPartition& partition = *group.add_partitions();
  partition.set_topic("web");
  partition.set_topic_id(kId);
  partition.set_partition(3);
  partition.set_committed_offset(10);
  partition.set_commit_time_ms(kTimeMs);
  partition.set_metadata("note");
  partition.set_log_start_offset(2);
  partition.set_log_end_offset(15);
  partition.set_lag_records(5);
  partition.set_lag_ms(1'000);
  partition.set_status(LAG_UNKNOWN);
  partition.set_member_id("m");
  partition.set_skipped_records(4);
}

TEST(GoldenEnvelopes, OfMembersAreWrittenAsEver) {
  Request join = Asked();
  join.mutable_join_group()->set_group("g");
  join.mutable_join_group()->set_member_id("m");
  join.mutable_join_group()->set_client_id("logboom/1");
  join.mutable_join_group()->set_host("web-1");
  join.mutable_join_group()->add_topics("web");
  join.mutable_join_group()->set_session_timeout_ms(15'000);
  ExpectGolden("request_join_group", join);
  Response joined = Answered();
  joined.mutable_join_group()->set_heartbeat_interval_ms(1'000);
  joined.mutable_join_group()->set_session_timeout_ms(15'000);
  FillAssignment(*joined.mutable_join_group()->mutable_assignment());
  ExpectGolden("response_join_group", joined);

  Request heartbeat = Asked();
  heartbeat.mutable_heartbeat()->set_group("g");
  heartbeat.mutable_heartbeat()->set_member_id("m");
  heartbeat.mutable_heartbeat()->set_generation(7);
  heartbeat.mutable_heartbeat()->add_owned()->set_topic_id(kId);
  heartbeat.mutable_heartbeat()->mutable_owned(0)->set_partition(3);
  ExpectGolden("request_heartbeat", heartbeat);
  Response heard = Answered();
  FillAssignment(*heard.mutable_heartbeat()->mutable_assignment());
  ExpectGolden("response_heartbeat", heard);

  Request leave = Asked();
  leave.mutable_leave_group()->set_group("g");
  leave.mutable_leave_group()->set_member_id("m");
  ExpectGolden("request_leave_group", leave);
  Response left = Answered();
  left.mutable_leave_group();
  ExpectGolden("response_leave_group", left);
}

TEST(GoldenEnvelopes, OfOffsetsAreWrittenAsEver) {
  Request commit = Asked();
  commit.mutable_commit_offsets()->set_group("g");
  commit.mutable_commit_offsets()->set_member_id("m");
  commit.mutable_commit_offsets()->set_generation(7);
  OffsetCommit& one = *commit.mutable_commit_offsets()->add_offsets();
  one.set_topic_id(kId);
  one.set_partition(3);
  one.set_offset(10);
  one.set_leader_epoch(2);
  one.set_metadata("note");
  ExpectGolden("request_commit_offsets", commit);
  Response committed = Answered();
  committed.mutable_commit_offsets()->add_results();
  *committed.mutable_commit_offsets()->add_results()->mutable_error() =
      MakeError(STALE_GENERATION, "stale");
  ExpectGolden("response_commit_offsets", committed);

  Request fetch = Asked();
  fetch.mutable_fetch_offsets()->set_group("g");
  fetch.mutable_fetch_offsets()->add_partitions()->set_topic_id(kId);
  fetch.mutable_fetch_offsets()->mutable_partitions(0)->set_partition(3);
  ExpectGolden("request_fetch_offsets", fetch);
  Response fetched = Answered();
  CommittedOffset& offset = *fetched.mutable_fetch_offsets()->add_offsets();
  offset.set_topic_id(kId);
  offset.set_partition(3);
  offset.set_offset(10);
  offset.set_leader_epoch(2);
  offset.set_metadata("note");
  offset.set_commit_time_ms(kTimeMs);
  ExpectGolden("response_fetch_offsets", fetched);

  Request reset = Asked();
  reset.mutable_reset_offsets()->set_group("g");
  reset.mutable_reset_offsets()->set_topic("web");
  reset.mutable_reset_offsets()->set_partition(-1);
  reset.mutable_reset_offsets()->set_target(ResetOffsetsRequest::SHIFT);
  reset.mutable_reset_offsets()->set_value(-5);
  reset.mutable_reset_offsets()->set_dry_run(true);
  ExpectGolden("request_reset_offsets", reset);
  Response moved = Answered();
  OffsetReset& partition = *moved.mutable_reset_offsets()->add_partitions();
  partition.set_partition(3);
  partition.set_before(-1);
  partition.set_after(10);
  partition.set_log_start_offset(2);
  partition.set_log_end_offset(15);
  ExpectGolden("response_reset_offsets", moved);
}

TEST(GoldenEnvelopes, OfWhatPeopleSeeAreWrittenAsEver) {
  Request list = Asked();
  list.mutable_list_groups();
  ExpectGolden("request_list_groups", list);
  Group group;
  FillGroup(group);
  Response listed = Answered();
  *listed.mutable_list_groups()->add_groups() = group.summary();
  ExpectGolden("response_list_groups", listed);

  Request describe = Asked();
  describe.mutable_describe_group()->set_group("g");
  ExpectGolden("request_describe_group", describe);
  Response described = Answered();
  *described.mutable_describe_group()->mutable_group() = group;
  ExpectGolden("response_describe_group", described);

  Request remove = Asked();
  remove.mutable_delete_group()->set_group("g");
  ExpectGolden("request_delete_group", remove);
  Response removed = Answered();
  removed.mutable_delete_group();
  ExpectGolden("response_delete_group", removed);

  Request snapshot = Asked();
  snapshot.mutable_snapshot()->set_snapshot_id(4);
  snapshot.mutable_snapshot()->set_page(1);
  ExpectGolden("request_snapshot", snapshot);
  Response taken = Answered();
  SnapshotResponse& body = *taken.mutable_snapshot();
  body.set_snapshot_id(4);
  body.set_more(true);
  body.set_time_ms(kTimeMs);
  body.mutable_status()->set_broker_name("log-1");
  body.add_topics()->set_name("web");
  *body.add_groups() = group;
  body.add_agents()->set_agent_id("web-1");
  ExpectGolden("response_snapshot", taken);
}

}  // namespace
}  // namespace logboom::protocol
