#include "broker/groups/sticky_assignor.h"

#include <algorithm>
#include <numeric>

#include "lib/base/random.h"
#include "tests/broker/groups/fake_group_log.h"

namespace logboom::broker {
namespace {

using Owners = std::map<TopicPartition, std::string>;

// A group that changes, and what is dealt out after each change.
struct Dealer {
  std::map<std::string, std::set<std::string>> wishes;
  std::map<std::string, GroupTopic> topics;
  Owners owners;

  void MakeTopic(std::uint64_t number, std::int32_t partitions) {
    const std::string name = fmt::format("t{}", number);
    topics[name] = {name, TopicIdOf(number), partitions};
  }
  Assignment Compute(const Owners& previous) const {
    std::vector<MemberWish> members;
    for (const auto& [id, wanted] : wishes) members.push_back({id, &wanted});
    std::vector<GroupTopic> there;
    for (const auto& [name, topic] : topics) there.push_back(topic);
    return AssignSticky(members, there, previous);
  }
  // What moved: from a member that is still there and wants it.
  std::size_t Deal() {
    const Assignment assignment = Compute(owners);
    const Owners before = std::exchange(owners, {});
    for (const auto& [id, own] : assignment) {
      for (const TopicPartition& where : own) {
        EXPECT_TRUE(owners.emplace(where, id).second) << "given to two";
      }
    }
    std::size_t moved = 0;
    for (const auto& [where, id] : before) moved += Kept(before, where) && owners.at(where) != id;
    return moved;
  }
  bool Kept(const Owners& before, const TopicPartition& where) const {
    const GroupTopic* topic = TopicOf(where);
    const auto wish = wishes.find(before.at(where));
    return topic != nullptr && wish != wishes.end() && wish->second.contains(topic->name);
  }
  const GroupTopic* TopicOf(const TopicPartition& where) const {
    for (const auto& [name, topic] : topics) {
      if (topic.topic_id == where.topic_id && where.partition.value() < topic.partitions) {
        return &topic;
      }
    }
    return nullptr;
  }
  std::map<std::string, std::int64_t> Loads(const Owners& of) const {
    std::map<std::string, std::int64_t> loads;
    for (const auto& [id, wanted] : wishes) loads[id] = 0;
    for (const auto& [where, id] : of) {
      if (loads.contains(id) && Kept(of, where)) ++loads[id];
    }
    return loads;
  }
  std::int64_t PartitionsWanted() const {
    std::int64_t count = 0;
    for (const auto& [name, topic] : topics) {
      const bool wanted = std::ranges::any_of(
          wishes, [&name](const auto& one) { return one.second.contains(name); });
      count += wanted ? topic.partitions : 0;
    }
    return count;
  }
};

// The fewest that can move where all want the same: who has most may keep the odd ones.
std::size_t FewestMoves(const Dealer& dealer, const Owners& before) {
  std::vector<std::int64_t> had;
  for (const auto& [id, load] : dealer.Loads(before)) had.push_back(load);
  std::sort(had.rbegin(), had.rend());
  const auto members = static_cast<std::int64_t>(had.size());
  const std::int64_t each = dealer.PartitionsWanted() / members;
  const std::int64_t odd = dealer.PartitionsWanted() % members;
  std::int64_t moves = 0;
  for (std::int64_t i = 0; i < members; ++i) {
    moves += std::max<std::int64_t>(0, had[static_cast<std::size_t>(i)] - each - (i < odd ? 1 : 0));
  }
  return static_cast<std::size_t>(moves);
}

void CheckAllIsDealtToThoseThatWantIt(const Dealer& dealer) {
  ASSERT_EQ(static_cast<std::int64_t>(dealer.owners.size()), dealer.PartitionsWanted());
  for (const auto& [where, id] : dealer.owners) {
    const GroupTopic* topic = dealer.TopicOf(where);
    ASSERT_NE(topic, nullptr);
    EXPECT_TRUE(dealer.wishes.at(id).contains(topic->name));
  }
}

// Whoever gets to whom by passing partitions on has at most one more than him.
void CheckNothingIsMoreEqual(const Dealer& dealer) {
  const auto loads = dealer.Loads(dealer.owners);
  for (const auto& [from, load] : loads) {
    std::set<std::string> reached{from};
    std::vector<std::string> queue{from};
    for (std::size_t i = 0; i < queue.size(); ++i) {
      for (const auto& [where, id] : dealer.owners) {
        if (id != queue[i]) continue;
        for (const auto& [other, wanted] : dealer.wishes) {
          if (wanted.contains(dealer.TopicOf(where)->name) && reached.insert(other).second) {
            queue.push_back(other);
          }
        }
      }
    }
    for (const std::string& to : reached) EXPECT_LE(load, loads.at(to) + 1) << from << ", " << to;
  }
}

void CheckTheSameWishesGetEqualNumbers(const Dealer& dealer) {
  const auto loads = dealer.Loads(dealer.owners);
  for (const auto& [a, wanted] : dealer.wishes) {
    for (const auto& [b, others] : dealer.wishes) {
      if (wanted == others) {
        EXPECT_LE(loads.at(a), loads.at(b) + 1);
      }
    }
  }
}

// A member has lost a partition only where it owns fewer of that topic now.
void CheckNothingIsSwapped(const Dealer& dealer, const Owners& before) {
  std::map<std::pair<std::string, Uuid>, int> gained;
  std::map<std::pair<std::string, Uuid>, int> lost;
  for (const auto& [where, id] : before) {
    if (dealer.Kept(before, where) && dealer.owners.at(where) != id) ++lost[{id, where.topic_id}];
  }
  for (const auto& [where, id] : dealer.owners) {
    const auto was = before.find(where);
    if (was == before.end() || was->second != id) ++gained[{id, where.topic_id}];
  }
  for (const auto& [of, count] : lost) EXPECT_FALSE(gained.contains(of)) << of.first;
}

class RandomGroup {
 public:
  RandomGroup(std::uint64_t seed, bool all_alike) : random_(seed), all_alike_(all_alike) {
    for (std::uint64_t i = 1; i <= 4; ++i) dealer_.MakeTopic(i, Number(1, 8));
  }
  void Run(int changes) {
    for (int i = 0; i < changes && !testing::Test::HasFailure(); ++i) {
      Change();
      if (dealer_.wishes.empty()) continue;
      const Owners before = dealer_.owners;
      const std::size_t moved = dealer_.Deal();
      CheckAllIsDealtToThoseThatWantIt(dealer_);
      CheckNothingIsMoreEqual(dealer_);
      CheckTheSameWishesGetEqualNumbers(dealer_);
      CheckNothingIsSwapped(dealer_, before);
      if (all_alike_) {
        EXPECT_EQ(moved, FewestMoves(dealer_, before));
      }
      EXPECT_EQ(dealer_.Compute(before), dealer_.Compute(before));
      EXPECT_EQ(dealer_.Deal(), 0U) << "nothing has changed since";
    }
  }

