#include "broker/groups/sticky_assignor.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "broker/groups/limits.h"

namespace logboom::broker {
namespace {

using MemberIndex = std::size_t;
using TopicIndex = std::size_t;

// How many partitions of which topic each member gets; which ones these are comes last, since all
// partitions of a topic are alike. Members with the same wishes stand in one class, so that a group
// in which all want the same is searched at once, whatever its size.
class Shares {
 public:
  Shares(const std::vector<MemberWish>& members, const std::vector<GroupTopic>& topics);

  bool Wants(MemberIndex member, TopicIndex topic) const;
  void Add(MemberIndex member, TopicIndex topic, std::int32_t count);
  // What nobody has goes to those with the least; topics that few want first, the others can be
  // dealt out around them.
  void DealOutRest();
  // Moves on what makes numbers more equal.
  void Level();

  const std::map<TopicIndex, std::int32_t>& HeldBy(MemberIndex member) const {
    return members_[member].held;
  }

 private:
  using ByLoad = std::set<std::pair<std::int64_t, MemberIndex>>;
  struct Member {
    std::size_t wish = 0;  // its class
    std::int64_t load = 0;
    std::map<TopicIndex, std::int32_t> held;  // above 0
  };
  struct Wish {
    std::set<TopicIndex> topics;
    ByLoad by_load;
    std::map<TopicIndex, std::set<MemberIndex>> holders;
  };
  struct Topic {
    std::int32_t rest = 0;
    std::vector<std::size_t> wishes;
  };
  // `giver` passes one of `topic` on, and gets one from the step before.
  struct Step {
    TopicIndex topic = 0;
    MemberIndex giver = 0;
    std::optional<std::size_t> before;
  };

  // Who has the least of those that want it.
  std::optional<std::pair<std::int64_t, MemberIndex>> PoorestFor(TopicIndex topic) const;
  // False: nobody that can be reached has at least two fewer.
  bool PassOn(MemberIndex from);
  std::vector<Step> FirstSteps(MemberIndex from, std::vector<bool>& seen) const;

  std::vector<Member> members_;
  std::vector<Topic> topics_;
  std::vector<Wish> wishes_;
  ByLoad by_load_;
  ByLoad givers_;  // those of them that may have somebody to give to
  std::size_t steps_ = 0;
};

Shares::Shares(const std::vector<MemberWish>& members, const std::vector<GroupTopic>& topics)
    : members_(members.size()), topics_(topics.size()) {
  std::map<std::set<std::string>, std::size_t> known;
  for (MemberIndex i = 0; i < members.size(); ++i) {
    const auto [wish, added] = known.try_emplace(*members[i].topics, wishes_.size());
    if (added) wishes_.emplace_back();
    members_[i].wish = wish->second;
    wishes_[wish->second].by_load.emplace(0, i);
    by_load_.emplace(0, i);
  }
  for (TopicIndex i = 0; i < topics.size(); ++i) {
    topics_[i].rest = topics[i].partitions;
    for (const auto& [names, wish] : known) {
      if (!names.contains(topics[i].name)) continue;
      topics_[i].wishes.push_back(wish);
      wishes_[wish].topics.insert(i);
    }
    std::sort(topics_[i].wishes.begin(), topics_[i].wishes.end());
  }
}

bool Shares::Wants(MemberIndex member, TopicIndex topic) const {
  return wishes_[members_[member].wish].topics.contains(topic);
}

void Shares::Add(MemberIndex index, TopicIndex topic, std::int32_t count) {
  Member& member = members_[index];
  Wish& wish = wishes_[member.wish];
  wish.by_load.erase({member.load, index});
  by_load_.erase({member.load, index});
  const bool gives = givers_.erase({member.load, index}) > 0;
  member.load += count;
  wish.by_load.emplace(member.load, index);
  by_load_.emplace(member.load, index);
  if (gives) givers_.emplace(member.load, index);
  topics_[topic].rest -= count;
  auto held = member.held.try_emplace(topic, 0).first;
  held->second += count;
  if (held->second > 0) {
    wish.holders[topic].insert(index);
    return;
  }
  member.held.erase(held);
  auto holders = wish.holders.find(topic);
  holders->second.erase(index);
  if (holders->second.empty()) wish.holders.erase(holders);
}

std::optional<std::pair<std::int64_t, MemberIndex>> Shares::PoorestFor(TopicIndex topic) const {
  std::optional<std::pair<std::int64_t, MemberIndex>> poorest;
  for (const std::size_t wish : topics_[topic].wishes) {
    const auto& least = *wishes_[wish].by_load.begin();
    if (!poorest || least < *poorest) poorest = least;
  }
  return poorest;
}

void Shares::DealOutRest() {
  std::vector<std::pair<std::size_t, TopicIndex>> order;
  for (TopicIndex i = 0; i < topics_.size(); ++i) {
    std::size_t wanting = 0;
    for (const std::size_t wish : topics_[i].wishes) wanting += wishes_[wish].by_load.size();
    if (wanting > 0) order.emplace_back(wanting, i);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [wanting, topic] : order) {
    while (topics_[topic].rest > 0) Add(PoorestFor(topic)->second, topic, 1);
  }
}

void Shares::Level() {
  givers_ = by_load_;
  while (!givers_.empty() && steps_ < kStickyStepsMax) {
    const auto [load, richest] = *givers_.rbegin();
    if (load - by_load_.begin()->first <= 1) return;
    // Who can't give now can't later: no way of those with less leads to whom it can reach.
    if (!PassOn(richest)) givers_.erase({load, richest});
  }
}

// Of what it has most first: so that each topic stays spread.
std::vector<Shares::Step> Shares::FirstSteps(MemberIndex from, std::vector<bool>& seen) const {
  std::vector<Step> steps;
  for (const auto& [topic, count] : members_[from].held) {
    steps.push_back({topic, from, std::nullopt});
    seen[topic] = true;
  }
  std::stable_sort(steps.begin(), steps.end(), [&](const Step& a, const Step& b) {
    return members_[from].held.at(a.topic) > members_[from].held.at(b.topic);
  });
  return steps;
}

bool Shares::PassOn(MemberIndex from) {
  std::vector<bool> seen_topics(topics_.size());
  std::vector<bool> seen_wishes(wishes_.size());
  std::vector<Step> steps = FirstSteps(from, seen_topics);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const TopicIndex topic = steps[i].topic;
    steps_ += 1 + topics_[topic].wishes.size();
    const auto poorest = PoorestFor(topic);
    if (poorest && poorest->first <= members_[from].load - 2) {
      MemberIndex taker = poorest->second;
      for (std::optional<std::size_t> at = i; at; at = steps[*at].before) {
        const Step step = steps[*at];
        Add(step.giver, step.topic, -1);
        Add(taker, step.topic, 1);
        taker = step.giver;
      }
      return true;
    }
    for (const std::size_t wish : topics_[topic].wishes) {
      if (seen_wishes[wish]) continue;
      seen_wishes[wish] = true;
      steps_ += wishes_[wish].holders.size();
      for (const auto& [held, holders] : wishes_[wish].holders) {
        if (seen_topics[held]) continue;
        seen_topics[held] = true;
        steps.push_back({held, *holders.begin(), i});
      }
    }
  }
  return false;
}

// Of a topic, by member: the partitions that it had, in order.
using Had = std::vector<std::map<MemberIndex, std::vector<PartitionIndex>>>;

Had FindHad(const std::vector<MemberWish>& members, const std::vector<GroupTopic>& topics,
            const std::map<TopicPartition, std::string>& previous, const Shares& shares) {
  std::map<Uuid, TopicIndex> topic_of;
  for (TopicIndex i = 0; i < topics.size(); ++i) topic_of.emplace(topics[i].topic_id, i);
  std::map<std::string_view, MemberIndex> member_of;
  for (MemberIndex i = 0; i < members.size(); ++i) member_of.emplace(members[i].member_id, i);
  Had had(topics.size());
  for (const auto& [where, member_id] : previous) {
    const auto topic = topic_of.find(where.topic_id);
    const auto member = member_of.find(member_id);
    if (topic == topic_of.end() || member == member_of.end()) continue;
    const std::int32_t number = where.partition.value();
    if (number < 0 || number >= topics[topic->second].partitions) continue;
    if (!shares.Wants(member->second, topic->second)) continue;
    had[topic->second][member->second].push_back(where.partition);
  }
  return had;
}

// Each keeps as many of a topic as it has a share of; the others go round.
class Naming {
 public:
  Naming(const std::vector<MemberWish>& members, const std::vector<GroupTopic>& topics)
      : members_(members), topics_(topics) {}

