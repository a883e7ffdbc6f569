// The members of one consumer group, and who may read which partition. Values and decisions alone:
// no I/O, no clock, no callbacks.
//
// A partition moves in two steps. Its owner's next answer lacks it (the grant is *revoked*); once
// the owner has heard that answer and says that it no longer reads the partition, or has left, or
// has been silent for too long, the grant ends, and the next member gets one. So no partition is
// granted to two members at a time, whatever answers are lost or late. Who hears that he must give
// a partition back, and does not for kGiveBackMsMax, counts as gone too.
//
// A *static* member has an instance id, which outlives its process. When it leaves, it is *away*:
// its partitions wait for it, until it has been silent for too long. Whoever joins under its
// instance id gets what it had, away or not, and nobody else's partitions move.
//
// Each grant bears the generation in which it was made, and that generation is newer than any that
// was told before: who has heard it has heard of the grant. A commit counts only where it bears
// that generation or a later one.
//
// One owner, one thread. Nothing survives the process: members join again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/groups/assignor.h"
#include "broker/groups/group_fault.h"
#include "broker/groups/group_log.h"
#include "lib/base/types.h"

namespace logboom::broker {

enum class GroupState : std::uint8_t { kEmpty, kStable, kRebalancing };

struct MemberFacts {
  std::string member_id;
  std::string client_id;
  std::string host;
  std::set<std::string> topics;  // by name; some may not exist yet
  std::int64_t silence_ms_max = 0;
  std::optional<Assignor> assignor{};  // nothing: any
  std::string instance_id{};           // empty: none
};

struct Grant {
  std::uint64_t generation = 0;
  // The first generation whose answer lacked the partition; nothing while the owner may keep it.
  std::optional<std::uint64_t> revoked;
  MonotonicMs revoked_at{};
};

struct GroupMember {
  MemberFacts facts;
  TimestampMs joined;
  TimestampMs last_heard_wall;
  MonotonicMs last_heard;
  bool away = false;                       // static, and has left: it reads nothing
  std::set<TopicPartition> target;         // what it should own
  std::map<TopicPartition, Grant> grants;  // what it owns
};

class Group {
 public:
  // Says of a partition that nobody owns whether it must wait all the same: while a commit of its
  // last owner is on its way the next one would begin too early.
  using MustWait = std::function<bool(const TopicPartition&)>;
  explicit Group(MustWait must_wait) : must_wait_(std::move(must_wait)) {}

  // New, or known and with other wishes: partitions are assigned anew. Under the instance id of
  // another member: takes its place. kInvalid where the group is full.
  GroupResult<void> Join(MemberFacts facts, const GroupLog& log, Instant now);
  // `generation` is the newest that the member has heard, `owned` what it reads.
  GroupResult<void> Heartbeat(const std::string& member_id, std::uint64_t generation,
                              const std::set<TopicPartition>& owned, Instant now);
  // A static member is away from then on.
  GroupResult<void> Leave(const std::string& member_id, const GroupLog& log);
  // Members that have been silent, or have kept what they must give back, for too long leave. True
  // where there were any.
  bool PutOutLost(const GroupLog& log, Instant now);
  // The broker heard nobody for so long.
  void ForgiveSilence(std::int64_t ms);

  // kFenced where the instance is another member's now.
  GroupResult<void> CheckInstance(const std::string& member_id,
                                  const std::string& instance_id) const;

  // What the member may read now. It is about to be told: what it owns and does not stand in the
  // answer counts as revoked from here on.
  std::vector<TopicPartition> TakeAssignment(const std::string& member_id);

  // Whether a commit of the member counts for the partition; a sign of life too.
  GroupResult<void> CheckCommit(const std::string& member_id, std::uint64_t generation,
                                const TopicPartition& where) const;
  void Heard(const std::string& member_id, Instant now);

  // Topics came, went, or got more partitions.
  void TopicsChanged(const GroupLog& log) { Reassign(log); }
  // Something that had to wait need not any more.
  void GrantFree();

  GroupState state() const;
  std::uint64_t generation() const { return generation_; }
  // What most of the members name that name one; while as many name another one, it stays.
  Assignor assignor() const { return assignor_; }
  const std::map<std::string, GroupMember>& members() const { return members_; }
  const std::map<TopicPartition, std::string>& owners() const { return owners_; }
  // Nothing: nobody.
  std::optional<std::string> OwnerOf(const TopicPartition& where) const;

 private:
  using Member = std::map<std::string, GroupMember>::iterator;
  Member FindInstance(const std::string& instance_id);
  GroupResult<Member> FindOrAdd(const MemberFacts& facts, Instant now);
  Member TakeOver(Member former, const std::string& member_id, Instant now);
  void Reassign(const GroupLog& log);
  std::vector<MemberWish> Wishes() const;
  void ReleaseOfAway();
  Assignor MostNamed() const;
  // By partition: who is to own it, else who does.
  std::map<TopicPartition, std::string> Holders() const;
  void GiveOut(const std::vector<TopicPartition>& free);
  std::vector<TopicPartition> FreePartitions() const;
  void Remove(Member member);
  GroupState ComputeState() const;

  MustWait must_wait_;
  std::uint64_t generation_ = 0;
  Assignor assignor_ = kDefaultAssignor;
  std::map<std::string, GroupMember> members_;
  std::map<TopicPartition, std::string> owners_;   // the grants, by partition
  std::map<TopicPartition, std::string> targets_;  // who should own it
  mutable std::optional<GroupState> state_;        // nothing: something has changed since
};

}  // namespace logboom::broker
