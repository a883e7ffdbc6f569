#include "broker/groups/group.h"

#include <algorithm>
#include <utility>

#include "broker/groups/limits.h"
#include "broker/groups/range_assignor.h"
#include "broker/groups/sticky_assignor.h"

namespace logboom::broker {

// ---- members

Group::Member Group::FindInstance(const std::string& instance_id) {
  if (instance_id.empty()) return members_.end();
  return std::find_if(members_.begin(), members_.end(),
                      [&](const auto& one) { return one.second.facts.instance_id == instance_id; });
}

GroupResult<Group::Member> Group::FindOrAdd(const MemberFacts& facts, Instant now) {
  const Member same = FindInstance(facts.instance_id);
  const Member found = members_.find(facts.member_id);
  if (found != members_.end() && found->second.facts.instance_id != facts.instance_id) {
    return Refuse(GroupFaultCode::kInvalid,
                  "member '{}' joined as instance '{}': it can't be another one", facts.member_id,
                  found->second.facts.instance_id);
  }
  if (found != members_.end() && !found->second.away) return found;
  if (same != members_.end()) return TakeOver(same, facts.member_id, now);
  if (members_.size() >= kGroupMembersMax) {
    return Refuse(GroupFaultCode::kInvalid, "the group has {} members, as many as it may",
                  members_.size());
  }
  const Member added = members_.try_emplace(facts.member_id).first;
  added->second.joined = now.wall;
  return added;
}

// What it owned is free for a moment: where a commit of the former one is under way it waits for
// that, as any other partition would.
Group::Member Group::TakeOver(Member former, const std::string& member_id, Instant now) {
  for (const auto& [where, grant] : former->second.grants) owners_.erase(where);
  for (const TopicPartition& where : former->second.target) targets_[where] = member_id;
  GroupMember kept = std::move(former->second);
  members_.erase(former);
  const Member member = members_.try_emplace(member_id, std::move(kept)).first;
  member->second.grants.clear();
  member->second.away = false;
  member->second.joined = now.wall;
  ++generation_;
  GiveOut(FreePartitions());
  return member;
}

GroupResult<void> Group::Join(MemberFacts facts, const GroupLog& log, Instant now) {
  const auto found = FindOrAdd(facts, now);
  if (!found) return tl::unexpected(found.error());
  GroupMember& member = (*found)->second;
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
  if (found == members_.end() || found->second.away) return NoMember(member_id);
  Heard(member_id, now);
  auto& grants = found->second.grants;
  bool released = false;
  for (auto grant = grants.begin(); grant != grants.end();) {
    // A heartbeat that was sent before the answer was heard says nothing of what the answer lacks.
    const auto& revoked = grant->second.revoked;
    if (revoked && generation >= *revoked && !owned.contains(grant->first)) {
      owners_.erase(grant->first);
      grant = grants.erase(grant);
      state_.reset();
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
  if (!found->second.facts.instance_id.empty()) {
    found->second.away = true;
    ReleaseOfAway();
    GrantFree();
    return {};
  }
  Remove(found);
  Reassign(log);
  return {};
}

bool Group::PutOutLost(const GroupLog& log, Instant now) {
  const auto is_lost = [now](const GroupMember& member) {
    if (now.monotonic - member.last_heard > member.facts.silence_ms_max) return true;
    return std::any_of(member.grants.begin(), member.grants.end(), [now](const auto& one) {
      const Grant& grant = one.second;
      return grant.revoked && now.monotonic - grant.revoked_at > kGiveBackMsMax;
    });
  };
  bool any = false;
  for (auto member = members_.begin(); member != members_.end();) {
    const auto one = member++;
    if (!is_lost(one->second)) continue;
    Remove(one);
    any = true;
  }
  if (any) Reassign(log);
  return any;
}

void Group::ForgiveSilence(std::int64_t ms) {
  for (auto& [id, member] : members_) {
    member.last_heard += ms;
    for (auto& [where, grant] : member.grants) grant.revoked_at += ms;
  }
}

void Group::Remove(Member member) {
  state_.reset();
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
      grant.revoked_at = found->second.last_heard;
      state_.reset();
    }
  }
  return assigned;
}

GroupResult<void> Group::CheckInstance(const std::string& member_id,
                                       const std::string& instance_id) const {
  if (instance_id.empty() || members_.contains(member_id)) return {};
  for (const auto& [id, member] : members_) {
    if (member.facts.instance_id != instance_id) continue;
    return Refuse(GroupFaultCode::kFenced,
                  "instance '{}' of the group runs elsewhere too: '{}' on {} has taken its place; "
                  "give each its own instance id",
                  instance_id, member.facts.client_id, member.facts.host);
  }
  return {};
}

GroupResult<void> Group::CheckCommit(const std::string& member_id, std::uint64_t generation,
                                     const TopicPartition& where) const {
  auto found = members_.find(member_id);
  if (found == members_.end() || found->second.away) return NoMember(member_id);
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
  state_.reset();
  const std::vector<MemberWish> wishes = Wishes();
  std::set<std::string> names;
  for (const MemberWish& wish : wishes) names.insert(wish.topics->begin(), wish.topics->end());
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
  ReleaseOfAway();
  GiveOut(FreePartitions());
}

// In the order in which ranges are dealt out: static members keep their place in it.
std::vector<MemberWish> Group::Wishes() const {
  std::vector<std::pair<std::string_view, std::string_view>> order;
  for (const auto& [id, member] : members_) {
    order.emplace_back(member.facts.instance_id.empty() ? id : member.facts.instance_id, id);
  }
  std::sort(order.begin(), order.end());
  std::vector<MemberWish> wishes;
  wishes.reserve(order.size());
  for (const auto& [name, id] : order) {
    const GroupMember& member = members_.at(std::string(id));
    wishes.push_back({member.facts.member_id, &member.facts.topics});
  }
  return wishes;
}

// Who is away reads nothing: what it shall not get back need not be given back.
void Group::ReleaseOfAway() {
  for (auto& [id, member] : members_) {
    if (!member.away) continue;
    std::erase_if(member.grants, [&, &owner = member](const auto& one) {
      if (owner.target.contains(one.first) && !one.second.revoked) return false;
      owners_.erase(one.first);
      return true;
    });
  }
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
  state_.reset();
  for (const TopicPartition& where : free) {
    const std::string& member_id = targets_.at(where);
    owners_.emplace(where, member_id);
    members_.at(member_id).grants.emplace(where, Grant{generation_, std::nullopt, {}});
  }
}

GroupState Group::state() const {
  if (!state_) state_ = ComputeState();
  return *state_;
}

GroupState Group::ComputeState() const {
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
