// All consumer groups: their members (Group), and how far each group has read what (committed
// offsets).
//
// A committed offset is visible, and acknowledged, once it is durable in the metadata store, and
// not before. After a crash: every offset that was acknowledged. Members are forgotten, and so is
// what lag's status rests on.
//
// A group that has had neither members nor a commit for `offsets_retention_ms` is forgotten. Only
// time counts in which a broker ran (expiry.cpp); at most an hour of it is lost in a crash.
//
// One owner, one thread; callbacks as GroupLog's. What the protocol says of names, ids and sizes is
// checked by the caller; the numbers of groups and members are bounded here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/groups/committed_offset.h"
#include "broker/groups/description.h"
#include "broker/groups/group.h"
#include "broker/groups/group_fault.h"
#include "broker/groups/group_log.h"
#include "broker/groups/lag.h"
#include "broker/metadata/metadata_store.h"
#include "lib/base/result.h"
#include "lib/base/types.h"

namespace logboom::broker {

struct AssignedPartition {
  GroupTopic topic;
  PartitionIndex partition;
  std::optional<CommittedOffset> committed;
};

// All that a member may read now.
struct GroupAssignment {
  std::uint64_t generation = 0;
  bool settled = false;  // each member of the group owns what it should
  std::vector<AssignedPartition> partitions;
};

struct OffsetCommit {
  TopicPartition where;
  Offset offset;
  LeaderEpoch leader_epoch{-1};
  Bytes metadata;
};

struct CommitRequest {
  std::string group;
  std::string member_id;  // empty: of no member, which a group without members takes
  std::uint64_t generation = 0;
  std::vector<OffsetCommit> offsets;
};

// Nothing: committed. In the order of the request.
using CommitOutcome = std::vector<std::optional<GroupFault>>;

struct GroupOptions {
  // 0: for ever.
  std::int64_t offsets_retention_ms = 7LL * 24 * 3'600'000;
};

struct GroupCounters {
  std::uint64_t groups_expired = 0;
  std::uint64_t offsets_expired = 0;  // of them
};

class Groups {
 public:
  explicit Groups(GroupLog& log, const GroupOptions& options = {})
      : log_(log), options_(options), topics_version_(log.topics_version()) {}
  Groups(const Groups&) = delete;
  Groups& operator=(const Groups&) = delete;

  // Once, before anything else: the rows of Table::kCommittedOffset. Those of topics that are gone
  // are removed; those behind the end of a log that was cut go back to it. Each note is a sentence
  // worth a warning.
  Result<std::vector<std::string>> Load(const std::vector<MetadataRow>& rows);

  // After Load(): the rows of Table::kGroupSleep.
  void LoadSleep(const std::vector<MetadataRow>& rows);
  // The groups that have committed an offset of the partition below `offset`, by name.
  std::vector<std::string> BehindOf(const TopicPartition& where, Offset offset) const;

  // ---- members
  GroupResult<GroupAssignment> Join(const std::string& group, MemberFacts facts, Instant now);
  GroupResult<GroupAssignment> Heartbeat(const std::string& group, const std::string& member_id,
                                         std::uint64_t generation,
                                         const std::set<TopicPartition>& owned, Instant now);
  GroupResult<void> Leave(const std::string& group, const std::string& member_id);
  // To be asked before whatever else a member says under an instance id, save its join: kFenced
  // where the instance is another member's now.
  GroupResult<void> CheckInstance(const std::string& group, const std::string& member_id,
                                  const std::string& instance_id) const;

  // ---- committed offsets
  // A fault of the whole request comes at once, and `done` is not called; else `done` is called
  // when all that could be committed is durable.
  GroupResult<void> Commit(CommitRequest request, Instant now,
                           std::function<void(CommitOutcome)> done);
  // As Commit without a member; and what was committed before no longer counts as history.
  GroupResult<void> Reset(const std::string& group, std::vector<OffsetCommit> offsets, Instant now,
                          std::function<void(CommitOutcome)> done);
  // Removes the group's offsets; `done` when that is durable.
  GroupResult<void> Delete(const std::string& group, std::function<void(Status)> done);
  std::optional<CommittedOffset> CommittedOf(const std::string& group,
                                             const TopicPartition& where) const;
  // All that are committed, in order.
  std::vector<std::pair<TopicPartition, CommittedOffset>> CommittedOf(
      const std::string& group) const;
  // The topic was deleted: so are its offsets.
  void ForgetTopic(const Uuid& topic_id);