  Assignment Name(const Shares& shares, const Had& had) {
    std::vector<std::map<MemberIndex, std::int32_t>> wanting(topics_.size());
    for (MemberIndex i = 0; i < members_.size(); ++i) {
      for (const auto& [topic, count] : shares.HeldBy(i)) wanting[topic].emplace(i, count);
    }
    for (TopicIndex i = 0; i < topics_.size(); ++i) NameOf(i, wanting[i], had[i]);
    return std::move(assigned_);
  }

 private:
  void NameOf(TopicIndex topic, std::map<MemberIndex, std::int32_t>& wanting,
              const std::map<MemberIndex, std::vector<PartitionIndex>>& had) {
    std::vector<bool> kept(static_cast<std::size_t>(topics_[topic].partitions));
    for (const auto& [member, partitions] : had) {
      const auto share = wanting.find(member);
      if (share == wanting.end()) continue;
      for (const PartitionIndex partition : partitions) {
        if (share->second == 0) break;
        --share->second;
        kept[static_cast<std::size_t>(partition.value())] = true;
        Give(member, topic, partition);
      }
    }
    auto next = wanting.begin();
    for (std::int32_t i = 0; i < topics_[topic].partitions; ++i) {
      if (kept[static_cast<std::size_t>(i)]) continue;
      while (next != wanting.end() && next->second == 0) ++next;
      if (next == wanting.end()) return;  // nobody wants the topic
      --next->second;
      Give(next->first, topic, PartitionIndex{i});
    }
  }
  void Give(MemberIndex member, TopicIndex topic, PartitionIndex partition) {
    assigned_[members_[member].member_id].insert({topics_[topic].topic_id, partition});
  }

  const std::vector<MemberWish>& members_;
  const std::vector<GroupTopic>& topics_;
  Assignment assigned_;
};

}  // namespace

Assignment AssignSticky(const std::vector<MemberWish>& members,
                        const std::vector<GroupTopic>& topics,
                        const std::map<TopicPartition, std::string>& previous) {
  Shares shares(members, topics);
  const Had had = FindHad(members, topics, previous, shares);
  for (TopicIndex i = 0; i < had.size(); ++i) {
    for (const auto& [member, partitions] : had[i]) {
      shares.Add(member, i, static_cast<std::int32_t>(partitions.size()));
    }
  }
  shares.DealOutRest();
  shares.Level();
  return Naming(members, topics).Name(shares, had);
}

}  // namespace logboom::broker
