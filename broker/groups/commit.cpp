// What groups have committed: taken, stored, moved, deleted, and found again at the start.
#include <algorithm>
#include <utility>

#include "broker/groups/groups.h"
#include "broker/groups/limits.h"
#include "lib/base/check.h"

namespace logboom::broker {
namespace {

GroupFault UnknownPartition(const TopicPartition& where) {
  return {GroupFaultCode::kUnknownPartition,
          fmt::format("there is no partition {} of a topic with this id: it may have been deleted",
                      where.partition),
          ErrorCode::kNotFound};
}

tl::unexpected<GroupFault> NotEmpty(const std::string& group, const Group& members) {
  return Refuse(GroupFaultCode::kGroupNotEmpty, "group '{}' has {} members: stop them first", group,
                members.members().size());
}

}  // namespace

std::optional<GroupFault> Groups::Check(const Entry& entry, const CommitRequest& request,
                                        const OffsetCommit& one) const {
  const auto log = log_.BoundsOf(one.where);
  if (!log) return UnknownPartition(one.where);
  if (!request.member_id.empty()) {
    auto counts = entry.group.CheckCommit(request.member_id, request.generation, one.where);
    if (!counts) return counts.error();
  }
  if (one.offset < Offset{0} || one.offset > log->end) {
    return Refuse(GroupFaultCode::kOffsetOutOfRange,
                  "offset {} of partition {}: what can be read ends at {}", one.offset,
                  one.where.partition, log->end)
        .value();
  }
  if (one.leader_epoch < LeaderEpoch{-1}) {
    return Refuse(GroupFaultCode::kInvalid, "a leader epoch of {}", one.leader_epoch).value();
  }
  if (one.metadata.size() > kOffsetMetadataBytesMax) {
    return Refuse(GroupFaultCode::kTooLong, "a note of {} bytes: it takes {}", one.metadata.size(),
                  kOffsetMetadataBytesMax)
        .value();
  }
  return std::nullopt;
}

GroupResult<void> Groups::Commit(CommitRequest request, Instant now,
                                 std::function<void(CommitOutcome)> done) {
  Entry* entry = Find(request.group);
  if (request.member_id.empty()) {
    if (entry != nullptr && !entry->group.members().empty()) {
      return NotEmpty(request.group, entry->group);
    }
    auto added = FindOrAdd(request.group);
    if (!added) return tl::unexpected(added.error());
    entry = *added;
  } else if (entry == nullptr || !entry->group.members().contains(request.member_id)) {
    return NoMember(request.member_id);
  }
  entry->group.Heard(request.member_id, now);
  CommitOutcome outcome(request.offsets.size());
  std::vector<Accepted> accepted;
  for (std::size_t i = 0; i < request.offsets.size(); ++i) {
    OffsetCommit& one = request.offsets[i];
    outcome[i] = Check(*entry, request, one);
    if (outcome[i]) continue;
    accepted.push_back(
        {i, one.where, {one.offset, one.leader_epoch, std::move(one.metadata), now.wall}});
  }
  Submit(request.group, std::move(accepted), CommitKind::kCommit, std::move(outcome),
         std::move(done));
  return {};
}

GroupResult<void> Groups::Reset(const std::string& group, std::vector<OffsetCommit> offsets,
                                Instant now, std::function<void(CommitOutcome)> done) {
  auto added = FindOrAdd(group);
  if (!added) return tl::unexpected(added.error());
  Entry& entry = **added;
  if (!entry.group.members().empty()) return NotEmpty(group, entry.group);
  const CommitRequest as_nobody{group, {}, 0, {}};
  CommitOutcome outcome(offsets.size());
  std::vector<Accepted> accepted;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    outcome[i] = Check(entry, as_nobody, offsets[i]);
    if (outcome[i]) continue;
    accepted.push_back({i, offsets[i].where, {offsets[i].offset, LeaderEpoch{-1}, {}, now.wall}});
  }
  Submit(group, std::move(accepted), CommitKind::kReset, std::move(outcome), std::move(done));
  return {};
}

