// Members of consumer groups that speak the protocol to a server.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/broker/server/server_rig.h"

namespace logboom::broker {

// Answers, turned into what a member of a group would know. It reads what it was told to, and says
// so by its heartbeats.
class TestMember {
 public:
  TestMember(ServerRig& rig, std::string member_id, std::string group = "g")
      : client(rig), id(std::move(member_id)), group_(std::move(group)) {
    client.Hello();
  }

  protocol::Request JoinRequest(const std::vector<std::string>& topics) const {
    protocol::Request request;
    protocol::JoinGroupRequest& join = *request.mutable_join_group();
    join.set_group(group_);
    join.set_member_id(id);
    join.set_client_id("test/1");
    join.set_host("host-1");
    join.set_instance_id(instance_id);
    for (const std::string& topic : topics) join.add_topics(topic);
    return request;
  }
  Reply Join(const std::vector<std::string>& topics) {
    Reply reply = client.Ask(JoinRequest(topics));
    if (reply.ok()) Take(reply.response.join_group().assignment());
    return reply;
  }
  Reply Heartbeat() {
    protocol::Request request;
    protocol::HeartbeatRequest& beat = *request.mutable_heartbeat();
    beat.set_group(group_);
    beat.set_member_id(id);
    beat.set_generation(generation);
    beat.set_instance_id(instance_id);
    for (const auto& [topic_id, partition] : owned) {
      protocol::PartitionId& one = *beat.add_owned();
      one.set_topic_id(topic_id);
      one.set_partition(partition);
    }
    Reply reply = client.Ask(std::move(request));
    if (reply.ok()) Take(reply.response.heartbeat().assignment());
    return reply;
  }
  Reply Leave() {
    protocol::Request request;
    request.mutable_leave_group()->set_group(group_);
    request.mutable_leave_group()->set_member_id(id);
    request.mutable_leave_group()->set_instance_id(instance_id);
    return client.Ask(std::move(request));
  }
  protocol::Request CommitRequest(const Bytes& topic_id, std::int32_t partition,
                                  std::int64_t offset) const {
    protocol::Request request;
    protocol::CommitOffsetsRequest& commit = *request.mutable_commit_offsets();
    commit.set_group(group_);
    commit.set_member_id(id);
    commit.set_generation(generation);
    commit.set_instance_id(instance_id);
    AddCommit(commit, topic_id, partition, offset);
    return request;
  }
  static void AddCommit(protocol::CommitOffsetsRequest& commit, const Bytes& topic_id,
                        std::int32_t partition, std::int64_t offset) {
    protocol::OffsetCommit& one = *commit.add_offsets();
    one.set_topic_id(topic_id);
    one.set_partition(partition);
    one.set_offset(offset);
    one.set_leader_epoch(-1);
  }
  // The code of the request, or else of its one partition.
  protocol::ErrorCode Commit(const Bytes& topic_id, std::int32_t partition, std::int64_t offset) {
    return CodeOf(client.Ask(CommitRequest(topic_id, partition, offset)));
  }
  static protocol::ErrorCode CodeOf(const Reply& reply) {
    if (!reply.ok()) return reply.code();
    EXPECT_EQ(reply.response.commit_offsets().results_size(), 1);
    return reply.response.commit_offsets().results(0).error().code();
  }

  TestClient client;
  std::string id;
  std::string instance_id;
  std::uint64_t generation = 0;
  std::set<std::pair<Bytes, std::int32_t>> owned;
  std::map<std::pair<Bytes, std::int32_t>, std::int64_t> committed;  // as told
  std::map<std::pair<Bytes, std::int32_t>, std::string> names;

  std::set<std::int32_t> partitions() const {
    std::set<std::int32_t> numbers;
    for (const auto& [topic_id, partition] : owned) numbers.insert(partition);
    return numbers;
  }

 private:
  void Take(const protocol::GroupAssignment& assignment) {
    generation = assignment.generation();
    owned.clear();
    committed.clear();
    names.clear();
    for (const protocol::AssignedPartition& one : assignment.partitions()) {
      const std::pair<Bytes, std::int32_t> where{one.topic_id(), one.partition()};
      owned.insert(where);
      committed[where] = one.committed_offset();
      names[where] = one.topic();
    }
  }

  std::string group_;
};

// A server with a topic, and an administrator.
class GroupsTest : public testing::Test {
 protected:
  explicit GroupsTest(ServerOptions options = {}) : rig_(std::move(options)) {}
  void SetUp() override {
    admin_.Hello();
    ASSERT_TRUE(rig_.engine().CreateTopic("web", 4).ok());
    web_ = IdOfTopic("web");
  }
  Bytes IdOfTopic(const std::string& name) {
    const Topic* topic = rig_.engine().engine->FindTopic(name);
    return topic == nullptr ? Bytes() : Bytes(topic->topic_id.bytes());
  }
  // Appends durable records, one a batch.
  void Append(std::int32_t partition, int records, const std::string& topic = "web") {
    for (int i = 0; i < records; ++i) {
      ASSERT_TRUE(
          rig_.engine().Append(rig_.engine().Where(topic, partition), {Bytes("line")}).ok());
    }
    rig_.Turns(3);
  }
  Reply Describe(const std::string& group = "g") {
    protocol::Request request;
    request.mutable_describe_group()->set_group(group);
    return admin_.Ask(std::move(request));
  }
  protocol::Group Described(const std::string& group = "g") {
    const Reply reply = Describe(group);
    EXPECT_TRUE(reply.ok()) << reply.response.error().message();
    return reply.response.describe_group().group();
  }
  // -1: none.
  std::int64_t CommittedOf(std::int32_t partition, const std::string& group = "g") {
    protocol::Request request;
    protocol::FetchOffsetsRequest& fetch = *request.mutable_fetch_offsets();
    fetch.set_group(group);
    fetch.add_partitions()->set_topic_id(web_);
    fetch.mutable_partitions(0)->set_partition(partition);
    const Reply reply = admin_.Ask(std::move(request));
    EXPECT_EQ(reply.response.fetch_offsets().offsets_size(), 1);
    return reply.ok() ? reply.response.fetch_offsets().offsets(0).offset() : -2;
  }
  // By nobody in the group.
  protocol::ErrorCode CommitOutside(std::int32_t partition, std::int64_t offset,
                                    const std::string& group = "g") {
    protocol::Request request;
    protocol::CommitOffsetsRequest& commit = *request.mutable_commit_offsets();
    commit.set_group(group);
    TestMember::AddCommit(commit, web_, partition, offset);
    return TestMember::CodeOf(admin_.Ask(std::move(request)));
  }

  ServerRig rig_;
  TestClient admin_{rig_};
  Bytes web_;
};

}  // namespace logboom::broker
