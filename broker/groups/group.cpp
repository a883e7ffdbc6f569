#include "broker/groups/group.h"

#include <algorithm>
#include <utility>

#include "broker/groups/limits.h"
#include "broker/groups/range_assignor.h"
#include "broker/groups/sticky_assignor.h"

namespace logboom::broker {
GroupResult<void> Group::Join(MemberFacts facts, const GroupLog& log, Instant now) {
  auto found = members_.find(facts.member_id);
  if (found == members_.end()) {
    if (members_.size() >= kGroupMembersMax) {
      return Refuse(GroupFaultCode::kInvalid, "the group has {} members, as many as it may",
                    members_.size());
    }
    found = members_.try_emplace(facts.member_id).first;
    found->second.joined = now.wall;
  }
  GroupMember& member = found->second;
  const bool changed = member.facts.topics != facts.topics || member.facts.member_id.empty() ||
                       member.facts.assignor != facts.assignor;
  member.facts = std::move(facts);
  member.last_heard = now.monotonic;
  member.last_heard_wall = now.wall;
  if (changed) Reassign(log);
  return {};
}

GroupResult<void> Group::Heartbeat(const std::string& member_id, std::uint64_t generation,
                                   const std::set<TopicPartition>& owned, Instant now) {
  auto found = members_.find(member_id);
  if (found == members_.end()) return NoMember(member_id);
  Heard(member_id, now);
  auto& grants = found->second.grants;
  bool released = false;
  for (auto grant = grants.begin(); grant != grants.end();) {
    // A heartbeat that was sent before the answer was heard says nothing of what the answer lacks.
    const auto& revoked = grant->second.revoked;
    if (revoked && generation >= *revoked && !owned.contains(grant->first)) {
      owners_.erase(grant->first);
      grant = grants.erase(grant);
      released = true;
    } else {
      ++grant;
    }
  }
  if (released) GrantFree();
  return {};
}

GroupResult<void> Group::Leave(const std::string& member_id, const GroupLog& log) {
  auto found = members_.find(member_id);
  if (found == members_.end()) return NoMember(member_id);
  Remove(found);
  Reassign(log);
  return {};
}

bool Group::ExpireSilent(const GroupLog& log, Instant now) {
  bool any = false;
  for (auto member = members_.begin(); member != members_.end();) {
    const auto one = member++;
    if (now.monotonic - one->second.last_heard <= one->second.facts.silence_ms_max) continue;
    Remove(one);
    any = true;
  }
  if (any) Reassign(log);
  return any;
}

void Group::ForgiveSilence(std::int64_t ms) {
  for (auto& [id, member] : members_) member.last_heard += ms;
}

void Group::Remove(std::map<std::string, GroupMember>::iterator member) {
  for (const auto& [where, grant] : member->second.grants) owners_.erase(where);
  members_.erase(member);
}

std::vector<TopicPartition> Group::TakeAssignment(const std::string& member_id) {
  std::vector<TopicPartition> assigned;
  auto found = members_.find(member_id);
  if (found == members_.end()) return assigned;
  for (auto& [where, grant] : found->second.grants) {
    if (!grant.revoked && found->second.target.contains(where)) {
      assigned.push_back(where);
    } else if (!grant.revoked) {
      grant.revoked = generation_;
    }
  }
  return assigned;
}

GroupResult<void> Group::CheckCommit(const std::string& member_id, std::uint64_t generation,
                                     const TopicPartition& where) const {
  auto found = members_.find(member_id);
  if (found == members_.end()) return NoMember(member_id);
  auto grant = found->second.grants.find(where);
  if (grant == found->second.grants.end()) {
    return Refuse(GroupFaultCode::kStaleGeneration,
                  "member '{}' does not own partition {}: it went to another member; drop what was "
                  "read of it",
                  member_id, where.partition);
  }
  if (generation < grant->second.generation || generation > generation_) {
    return Refuse(GroupFaultCode::kStaleGeneration,
                  "a commit of generation {}: member '{}' owns partition {} since generation {}, "
                  "and the group's is {}; drop what was read before",
                  generation, member_id, where.partition, grant->second.generation, generation_);
  }
  return {};
}

void Group::Heard(const std::string& member_id, Instant now) {
  auto found = members_.find(member_id);
  if (found == members_.end()) return;
  found->second.last_heard = now.monotonic;
  found->second.last_heard_wall = now.wall;
}

void Group::Reassign(const GroupLog& log) {
  ++generation_;
  std::vector<MemberWish> wishes;
  std::set<std::string> names;
  for (const auto& [id, member] : members_) {
    wishes.push_back({id, &member.facts.topics});
    names.insert(member.facts.topics.begin(), member.facts.topics.end());
  }
  std::vector<GroupTopic> topics;
  for (const std::string& name : names) {
    if (auto topic = log.FindTopic(name)) topics.push_back(*std::move(topic));
  }
  assignor_ = MostNamed();
  auto assigned = assignor_ == Assignor::kRange ? AssignRanges(wishes, topics)
                                                : AssignSticky(wishes, topics, Holders());
  targets_.clear();
  for (auto& [id, member] : members_) {
    member.target = std::move(assigned[id]);
    for (const TopicPartition& where : member.target) targets_.emplace(where, id);
  }
  GiveOut(FreePartitions());
}

Assignor Group::MostNamed() const {
  std::map<Assignor, std::size_t> named;
  for (const auto& [id, member] : members_) {
    if (member.facts.assignor) ++named[*member.facts.assignor];
  }
  if (named.empty()) return kDefaultAssignor;
  const auto most = std::max_element(
      named.begin(), named.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto current = named.find(assignor_);
  return current != named.end() && current->second == most->second ? assignor_ : most->first;
}

std::map<TopicPartition, std::string> Group::Holders() const {
  std::map<TopicPartition, std::string> holders = owners_;
  for (const auto& [where, member_id] : targets_) {
    if (members_.contains(member_id)) holders[where] = member_id;
  }
  return holders;
}

void Group::GrantFree() {
  const std::vector<TopicPartition> free = FreePartitions();
  if (free.empty()) return;
  // The members may have heard the generation of now: it says nothing of these grants.
  ++generation_;
  GiveOut(free);
}

std::vector<TopicPartition> Group::FreePartitions() const {
  std::vector<TopicPartition> free;
  for (const auto& [where, member_id] : targets_) {
    if (!owners_.contains(where) && !must_wait_(where)) free.push_back(where);
  }
  return free;
}

void Group::GiveOut(const std::vector<TopicPartition>& free) {
  for (const TopicPartition& where : free) {
    const std::string& member_id = targets_.at(where);
    owners_.emplace(where, member_id);
    members_.at(member_id).grants.emplace(where, Grant{generation_, std::nullopt});
  }
}

GroupState Group::state() const {
  if (members_.empty()) return GroupState::kEmpty;
  if (owners_ != targets_) return GroupState::kRebalancing;
  for (const auto& [id, member] : members_) {
    for (const auto& [where, grant] : member.grants) {
      if (grant.revoked) return GroupState::kRebalancing;
    }
  }
  return GroupState::kStable;
}

std::optional<std::string> Group::OwnerOf(const TopicPartition& where) const {
  auto found = owners_.find(where);
  if (found == owners_.end()) return std::nullopt;
  return found->second;
}

}  // namespace logboom::broker