void Groups::Submit(const std::string& group, std::vector<Accepted> accepted, CommitKind kind,
                    CommitOutcome outcome, std::function<void(CommitOutcome)> done) {
  if (accepted.empty()) {
    DropEmpty(group);
    done(std::move(outcome));
    return;
  }
  Entry* entry = Find(group);
  CHECK(entry != nullptr);
  MetadataTransaction transaction;
  // A copy without the group would let it begin anew where the database is lost; one that is old
  // lets it read again what it has read since.
  transaction.renew_copy_soon = std::ranges::none_of(
      entry->offsets, [](const auto& one) { return one.second.committed.has_value(); });
  for (const Accepted& one : accepted) {
    ++entry->offsets[one.where].under_way;
    transaction.Put(Table::kCommittedOffset, CommittedOffsetKey(group, one.where),
                    EncodeCommittedOffset(one.committed));
  }
  log_.Commit(std::move(transaction), [this, group, accepted = std::move(accepted), kind,
                                       outcome = std::move(outcome),
                                       done = std::move(done)](const Status& stored) mutable {
    for (const Accepted& one : accepted) {
      if (stored.ok()) Settle(group, one, kind);
      if (!stored.ok()) {
        outcome[one.index] =
            GroupFault{GroupFaultCode::kStore, stored.error().message, stored.error().code};
      }
      if (!EndTransaction(group, one.where)) {
        outcome[one.index] = UnknownPartition(one.where);
      }
    }
    if (Entry* now = Find(group)) now->group.GrantFree();
    DropEmpty(group);
    done(std::move(outcome));
  });
}

void Groups::Settle(const std::string& group, const Accepted& one, CommitKind kind) {
  Entry* entry = Find(group);
  if (entry == nullptr) return;
  auto found = entry->offsets.find(one.where);
  if (found == entry->offsets.end()) return;  // the topic was deleted meanwhile
  PartitionOffset& offset = found->second;
  const auto log = log_.BoundsOf(one.where);
  if (log && offset.committed && one.committed.offset > offset.committed->offset) {
    const Offset reached = std::min(one.committed.offset, log->start);
    offset.skipped_records += std::max<std::int64_t>(0, reached - offset.committed->offset);
  }
  if (kind == CommitKind::kReset) offset.history.Clear();
  WakeUp(*entry);
  offset.history.Add(one.committed.offset, log, one.committed.time);
  offset.committed = one.committed;
}

bool Groups::EndTransaction(const std::string& group, const TopicPartition& where) {
  Entry* entry = Find(group);
  if (entry == nullptr) return false;
  auto found = entry->offsets.find(where);
  if (found == entry->offsets.end()) return false;
  --found->second.under_way;
  if (found->second.under_way == 0 && !found->second.committed) entry->offsets.erase(found);
  return true;
}

GroupResult<void> Groups::Delete(const std::string& group, std::function<void(Status)> done) {
  Entry* entry = Find(group);
  if (entry == nullptr) {
    return Refuse(GroupFaultCode::kUnknownGroup, "there is no group '{}'", group);
  }
  if (!entry->group.members().empty()) return NotEmpty(group, entry->group);
  MetadataTransaction remove;
  std::vector<TopicPartition> removed;
  for (auto& [where, offset] : entry->offsets) {
    remove.Remove(Table::kCommittedOffset, CommittedOffsetKey(group, where));
    removed.push_back(where);
    ++offset.under_way;
  }
  if (entry->slept_stored_ms > 0) remove.Remove(Table::kGroupSleep, group);
  log_.Commit(std::move(remove), [this, group, removed = std::move(removed),
                                  done = std::move(done)](const Status& stored) {
    for (const TopicPartition& where : removed) {
      Entry* now = Find(group);
      if (now == nullptr) break;
      auto found = now->offsets.find(where);
      if (stored.ok() && found != now->offsets.end()) {
        PartitionOffset nothing;
        nothing.under_way = found->second.under_way;
        found->second = std::move(nothing);
      }
      EndTransaction(group, where);
    }
    if (Entry* now = Find(group)) now->group.GrantFree();
    DropEmpty(group);
    done(stored);
  });
  return {};
}

void Groups::ForgetTopic(const Uuid& topic_id) {
  MetadataTransaction forget;
  const TopicPartition first{topic_id, PartitionIndex{0}};
  for (auto& [name, entry] : groups_) {
    auto offset = entry.offsets.lower_bound(first);
    while (offset != entry.offsets.end() && offset->first.topic_id == topic_id) {
      forget.Remove(Table::kCommittedOffset, CommittedOffsetKey(name, offset->first));
      offset = entry.offsets.erase(offset);
    }
  }
  for (const std::string& name : Names()) DropEmpty(name);
  // Should this fail, the next start forgets rows of topics that are not there.
  if (!forget.writes.empty()) log_.Commit(std::move(forget), [](const Status&) {});
}

