// A fake broker with one topic "web" and one group: it tells members what the test says is theirs,
// takes commits, and serves records whose values are their offsets.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/lib/client/batches.h"
#include "tests/lib/client/fake_broker.h"

namespace logboom::client {

class FakeCoordinator {
 public:
  explicit FakeCoordinator(FakeBroker& broker) : broker_(broker) {
    broker_.on_asked = [this](const Asked& asked) { Take(asked); };
  }

  struct Log {
    std::int64_t start = 0;
    std::int64_t end = 0;
    LeaderEpoch leader_epoch{4};
  };
  std::map<int, Log> logs{{0, {}}, {1, {}}};
  char topic_id = 'T';

  // What the next answers to joins and heartbeats tell.
  std::uint64_t generation = 1;
  bool settled = true;
  std::set<int> assigned;
  std::map<int, std::int64_t> committed;
  std::map<int, std::int32_t> committed_epoch;

  // The next request of that kind is refused.
  std::map<protocol::Request::BodyCase, protocol::ErrorCode> refuse_next;
  // Each commit of that partition is refused.
  std::map<int, protocol::ErrorCode> refuse_commits;
  // Requests of these kinds wait for AnswerHeld().
  std::set<protocol::Request::BodyCase> hold;
  std::deque<Asked> held;

  std::vector<protocol::JoinGroupRequest> joins;
  std::vector<protocol::HeartbeatRequest> heartbeats;
  std::vector<protocol::CommitOffsetsRequest> commits;
  std::vector<protocol::LeaveGroupRequest> leaves;

  void AnswerHeld() {
    for (auto waiting = std::exchange(held, {}); const Asked& asked : waiting) Answer(asked);
  }
  // The oldest alone.
  void AnswerOneHeld() {
    ASSERT_FALSE(held.empty());
    Answer(held.front());
    held.pop_front();
  }
  void Append(int partition, int count) {
    logs[partition].end += count;
    for (auto waiting = std::exchange(fetches_, {}); const Asked& asked : waiting) Take(asked);
  }
  void ForgetFetches() { fetches_.clear(); }

  // The partitions of the newest heartbeat.
  std::set<int> Reported() const {
    std::set<int> owned;
    if (heartbeats.empty()) return owned;
    for (const auto& one : heartbeats.back().owned()) owned.insert(one.partition());
    return owned;
  }

 private:
  void Take(const Asked& asked) {
    const auto kind = asked.request.body_case();
    Note(asked.request);
    if (hold.contains(kind)) return held.push_back(asked);
    Answer(asked);
  }
  void Note(const protocol::Request& request) {
    if (request.has_join_group()) joins.push_back(request.join_group());
    if (request.has_heartbeat()) heartbeats.push_back(request.heartbeat());
    if (request.has_commit_offsets()) commits.push_back(request.commit_offsets());
    if (request.has_leave_group()) leaves.push_back(request.leave_group());
  }
  void Answer(const Asked& asked) {
    const auto refused = refuse_next.extract(asked.request.body_case());
    if (!refused.empty()) return broker_.Refuse(asked, refused.mapped());
    protocol::Response response;
    switch (asked.request.body_case()) {
      case protocol::Request::kJoinGroup:
        response.mutable_join_group()->set_heartbeat_interval_ms(1'000);
        Assign(*response.mutable_join_group()->mutable_assignment());
        break;
      case protocol::Request::kHeartbeat:
        Assign(*response.mutable_heartbeat()->mutable_assignment());
        break;
      case protocol::Request::kCommitOffsets:
        Commit(asked.request.commit_offsets(), *response.mutable_commit_offsets());
        break;
      case protocol::Request::kLeaveGroup: response.mutable_leave_group(); break;
      case protocol::Request::kMetadata: Describe(*response.mutable_metadata()); break;
      case protocol::Request::kFetch: return Fetch(asked);
      default: ADD_FAILURE() << "request " << asked.request.body_case(); return;
    }
    broker_.Answer(asked, response);
  }
  void Assign(protocol::GroupAssignment& out) const {
    out.set_generation(generation);
    out.set_settled(settled);
    for (const int partition : assigned) {
      auto& one = *out.add_partitions();
      one.set_topic("web");
      one.set_topic_id(IdBytes(topic_id));
      one.set_partition(partition);
      const auto offset = committed.find(partition);
      one.set_committed_offset(offset == committed.end() ? -1 : offset->second);
      const auto epoch = committed_epoch.find(partition);
      one.set_leader_epoch(epoch == committed_epoch.end() ? -1 : epoch->second);
    }
  }
  void Commit(const protocol::CommitOffsetsRequest& request, protocol::CommitOffsetsResponse& out) {
    for (const auto& one : request.offsets()) {
      auto& result = *out.add_results();
      const auto refused = refuse_commits.find(one.partition());
      if (refused != refuse_commits.end()) {
        *result.mutable_error() = protocol::MakeError(refused->second, "no");
        continue;
      }
      committed[one.partition()] = one.offset();
      committed_epoch[one.partition()] = one.leader_epoch();
    }
  }
  void Describe(protocol::MetadataResponse& out) const {
    auto& topic = *out.add_topics();
    topic.set_name("web");
    topic.set_topic_id(IdBytes(topic_id));
    for (const auto& [index, log] : logs) {
      auto& partition = *topic.add_partitions();
      partition.set_index(index);
      partition.set_log_start_offset(log.start);
      partition.set_durable_end_offset(log.end);
      partition.set_leader_epoch(log.leader_epoch.value());
    }
  }
  void Fetch(const Asked& asked) {
    const Log& log = logs[asked.request.fetch().partition()];
    const std::int64_t from = asked.request.fetch().offset();
    if (from == log.end) return fetches_.push_back(asked);
    protocol::Response response;
    auto& fetched = *response.mutable_fetch();
    fetched.set_log_start_offset(log.start);
    fetched.set_durable_end_offset(log.end);
    fetched.set_leader_epoch(log.leader_epoch.value());
    if (from < log.start || from > log.end) {
      *response.mutable_error() = protocol::MakeError(protocol::OFFSET_OUT_OF_RANGE, "no");
      return broker_.Answer(asked, response);
    }
    fetched.set_next_offset(log.end);
    const int count = static_cast<int>(log.end - from);
    broker_.Answer(asked, response, transport::Payload(Batch(from, count, log.leader_epoch)));
  }

  FakeBroker& broker_;
  std::deque<Asked> fetches_;
};

}  // namespace logboom::client