 private:
  std::int32_t Number(std::int32_t from, std::int32_t to) {
    return from + static_cast<std::int32_t>(random_.Below(static_cast<std::uint64_t>(to - from)));
  }
  std::set<std::string> Wish() {
    std::set<std::string> wish{fmt::format("t{}", Number(1, 5))};
    for (int i = 1; i <= 5; ++i) {
      if (all_alike_ || random_.Below(2) == 0) wish.insert(fmt::format("t{}", i));
    }
    return wish;
  }
  void Change() {
    auto& wishes = dealer_.wishes;
    auto any = wishes.begin();
    if (!wishes.empty()) std::advance(any, static_cast<long>(random_.Below(wishes.size())));
    switch (random_.Below(6)) {
      case 0:
        if (!wishes.empty()) wishes.erase(any);
        break;
      case 1:
        if (!wishes.empty()) any->second = Wish();
        break;
      case 2: {
        const auto topic = static_cast<std::uint64_t>(Number(1, 5));
        auto& known = dealer_.topics.at(fmt::format("t{}", topic));
        known.partitions += Number(1, 4);
        break;
      }
      case 3: {  // under the same name
        const std::string name = fmt::format("t{}", Number(1, 5));
        dealer_.topics[name] = {name, TopicIdOf(++new_topics_), Number(1, 8)};
        break;
      }
      default:
        if (wishes.size() < 9) wishes[fmt::format("m{}", random_.Below(1'000))] = Wish();
    }
  }

  SeededRandom random_;
  bool all_alike_;
  Dealer dealer_;
  std::uint64_t new_topics_ = 100;
};

TEST(StickyAssignor, MovesTheFewestWhereAllWantTheSame) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomGroup(seed, true).Run(60);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(StickyAssignor, IsAsEqualAsOtherWishesAllow) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomGroup(seed, false).Run(60);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(StickyAssignor, ANewMemberGetsItsShareAndNobodyElseGetsAnything) {
  Dealer dealer;
  dealer.MakeTopic(1, 12);
  dealer.wishes = {{"a", {"t1"}}, {"b", {"t1"}}, {"c", {"t1"}}};
  dealer.Deal();
  dealer.wishes["d"] = {"t1"};
  EXPECT_EQ(dealer.Deal(), 3U);
  dealer.wishes.erase("b");
  EXPECT_EQ(dealer.Deal(), 0U) << "what b had goes round, and the others keep what is theirs";
}

TEST(StickyAssignor, PassesPartitionsOnOverMembersThatShareNoTopic) {
  Dealer dealer;
  dealer.MakeTopic(1, 4);
  dealer.MakeTopic(2, 2);
  dealer.wishes = {{"a", {"t1"}}, {"b", {"t1", "t2"}}};
  dealer.Deal();
  EXPECT_EQ(dealer.Loads(dealer.owners).at("a"), 3);
  // c wants t2 alone, of which b has all: a's surplus goes to b, and b's to c.
  dealer.wishes["c"] = {"t2"};
  dealer.Deal();
  EXPECT_EQ(dealer.Loads(dealer.owners),
            (std::map<std::string, std::int64_t>{{"a", 2}, {"b", 2}, {"c", 2}}));
}

TEST(StickyAssignor, EachTopicIsSpreadOverAGroupThatBegins) {
  Dealer dealer;
  for (std::uint64_t i = 1; i <= 6; ++i) dealer.MakeTopic(i, 4);
  const std::set<std::string> all = {"t1", "t2", "t3", "t4", "t5", "t6"};
  dealer.wishes = {{"a", all}, {"b", all}, {"c", all}, {"d", all}};
  dealer.Deal();
  for (const auto& [name, topic] : dealer.topics) {
    std::set<std::string> readers;
    for (const auto& [where, id] : dealer.owners) {
      if (where.topic_id == topic.topic_id) readers.insert(id);
    }
    EXPECT_EQ(readers.size(), 4U) << name;
  }
}

// The largest group there may be, in which the one that owns all is joined by all the others.
TEST(StickyAssignor, DealsOutToAThousandMembersAtOnce) {
  Dealer dealer;
  std::set<std::string> all;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    dealer.MakeTopic(i, 1'000);
    all.insert(fmt::format("t{}", i));
  }
  dealer.wishes["m0"] = all;
  dealer.Deal();
  for (int i = 1; i < 1'000; ++i) dealer.wishes[fmt::format("m{}", i)] = all;
  dealer.Deal();
  for (const auto& [id, load] : dealer.Loads(dealer.owners)) EXPECT_EQ(load, 10) << id;
}

}  // namespace
}  // namespace logboom::broker
