// A member of a consumer group: joins, says that it lives, hears which partitions are its own,
// commits, leaves. Internal to lib/client; it reads nothing itself.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/client/consumer.h"
#include "lib/client/group_consumer.h"
#include "lib/client/session.h"
#include "lib/transport/transport.h"

namespace logboom::client {

// Called from inside Membership::Poll() and Leave().
class MembershipEvents {
 public:
  virtual ~MembershipEvents() = default;
  // Read it from `committed` on; nothing was committed: from where the caller wants to begin.
  virtual void Granted(const TopicPartition& partition, std::optional<Offset> committed,
                       LeaderEpoch leader_epoch) = 0;
  // Stop reading it. What was handled is committed unless the partition is lost already.
  virtual void Revoked(const TopicPartition& partition) = 0;
  virtual void CommitRefused(const RefusedCommit& refused) = 0;
};

// One connection. One owner, one thread.
class Membership final : private SessionEvents {
 public:
  Membership(std::unique_ptr<transport::ClientTransport> transport, GroupConsumerOptions options,
             MembershipEvents& events, Random& random);

  void Poll(Instant now);
  // Until an answer may have come, something is due, a descriptor is readable, or `timeout` is
  // over.
  void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors) {
    session_.Wait(std::min(timeout, UntilDue()), descriptors);
  }
  bool awaits_answer() const {
    return join_asked_ || heartbeat_asked_ || commit_asked_ || leave_asked_;
  }
  // Until Poll() has something to do that no answer tells of.
  std::chrono::milliseconds UntilDue() const;

  // The next to read of a partition that is owned, and the leader epoch of the record before it.
  void SetHandled(const TopicPartition& partition, Offset next, LeaderEpoch leader_epoch);
  bool HasHandled(const TopicPartition& partition) const;
  // Since the partition was granted the broker has taken a commit of it, or refused one.
  bool CommitWasAnswered(const TopicPartition& partition) const;
  void CommitNow() { commit_now_ = !all_committed(); }
  // The broker has acknowledged all that was handled.
  bool all_committed() const;
  void Leave();

  bool finished() const { return phase_ == Phase::kOver; }
  bool joined() const { return phase_ == Phase::kMember; }
  bool settled() const { return phase_ == Phase::kMember && settled_; }
  // Without those that are on their way back.
  std::vector<TopicPartition> Owned() const;
  const std::string& member_id() const { return member_id_; }
  const std::optional<Error>& failure() const { return failure_; }
  const GroupConsumerCounters& counters() const { return counters_; }
  bool connected() const { return session_.live(); }
  const std::optional<Error>& last_error() const { return session_.last_error(); }

 private:
  enum class Phase {
    kOutside,  // joins
    kMember,
    kOver,  // has left, or failed
  };
  struct OwnedPartition {
    std::uint64_t grant = 0;  // answers about an earlier one of the partition are dropped
    Uuid topic_id;
    std::optional<Offset> handled;
    LeaderEpoch leader_epoch{-1};     // of the record before it
    std::optional<Offset> committed;  // what the broker acknowledged
    bool commit_was_answered = false;
    bool going_back = false;  // revoked: to be committed, then given back

    bool dirty() const { return handled && handled != committed; }
  };
  struct SentCommit {
    TopicPartition partition;
    std::uint64_t grant = 0;
    Offset offset;
  };

  void SessionStarted(const protocol::HelloResponse& hello) override;
  void SessionLost(const Error& why) override;
  void HelloRefused(const protocol::Error& /*why*/) override {}
  // Another reader took the instance id over.
  void SessionFenced(const protocol::Error& why) override { End(protocol::FromWire(why)); }

  bool Ask(protocol::Request request, bool& asked, std::function<void(const Answer&)> done);
  void Join();
  void JoinAnswered(const Answer& answer);
  void BeatHeart();
  void TakeAssignment(const protocol::GroupAssignment& assignment,
                      const std::set<TopicPartition>& reported);
  void Grant(const TopicPartition& at, const protocol::AssignedPartition& granted);
  void GiveBack(const TopicPartition& at, OwnedPartition& partition);

  bool CommitIsDue() const;
  void Commit();
  void CommitAnswered(const std::vector<SentCommit>& sent, const Answer& answer);
  void TakeCommitResult(const SentCommit& sent, const protocol::CommitResult& result);
  bool ReleaseWhatIsCommitted();
  void SayGoodbye();

  // An error to a whole request.
  void TakeError(const protocol::Error& error);
  void Forget(const TopicPartition& at);
  void JoinAnew();
  void End(std::optional<Error> failure);

  GroupConsumerOptions options_;
  MembershipEvents& events_;
  Random& random_;

  Phase phase_ = Phase::kOutside;
  bool leaving_ = false;
  std::string member_id_;
  std::uint64_t generation_ = 0;
  bool settled_ = false;
  std::map<TopicPartition, OwnedPartition> owned_;
  std::uint64_t last_grant_ = 0;
  std::optional<Error> failure_;
  GroupConsumerCounters counters_;

  MonotonicMs now_;
  MonotonicMs retry_at_;  // after an error that passes by itself
  std::chrono::milliseconds heartbeat_interval_;
  MonotonicMs next_heartbeat_;
  MonotonicMs next_commit_;
  bool commit_now_ = false;
  bool join_asked_ = false;
  bool heartbeat_asked_ = false;
  bool commit_asked_ = false;
  bool leave_asked_ = false;
  Session session_;
};

}  // namespace logboom::client
