// Members of groups, and what they commit.
#include "tests/broker/server/groups_rig.h"

namespace logboom::broker {
namespace {

using Numbers = std::set<std::int32_t>;

TEST_F(GroupsTest, JoinIsAnsweredWithPartitionsAndTheRulesOfHeartbeats) {
  Append(1, 3);
  ASSERT_EQ(CommitOutside(1, 2), protocol::OK);
  TestMember member(rig_, "a");
  const Reply reply = member.Join({"web"});
  ASSERT_TRUE(reply.ok()) << reply.response.error().message();
  EXPECT_EQ(reply.response.join_group().heartbeat_interval_ms(),
            protocol::kHeartbeatInterval.count());
  EXPECT_EQ(reply.response.join_group().session_timeout_ms(),
            protocol::kMemberSilenceDefault.count());
  EXPECT_EQ(member.partitions(), (Numbers{0, 1, 2, 3}));
  EXPECT_EQ(member.names.at({web_, 0}), "web");
  EXPECT_EQ(member.committed.at({web_, 0}), -1);
  EXPECT_EQ(member.committed.at({web_, 1}), 2);
}

TEST_F(GroupsTest, JoiningAgainChangesNothing) {
  TestMember member(rig_, "a");
  member.Join({"web"});
  const auto generation = member.generation;
  ASSERT_TRUE(member.Join({"web"}).ok());
  EXPECT_EQ(member.generation, generation);
  EXPECT_EQ(Described().members_size(), 1);
}

TEST_F(GroupsTest, APartitionMovesInTwoSteps) {
  TestMember a(rig_, "a");
  TestMember b(rig_, "b");
  a.Join({"web"});
  b.Join({"web"});
  EXPECT_TRUE(b.owned.empty()) << "a reads them all still";
  EXPECT_EQ(Described().summary().state(), protocol::GROUP_REBALANCING);
  b.Heartbeat();
  EXPECT_TRUE(b.owned.empty());
  a.Heartbeat();  // says that it reads all, hears that it shall not
  EXPECT_EQ(a.partitions(), (Numbers{0, 1}));
  b.Heartbeat();
  EXPECT_TRUE(b.owned.empty()) << "a has not said yet that it stopped";
  a.Heartbeat();
  b.Heartbeat();
  EXPECT_EQ(b.partitions(), (Numbers{2, 3}));
  EXPECT_EQ(a.partitions(), (Numbers{0, 1}));
  EXPECT_EQ(Described().summary().state(), protocol::GROUP_STABLE);
}

TEST_F(GroupsTest, ALeaverFreesWhatItOwnedAtOnce) {
  TestMember a(rig_, "a");
  TestMember b(rig_, "b");
  a.Join({"web"});
  b.Join({"web"});
  EXPECT_TRUE(a.Leave().ok());
  b.Heartbeat();
  EXPECT_EQ(b.partitions(), (Numbers{0, 1, 2, 3}));
  EXPECT_EQ(a.Leave().code(), protocol::UNKNOWN_MEMBER);
  EXPECT_EQ(a.Heartbeat().code(), protocol::UNKNOWN_MEMBER);
}

TEST_F(GroupsTest, SilenceEndsAMembershipAndALostSessionDoesNot) {
  TestMember a(rig_, "a");
  a.Join({"web"});
  a.client.Reconnect();
  rig_.Turns(5);
  EXPECT_EQ(Described().members_size(), 1);
  a.client.Hello();
  EXPECT_TRUE(a.Heartbeat().ok());
  for (int i = 0; i < 14; ++i) rig_.Turn(1'000);
  EXPECT_EQ(rig_.groups->member_count(), 1U);
  for (int i = 0; i < 3; ++i) rig_.Turn(1'000);
  EXPECT_EQ(rig_.groups->member_count(), 0U);
}

TEST_F(GroupsTest, TopicsThatComeAndGoAreAssignedAnew) {
  TestMember a(rig_, "a");
  a.Join({"web", "later"});
  EXPECT_EQ(a.owned.size(), 4U);
  ASSERT_TRUE(rig_.engine().CreateTopic("later", 2).ok());
  rig_.Turn();
  a.Heartbeat();
  EXPECT_EQ(a.owned.size(), 6U);
  protocol::Request gone;
  gone.mutable_delete_topic()->set_name("web");
  ASSERT_TRUE(admin_.Ask(std::move(gone)).ok());
  a.Heartbeat();
  EXPECT_EQ(a.owned.size(), 2U);
}

TEST_F(GroupsTest, ACommitIsAnsweredOnceItIsDurable) {
  Append(0, 5);
  TestMember a(rig_, "a");
  a.Join({"web"});
  rig_.engine().writes.Hold();
  const auto id = a.client.Send(a.CommitRequest(web_, 0, 3));
  rig_.Turns(5);
  EXPECT_FALSE(a.client.Take(id));
  EXPECT_EQ(CommittedOf(0), -1) << "and nobody sees it before";
  EXPECT_FALSE(rig_.engine().engine->quiet()) << "an orderly stop waits for it";
  rig_.engine().writes.Release();
  EXPECT_EQ(TestMember::CodeOf(a.client.Await(id)), protocol::OK);
  EXPECT_EQ(CommittedOf(0), 3);
}

TEST_F(GroupsTest, CommittedOffsetsSurviveACrash) {
  Append(0, 5);
  protocol::Request request;
  {
    TestMember a(rig_, "a");
    a.Join({"web"});
    request = a.CommitRequest(web_, 0, 3);
    request.mutable_commit_offsets()->mutable_offsets(0)->set_leader_epoch(7);
    request.mutable_commit_offsets()->mutable_offsets(0)->set_metadata("note");
    ASSERT_EQ(TestMember::CodeOf(a.client.Ask(request)), protocol::OK);
  }
  const auto committed_at = rig_.now().wall;
  rig_.Crash();
  rig_.Open();
  EXPECT_TRUE(rig_.group_notes.empty());
  TestMember a(rig_, "a");
  EXPECT_EQ(a.Heartbeat().code(), protocol::UNKNOWN_MEMBER) << "members join again";
  TestClient reader(rig_);
  reader.Hello();
  protocol::Request fetch;
  fetch.mutable_fetch_offsets()->set_group("g");
  const Reply reply = reader.Ask(std::move(fetch));
  ASSERT_EQ(reply.response.fetch_offsets().offsets_size(), 1);
  const auto& one = reply.response.fetch_offsets().offsets(0);
  EXPECT_EQ(one.topic_id(), web_);
  EXPECT_EQ(one.partition(), 0);
  EXPECT_EQ(one.offset(), 3);
  EXPECT_EQ(one.leader_epoch(), 7);
  EXPECT_EQ(one.metadata(), "note");
  EXPECT_LE(one.commit_time_ms(), committed_at.value());
  EXPECT_GT(one.commit_time_ms(), committed_at.value() - 1'000);
}

TEST_F(GroupsTest, ACommitThatCouldNotBeStoredChangesNothing) {
  Append(0, 5);
  TestMember a(rig_, "a");
  a.Join({"web"});
  ASSERT_EQ(a.Commit(web_, 0, 1), protocol::OK);
  rig_.engine().store.Fail(Fail(ErrorCode::kNoSpace, "full"));
  EXPECT_EQ(a.Commit(web_, 0, 3), protocol::NO_SPACE);
  EXPECT_EQ(CommittedOf(0), 1);
  rig_.engine().store.Fail(std::nullopt);
  EXPECT_EQ(a.Commit(web_, 0, 3), protocol::OK);
}

TEST_F(GroupsTest, EachPartitionOfACommitCountsForItself) {
  Append(0, 5);
  Append(1, 5);
  TestMember a(rig_, "a");
  a.Join({"web"});
  protocol::Request request = a.CommitRequest(web_, 0, 5);
  auto& commit = *request.mutable_commit_offsets();
  TestMember::AddCommit(commit, web_, 0, 6);            // past the end
  TestMember::AddCommit(commit, web_, 1, -1);           // before the beginning
  TestMember::AddCommit(commit, Bytes(16, 'x'), 0, 1);  // no such topic
  TestMember::AddCommit(commit, "no id", 0, 1);
  TestMember::AddCommit(commit, web_, 4, 0);  // no such partition
  TestMember::AddCommit(commit, web_, 1, 1);
  commit.mutable_offsets(6)->set_metadata(Bytes(protocol::kOffsetMetadataBytesMax, 'm'));
  TestMember::AddCommit(commit, web_, 1, 2);
  commit.mutable_offsets(7)->set_metadata(Bytes(protocol::kOffsetMetadataBytesMax + 1, 'm'));
  const Reply reply = a.client.Ask(std::move(request));
  ASSERT_TRUE(reply.ok());
  std::vector<protocol::ErrorCode> codes;
  for (const auto& result : reply.response.commit_offsets().results()) {
    codes.push_back(result.error().code());
  }
  EXPECT_EQ(codes, (std::vector<protocol::ErrorCode>{
                       protocol::OK, protocol::OFFSET_OUT_OF_RANGE, protocol::OFFSET_OUT_OF_RANGE,
                       protocol::UNKNOWN_TOPIC, protocol::UNKNOWN_TOPIC, protocol::UNKNOWN_TOPIC,
                       protocol::OK, protocol::MESSAGE_TOO_LARGE}));
  EXPECT_EQ(CommittedOf(0), 5);
  EXPECT_EQ(CommittedOf(1), 1);
}

TEST_F(GroupsTest, WhatIsNotDurableCannotBeCommitted) {
  Append(0, 2);
  rig_.engine().commits.Hold();
  ASSERT_TRUE(rig_.engine().Append(rig_.engine().Where("web"), {"line"}).ok());
  rig_.Turns(3);
  TestMember a(rig_, "a");
  a.Join({"web"});
  EXPECT_EQ(a.Commit(web_, 0, 3), protocol::OFFSET_OUT_OF_RANGE);
  EXPECT_EQ(a.Commit(web_, 0, 2), protocol::OK);
}

TEST_F(GroupsTest, WhoLostAPartitionCommitsNothing) {
  Append(2, 5);
  TestMember a(rig_, "a");
  TestMember b(rig_, "b");
  a.Join({"web"});
  protocol::Request late = a.CommitRequest(web_, 2, 4);
  b.Join({"web"});
  a.Heartbeat();
  EXPECT_EQ(a.Commit(web_, 2, 3), protocol::OK) << "as long as it has not given it back";
  a.Heartbeat();
  EXPECT_EQ(a.Commit(web_, 2, 4), protocol::STALE_GENERATION);
  b.Leave();
  a.Heartbeat();
  ASSERT_TRUE(a.partitions().contains(2));
  EXPECT_EQ(TestMember::CodeOf(a.client.Ask(late)), protocol::STALE_GENERATION)
      << "nor by what it read before it got it back";
  EXPECT_EQ(CommittedOf(2), 3);
  EXPECT_EQ(a.Commit(web_, 2, 5), protocol::OK);
}

TEST_F(GroupsTest, APartitionWaitsForTheCommitOfItsLastOwner) {
  Append(0, 5);
  TestMember a(rig_, "a");
  TestMember b(rig_, "b");
  a.Join({"web"});
  b.Join({"web"});
  rig_.engine().writes.Hold();
  const auto id = a.client.Send(a.CommitRequest(web_, 0, 3));
  a.Leave();
  b.Heartbeat();
  EXPECT_EQ(b.partitions(), (Numbers{1, 2, 3}));
  rig_.engine().writes.Release();
  EXPECT_EQ(TestMember::CodeOf(a.client.Await(id)), protocol::OK);
  b.Heartbeat();
  EXPECT_EQ(b.partitions(), (Numbers{0, 1, 2, 3}));
  EXPECT_EQ(b.committed.at({web_, 0}), 3);
}

TEST_F(GroupsTest, OnlyAGroupWithoutMembersTakesCommitsOfNobody) {
  Append(0, 5);
  EXPECT_EQ(CommitOutside(0, 2), protocol::OK);
  TestMember a(rig_, "a");
  a.Join({"web"});
  EXPECT_EQ(CommitOutside(0, 3), protocol::GROUP_NOT_EMPTY);
  a.Leave();
  EXPECT_EQ(CommitOutside(0, 4), protocol::OK);
  EXPECT_EQ(CommittedOf(0), 4);
}

TEST_F(GroupsTest, NamesAndSizesAreCheckedAtTheirLimits) {
  TestMember a(rig_, "a");
  auto join = [&](auto change) {
    protocol::Request request = a.JoinRequest({"web"});
    change(*request.mutable_join_group());
    return a.client.Ask(std::move(request)).code();
  };
  using Join = protocol::JoinGroupRequest;
  EXPECT_EQ(join([](Join& one) { one.set_group(""); }), protocol::INVALID_NAME);
  EXPECT_EQ(join([](Join& one) { one.set_group(std::string(249, 'g')); }), protocol::OK);
  EXPECT_EQ(join([](Join& one) { one.set_group(std::string(250, 'g')); }), protocol::INVALID_NAME);
  EXPECT_EQ(join([](Join& one) { one.set_member_id(""); }), protocol::INVALID_REQUEST);
  EXPECT_EQ(join([](Join& one) { one.set_member_id("a\nb"); }), protocol::INVALID_REQUEST);
  EXPECT_EQ(join([](Join& one) { one.set_member_id(std::string(255, 'm')); }), protocol::OK);
  EXPECT_EQ(join([](Join& one) { one.set_member_id(std::string(256, 'm')); }),
            protocol::INVALID_REQUEST);
  EXPECT_EQ(join([](Join& one) { one.set_client_id(std::string(256, 'c')); }),
            protocol::INVALID_REQUEST);
  EXPECT_EQ(join([](Join& one) { one.set_host(std::string(256, 'h')); }),
            protocol::INVALID_REQUEST);
  EXPECT_EQ(join([](Join& one) { one.set_instance_id(std::string(256, 'i')); }),
            protocol::INVALID_REQUEST);
  EXPECT_EQ(join([](Join& one) { one.set_assignor("uniform"); }), protocol::UNSUPPORTED);
  EXPECT_EQ(join([](Join& one) { one.set_assignor("range"); }), protocol::OK);
  EXPECT_EQ(join([](Join& one) { one.clear_topics(); }), protocol::INVALID_REQUEST);
  EXPECT_EQ(join([](Join& one) { one.add_topics("a/b"); }), protocol::INVALID_NAME);
  EXPECT_EQ(join([](Join& one) { one.set_session_timeout_ms(5'999); }), protocol::INVALID_REQUEST);
  EXPECT_EQ(join([](Join& one) { one.set_session_timeout_ms(6'000); }), protocol::OK);
  EXPECT_EQ(join([](Join& one) { one.set_session_timeout_ms(1'800'000); }), protocol::OK);
  EXPECT_EQ(join([](Join& one) { one.set_session_timeout_ms(1'800'001); }),
            protocol::INVALID_REQUEST);
  auto topics = [](int count) {
    return [count](Join& one) {
      one.clear_topics();
      for (int i = 0; i < count; ++i) one.add_topics(fmt::format("t{}", i));
    };
  };
  EXPECT_EQ(join(topics(protocol::kGroupTopicsMax)), protocol::OK);
  EXPECT_EQ(join(topics(protocol::kGroupTopicsMax + 1)), protocol::INVALID_REQUEST);
}

TEST_F(GroupsTest, AnInstanceIsTakenOverAndTheOneBeforeHearsThatInAllAnswers) {
  Append(0, 3);
  TestMember a(rig_, "a");
  TestMember b(rig_, "b");
  a.instance_id = b.instance_id = "rack-7";
  EXPECT_TRUE(a.Join({"web"}).response.join_group().assignment().settled());
  ASSERT_TRUE(b.Join({"web"}).ok());
  EXPECT_EQ(b.partitions(), (Numbers{0, 1, 2, 3}));
  const Reply fenced = a.Heartbeat();
  EXPECT_EQ(fenced.code(), protocol::FENCED);
  EXPECT_NE(fenced.response.error().message().find("'rack-7'"), std::string::npos);
  EXPECT_EQ(a.Commit(web_, 0, 1), protocol::FENCED);
  EXPECT_EQ(a.Leave().code(), protocol::FENCED);
  EXPECT_EQ(b.Commit(web_, 0, 2), protocol::OK);
  EXPECT_TRUE(b.Leave().ok());
  const protocol::Group group = Described();
  ASSERT_EQ(group.members_size(), 1);
  EXPECT_EQ(group.members(0).instance_id(), "rack-7");
  EXPECT_TRUE(group.members(0).away());
  EXPECT_EQ(group.members(0).owned_size(), 4);
}

TEST_F(GroupsTest, ACommitTakesAsManyPartitionsAsTheLimit) {
  protocol::Request request;
  protocol::CommitOffsetsRequest& commit = *request.mutable_commit_offsets();
  commit.set_group("g");
  for (int i = 0; i < protocol::kCommitOffsetsMax; ++i) TestMember::AddCommit(commit, web_, 0, 0);
  protocol::Request more = request;
  EXPECT_TRUE(admin_.Ask(std::move(request)).ok());
  TestMember::AddCommit(*more.mutable_commit_offsets(), web_, 0, 0);
  EXPECT_EQ(admin_.Ask(std::move(more)).code(), protocol::MESSAGE_TOO_LARGE);
}

TEST_F(GroupsTest, ASessionHasAsManyCommitsUnderWayAsTheLimit) {
  TestMember a(rig_, "a");
  a.Join({"web"});
  std::vector<std::uint64_t> sent;
  for (std::size_t i = 0; i <= protocol::kCommitsUnderWayMax; ++i) {
    sent.push_back(a.client.Send(a.CommitRequest(web_, 0, 0)));
    while (auto inbound = rig_.transport->Receive()) {
      rig_.server->Handle(*std::move(inbound), rig_.now());  // and no time for the store
    }
  }
  for (const std::uint64_t id : sent) {
    EXPECT_EQ(TestMember::CodeOf(a.client.Await(id)),
              id == sent.back() ? protocol::BUSY : protocol::OK);
  }
  EXPECT_EQ(a.Commit(web_, 0, 0), protocol::OK) << "it passes";
}

TEST_F(GroupsTest, OffsetsOfWhatIsNotThereAreNone) {
  protocol::Request request;
  protocol::FetchOffsetsRequest& fetch = *request.mutable_fetch_offsets();
  fetch.set_group("never");
  fetch.add_partitions()->set_topic_id(web_);
  fetch.add_partitions()->set_topic_id("no id");
  const Reply reply = admin_.Ask(std::move(request));
  ASSERT_TRUE(reply.ok());
  ASSERT_EQ(reply.response.fetch_offsets().offsets_size(), 2);
  EXPECT_EQ(reply.response.fetch_offsets().offsets(0).offset(), -1);
  EXPECT_EQ(reply.response.fetch_offsets().offsets(1).offset(), -1);
  EXPECT_EQ(rig_.groups->group_count(), 0U) << "asking makes no group";
}

}  // namespace
}  // namespace logboom::broker