  // ---- what people see
  std::vector<std::string> Names() const;
  bool HasMembers(const std::string& group) const;
  // Those that it hears: without those that are away.
  std::set<std::string> MembersOf(const std::string& group) const;
  // Nothing where there is no such group. Looks up when records arrived, at most once for each
  // committed offset.
  std::optional<GroupDescription> Describe(const std::string& group, TimestampMs now);
  std::size_t group_count() const { return groups_.size(); }
  std::size_t member_count() const;
  const GroupCounters& counters() const { return counters_; }

  // Members that are lost leave; assignments follow the topics.
  void Tick(Instant now);

 private:
  struct PartitionOffset {
    std::optional<CommittedOffset> committed;  // durable
    CommitHistory history;
    std::int64_t skipped_records = 0;  // by commits that were made; the newest gap is not in it
    int under_way = 0;                 // transactions that change it
    // When the record at this offset arrived, as the log said.
    struct Arrival {
      Offset offset;
      std::optional<TimestampMs> time;
    };
    std::optional<Arrival> arrival;
  };
  struct Entry {
    explicit Entry(Group::MustWait must_wait) : group(std::move(must_wait)) {}
    Group group;
    std::map<TopicPartition, PartitionOffset> offsets;
    std::int64_t slept_ms = 0;
    std::int64_t slept_stored_ms = 0;  // as the row says; 0: there is none
    bool expiring = false;
  };
  enum class CommitKind { kCommit, kReset };
  struct Accepted {
    std::size_t index = 0;  // in the request
    TopicPartition where;
    CommittedOffset committed;
  };

  const Entry* Find(const std::string& group) const;
  Entry* Find(const std::string& group);
  // kInvalid where there are as many groups as there may be.
  GroupResult<Entry*> FindOrAdd(const std::string& group);
  Entry& AddEntry(const std::string& group);
  // Whether one is under way that changes the partition's offset.
  bool HasTransaction(const std::string& group, const TopicPartition& where) const;
  // A group without members and offsets is none.
  void DropEmpty(const std::string& group);
  GroupAssignment AssignmentFor(Entry& entry, const std::string& member_id);
  std::optional<GroupFault> Check(const Entry& entry, const CommitRequest& request,
                                  const OffsetCommit& one) const;
  void Submit(const std::string& group, std::vector<Accepted> accepted, CommitKind kind,
              CommitOutcome outcome, std::function<void(CommitOutcome)> done);
  void Settle(const std::string& group, const Accepted& one, CommitKind kind);
  // One transaction fewer changes it. False: the topic was deleted meanwhile.
  bool EndTransaction(const std::string& group, const TopicPartition& where);
  // Rows that still say what Load() found are written anew, until that succeeds.
  void StoreCorrections();
  // expiry.cpp
  static void WakeUp(Entry& entry);
  std::optional<std::int64_t> ExpiresInMs(const Entry& entry) const;
  void CountSleep(Instant now);
  static void StoreSleep(const std::string& name, Entry& entry, TimestampMs now,
                         MetadataTransaction& store);
  void Expire(const std::string& name);
  // Gives a note of it.
  std::string GoBackToEnd(CommittedOffsetRow& row, const LogBounds& log) const;
  // `offset`: nothing is committed where there is none. Nothing where the partition is gone.
  std::optional<GroupPartition> DescribePartition(const Entry& entry, const GroupTopic& topic,
                                                  const TopicPartition& where,
                                                  PartitionOffset* offset, TimestampMs now);
  std::optional<TimestampMs> ArrivalOf(const TopicPartition& where, PartitionOffset& offset,
                                       const LogBounds& log);

  GroupLog& log_;
  GroupOptions options_;
  GroupCounters counters_;
  std::map<std::string, Entry> groups_;
  std::set<std::pair<std::string, TopicPartition>> uncorrected_;
  bool correcting_ = false;
  std::uint64_t topics_version_;
  std::optional<MonotonicMs> last_tick_;
  MonotonicMs next_expiry_;
  MonotonicMs next_sleep_count_;
};

}  // namespace logboom::broker