std::optional<CommittedOffset> Groups::CommittedOf(const std::string& group,
                                                   const TopicPartition& where) const {
  const Entry* entry = Find(group);
  if (entry == nullptr) return std::nullopt;
  auto found = entry->offsets.find(where);
  return found == entry->offsets.end() ? std::nullopt : found->second.committed;
}

std::vector<std::pair<TopicPartition, CommittedOffset>> Groups::CommittedOf(
    const std::string& group) const {
  std::vector<std::pair<TopicPartition, CommittedOffset>> committed;
  const Entry* entry = Find(group);
  if (entry == nullptr) return committed;
  for (const auto& [where, offset] : entry->offsets) {
    if (offset.committed) committed.emplace_back(where, *offset.committed);
  }
  return committed;
}

// ---- start

Result<std::vector<std::string>> Groups::Load(const std::vector<MetadataRow>& rows) {
  std::vector<std::string> notes;
  MetadataTransaction forget;
  for (const MetadataRow& row : rows) {
    ASSIGN_OR_RETURN(CommittedOffsetRow decoded, DecodeCommittedOffsetRow(row.key, row.value));
    const auto log = log_.BoundsOf(decoded.where);
    if (!log) {
      forget.Remove(Table::kCommittedOffset, row.key);
      continue;
    }
    if (decoded.committed.offset > log->end) {
      notes.push_back(GoBackToEnd(decoded, *log));
      uncorrected_.emplace(decoded.group, decoded.where);
    }
    Entry* known = Find(decoded.group);
    Entry& entry = known == nullptr ? AddEntry(decoded.group) : *known;
    PartitionOffset& offset = entry.offsets[decoded.where];
    offset.history.Add(decoded.committed.offset, std::nullopt, decoded.committed.time);
    offset.committed = std::move(decoded.committed);
  }
  if (!forget.writes.empty()) log_.Commit(std::move(forget), [](const Status&) {});
  StoreCorrections();
  return notes;
}

std::vector<std::string> Groups::BehindOf(const TopicPartition& where, Offset offset) const {
  std::vector<std::string> behind;
  for (const auto& [name, entry] : groups_) {
    const auto found = entry.offsets.find(where);
    if (found == entry.offsets.end() || !found->second.committed) continue;
    if (found->second.committed->offset < offset) behind.push_back(name);
  }
  return behind;
}

// Should a row stay as it was, and the log grow past it, the next start would believe it.
void Groups::StoreCorrections() {
  if (correcting_ || uncorrected_.empty()) return;
  MetadataTransaction correct;
  auto stored = uncorrected_;
  for (const auto& one : uncorrected_) {
    const auto& [group, where] = one;
    if (HasTransaction(group, where)) {
      stored.erase(one);  // what is under way is newer than what would be written here
    } else if (const auto committed = CommittedOf(group, where)) {
      correct.Put(Table::kCommittedOffset, CommittedOffsetKey(group, where),
                  EncodeCommittedOffset(*committed));
    }
  }
  correcting_ = true;
  log_.Commit(std::move(correct), [this, stored = std::move(stored)](const Status& status) {
    correcting_ = false;
    if (!status.ok()) return;  // again at a later Tick()
    for (const auto& one : stored) uncorrected_.erase(one);
  });
}

// The log was cut or exchanged, and what comes now stands where the group believes to have read: it
// must read that.
std::string Groups::GoBackToEnd(CommittedOffsetRow& row, const LogBounds& log) const {
  const auto topic = log_.FindTopic(row.where.topic_id);
  std::string note = fmt::format(
      "group '{}' had read topic '{}', partition {} up to offset {}, but it ends at {} now: the "
      "group goes on from there",
      row.group, topic ? topic->name : std::string(), row.where.partition, row.committed.offset,
      log.end);
  row.committed.offset = log.end;
  row.committed.leader_epoch = LeaderEpoch{-1};
  return note;
}

}  // namespace logboom::broker
