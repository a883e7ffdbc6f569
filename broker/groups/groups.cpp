#include "broker/groups/groups.h"

#include <utility>

#include "broker/groups/limits.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kExpiryIntervalMs = 250;

}  // namespace

// ---- which groups there are

const Groups::Entry* Groups::Find(const std::string& group) const {
  auto found = groups_.find(group);
  return found == groups_.end() ? nullptr : &found->second;
}

Groups::Entry* Groups::Find(const std::string& group) {
  auto found = groups_.find(group);
  return found == groups_.end() ? nullptr : &found->second;
}

GroupResult<Groups::Entry*> Groups::FindOrAdd(const std::string& group) {
  if (Entry* entry = Find(group)) return entry;
  if (groups_.size() >= kGroupsMax) {
    return Refuse(GroupFaultCode::kInvalid,
                  "there are {} groups, as many as there may be: delete one that is not needed",
                  groups_.size());
  }
  return &AddEntry(group);
}

Groups::Entry& Groups::AddEntry(const std::string& group) {
  auto must_wait = [this, group](const TopicPartition& where) {
    return HasTransaction(group, where);
  };
  return groups_.try_emplace(group, std::move(must_wait)).first->second;
}

bool Groups::HasTransaction(const std::string& group, const TopicPartition& where) const {
  const Entry* entry = Find(group);
  if (entry == nullptr) return false;
  auto found = entry->offsets.find(where);
  return found != entry->offsets.end() && found->second.under_way > 0;
}

void Groups::DropEmpty(const std::string& group) {
  auto found = groups_.find(group);
  if (found == groups_.end() || !found->second.group.members().empty()) return;
  if (found->second.offsets.empty()) groups_.erase(found);
}

std::vector<std::string> Groups::Names() const {
  std::vector<std::string> names;
  names.reserve(groups_.size());
  for (const auto& [name, entry] : groups_) names.push_back(name);
  return names;
}

bool Groups::HasMembers(const std::string& group) const {
  const Entry* entry = Find(group);
  return entry != nullptr && !entry->group.members().empty();
}

std::set<std::string> Groups::MembersOf(const std::string& group) const {
  std::set<std::string> ids;
  const Entry* entry = Find(group);
  if (entry == nullptr) return ids;
  for (const auto& [id, member] : entry->group.members()) {
    if (!member.away) ids.insert(id);
  }
  return ids;
}

std::size_t Groups::member_count() const {
  std::size_t count = 0;
  for (const auto& [name, entry] : groups_) count += entry.group.members().size();
  return count;
}

// ---- members

GroupResult<GroupAssignment> Groups::Join(const std::string& group, MemberFacts facts,
                                          Instant now) {
  auto entry = FindOrAdd(group);
  if (!entry) return tl::unexpected(entry.error());
  const std::string member_id = facts.member_id;
  if (member_count() >= kAllMembersMax && !(*entry)->group.members().contains(member_id)) {
    DropEmpty(group);
    return Refuse(GroupFaultCode::kInvalid, "the groups have {} members, as many as they may",
                  kAllMembersMax);
  }
  if (auto joined = (*entry)->group.Join(std::move(facts), log_, now); !joined) {
    DropEmpty(group);
    return tl::unexpected(joined.error());
  }
  WakeUp(**entry);
  return AssignmentFor(**entry, member_id);
}

GroupResult<GroupAssignment> Groups::Heartbeat(const std::string& group,
                                               const std::string& member_id,
                                               std::uint64_t generation,
                                               const std::set<TopicPartition>& owned, Instant now) {
  Entry* entry = Find(group);
  if (entry == nullptr) return NoMember(member_id);
  if (auto heard = entry->group.Heartbeat(member_id, generation, owned, now); !heard) {
    return tl::unexpected(heard.error());
  }
  return AssignmentFor(*entry, member_id);
}

GroupResult<void> Groups::Leave(const std::string& group, const std::string& member_id) {
  Entry* entry = Find(group);
  if (entry == nullptr) return NoMember(member_id);
  auto left = entry->group.Leave(member_id, log_);
  DropEmpty(group);
  return left;
}

GroupResult<void> Groups::CheckInstance(const std::string& group, const std::string& member_id,
                                        const std::string& instance_id) const {
  const Entry* entry = Find(group);
  if (entry == nullptr) return {};
  return entry->group.CheckInstance(member_id, instance_id);
}

GroupAssignment Groups::AssignmentFor(Entry& entry, const std::string& member_id) {
  GroupAssignment assignment;
  for (const TopicPartition& where : entry.group.TakeAssignment(member_id)) {
    auto topic = log_.FindTopic(where.topic_id);
    if (!topic) continue;  // deleted; the next assignment says so too
    auto offset = entry.offsets.find(where);
    assignment.partitions.push_back(
        {*std::move(topic), where.partition,
         offset == entry.offsets.end() ? std::nullopt : offset->second.committed});
  }
  assignment.generation = entry.group.generation();
  assignment.settled = entry.group.state() == GroupState::kStable;
  return assignment;
}

void Groups::Tick(Instant now) {
  const std::int64_t unheard_ms = last_tick_ ? now.monotonic - *last_tick_ : 0;
  last_tick_ = now.monotonic;
  if (unheard_ms > kUnheardMsMax) {
    for (auto& [name, entry] : groups_) entry.group.ForgiveSilence(unheard_ms);
  }
  const bool topics_changed = topics_version_ != log_.topics_version();
  topics_version_ = log_.topics_version();
  CountSleep(now);
  if (!topics_changed && now.monotonic < next_expiry_) return;
  next_expiry_ = now.monotonic + kExpiryIntervalMs;
  StoreCorrections();
  std::vector<std::string> left;
  for (auto& [name, entry] : groups_) {
    if (entry.group.members().empty()) continue;
    if (entry.group.PutOutLost(log_, now)) left.push_back(name);
    if (topics_changed) entry.group.TopicsChanged(log_);
  }
  for (const std::string& name : left) DropEmpty(name);
}

}  // namespace logboom::broker
