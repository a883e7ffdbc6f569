// Many members that join, read, commit, stall, die and leave, over a network that delays and a
// broker that is killed, from a seed. Members do what the protocol tells them; late messages of
// dead ones arrive all the same.
#include <deque>
#include <functional>

#include "broker/groups/groups.h"
#include "lib/base/random.h"
#include "tests/broker/groups/fake_group_log.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kSilenceMs = 6'000;
constexpr std::int64_t kBeatMs = 1'000;
const std::string kGroup = "g";

// What crosses the network in one direction, in order.
using Line = std::deque<std::function<void()>>;

struct Reader {
  MemberFacts facts;
  bool joined = false;   // as far as it knows
  bool waiting = false;  // for an answer to a join or a heartbeat
  bool dead = false;
  bool stalled = false;  // hears and says nothing, and goes on with it all later
  std::uint64_t generation = 0;
  std::map<TopicPartition, std::int64_t> reading;  // the next to read
  std::set<TopicPartition> giving_back;            // stopped; its last commit is not answered yet
  std::int64_t next_beat_ms = 0;
  Line to_broker;
  Line from_broker;
  bool unplugged = false;  // nobody hears what is still answered

  void Tell(Line::value_type answer) {
    if (!unplugged) from_broker.push_back(std::move(answer));
  }
  // What is under way keeps its reader alive.
  void Unplug() {
    unplugged = true;
    to_broker.clear();
    from_broker.clear();
  }
};

class Lives {
 public:
  explicit Lives(std::uint64_t seed) : random_(seed) {
    for (std::uint64_t topic = 1; topic <= 3; ++topic) log_.Make(topic, 4);
    Start();
  }

  ~Lives() {
    BuryIf([](const Reader&) { return true; });
  }
  Lives(const Lives&) = delete;
  Lives& operator=(const Lives&) = delete;

  void Run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) Step();
    Calm();
  }

 private:
  template <typename Predicate>
  void BuryIf(Predicate is_dead) {
    std::erase_if(readers_, [&](const auto& one) {
      if (!is_dead(*one)) return false;
      one->Unplug();
      return true;
    });
  }

  bool Chance(std::uint64_t one_in) { return random_.Below(one_in) == 0; }

  void Start() {
    groups_ = std::make_unique<Groups>(log_);
    auto loaded = groups_->Load(*store_.Load());
    ASSERT_TRUE(loaded.ok());
    EXPECT_TRUE(loaded->empty());
    for (const auto& [where, offset] : durable_) {
      auto committed = groups_->CommittedOf(kGroup, where);
      ASSERT_TRUE(committed) << "what was acknowledged is there";
      EXPECT_EQ(committed->offset.value(), offset);
    }
  }

  // Sessions end with the broker: nothing of what was under way arrives.
  void KillBroker() {
    log_.under_way.clear();
    for (auto& reader : readers_) {
      reader->to_broker.clear();
      reader->from_broker.clear();
      reader->waiting = false;
      reader->giving_back.clear();
    }
    Start();
  }

  void Step() {
    now_ms_ += static_cast<std::int64_t>(random_.Below(300));
    if (readers_.size() < 12 && Chance(20)) AddReader();
    if (Chance(400)) KillBroker();
    if (Chance(200)) ChangeTopics();
    for (auto& reader : readers_) Live(*reader);
    if (Chance(2)) Grow();
    groups_->Tick(At(now_ms_));
    if (Chance(3)) log_.Finish(random_.Below(4));
    CheckOwners();
    BuryIf([](const Reader& one) { return one.dead && one.to_broker.empty(); });
  }

  void AddReader() {
    auto reader = std::make_shared<Reader>();
    reader->facts = FactsOf(fmt::format("m{}", next_id_++), {}, kSilenceMs);
    for (int topic = 1; topic <= 3; ++topic) {
      if (!Chance(3)) reader->facts.topics.insert(fmt::format("t{}", topic));
    }
    if (!Chance(3)) reader->facts.assignor = Chance(2) ? Assignor::kRange : Assignor::kSticky;
    // Others may run under it still.
    if (Chance(2)) reader->facts.instance_id = fmt::format("i{}", random_.Below(4));
    if (reader->facts.topics.empty()) reader->facts.topics = {"t1"};
    readers_.push_back(std::move(reader));
  }

  void ChangeTopics() {
    // A topic gets more partitions; it never loses any.
    const std::uint64_t topic = 1 + random_.Below(3);
    if (log_.topics.at(topic).partitions < 8)
      log_.Make(topic, log_.topics.at(topic).partitions + 1);
  }

  void Grow() {
    const TopicPartition where =
        PartitionOf(1 + random_.Below(3), static_cast<std::int32_t>(random_.Below(8)));
    auto [log, added] = log_.bounds.try_emplace(where, LogBounds{Offset{0}, Offset{100}});
    log->second.end += static_cast<std::int64_t>(random_.Below(5));
  }

  void Deliver(Line& line) {
    if (line.empty() || Chance(2)) return;
    const auto message = std::move(line.front());
    line.pop_front();
    message();
  }

  void Live(Reader& reader) {
    // What it sent arrives whatever became of it, and perhaps much later.
    if ((!reader.stalled && !reader.dead) || Chance(20)) Deliver(reader.to_broker);
    if (reader.dead) return;
    if (reader.stalled) {
      if (Chance(60)) reader.stalled = false;
      return;
    }
    if (Chance(150)) reader.stalled = true;
    if (Chance(600)) reader.dead = true;
    Deliver(reader.from_broker);
    Read(reader);
    if (reader.waiting || now_ms_ < reader.next_beat_ms) return;
    reader.next_beat_ms = now_ms_ + kBeatMs;
    if (!reader.joined) {
      SendJoin(reader);
    } else if (Chance(60)) {
      SendLeave(reader);
    } else {
      SendHeartbeat(reader);
    }
  }

  void Read(Reader& reader) {
    for (auto& [where, next] : reader.reading) {
      const std::int64_t end = log_.BoundsOf(where)->end.value();
      if (next < end && Chance(2)) ++next;
      if (Chance(10)) SendCommit(reader, where, next);
    }
  }

  void Ask(Reader& reader, std::function<GroupResult<GroupAssignment>()> ask) {
    reader.waiting = true;
    auto self = Find(reader);
    reader.to_broker.push_back([this, self, ask = std::move(ask)] {
      auto answer = ask();
      self->Tell([this, self, answer] { Hear(*self, answer); });
    });
  }

  void SendJoin(Reader& reader) {
    Ask(reader, [this, facts = reader.facts] { return groups_->Join(kGroup, facts, At(now_ms_)); });
  }

  void SendHeartbeat(Reader& reader) {
    std::set<TopicPartition> owned = reader.giving_back;
    for (const auto& [where, next] : reader.reading) owned.insert(where);
    Ask(reader,
        [this, facts = reader.facts, generation = reader.generation,
         owned]() -> GroupResult<GroupAssignment> {
          const std::string& id = facts.member_id;
          if (auto itself = groups_->CheckInstance(kGroup, id, facts.instance_id); !itself) {
            return tl::unexpected(itself.error());
          }
          return groups_->Heartbeat(kGroup, id, generation, owned, At(now_ms_));
        });
  }

  // It stops reading, and does not wait for the answers to its commits.
  void SendLeave(Reader& reader) {
    reader.joined = false;
    reader.reading.clear();
    reader.giving_back.clear();
    reader.waiting = true;
    auto self = Find(reader);
    reader.to_broker.push_back([this, self] {
      static_cast<void>(groups_->Leave(kGroup, self->facts.member_id));
      self->Tell([self] { self->waiting = false; });
    });
  }

  void SendCommit(Reader& reader, const TopicPartition& where, std::int64_t offset) {
    CommitRequest request{kGroup, reader.facts.member_id, reader.generation, {}};
    request.offsets.push_back({where, Offset{offset}, LeaderEpoch{-1}, {}});
    auto self = Find(reader);
    reader.to_broker.push_back([this, self, request, where, offset] {
      auto answered = [this, self, where, offset](const CommitOutcome& outcome) {
        if (!outcome[0]) Acknowledge(where, offset);
        CheckCommitted(where);
        self->Tell([self, where] { self->giving_back.erase(where); });
      };
      if (!groups_->Commit(request, At(now_ms_), answered)) {
        CheckCommitted(where);
        self->Tell([self, where] { self->giving_back.erase(where); });
      }
    });
  }

  void Hear(Reader& reader, const GroupResult<GroupAssignment>& answer) {
    reader.waiting = false;
    if (!answer) {
      reader.dead = answer.error().code == GroupFaultCode::kFenced;
      EXPECT_TRUE(reader.dead || answer.error().code == GroupFaultCode::kUnknownMember)
          << answer.error().message;
      reader.joined = false;
      reader.reading.clear();
      reader.giving_back.clear();
      return;
    }
    reader.joined = true;
    reader.generation = answer->generation;
    std::map<TopicPartition, std::int64_t> assigned;
    for (const AssignedPartition& one : answer->partitions) {
      assigned[{one.topic.topic_id, one.partition}] =
          one.committed ? one.committed->offset.value() : 0;
    }
    for (auto read = reader.reading.begin(); read != reader.reading.end();) {
      if (assigned.contains(read->first)) {
        ++read;
        continue;
      }
      reader.giving_back.insert(read->first);
      SendCommit(reader, read->first, read->second);
      read = reader.reading.erase(read);
    }
    for (const auto& [where, committed] : assigned) {
      if (!reader.giving_back.contains(where)) reader.reading.try_emplace(where, committed);
    }
  }

  void Acknowledge(const TopicPartition& where, std::int64_t offset) {
    auto [known, added] = durable_.try_emplace(where, offset);
    // Each reader began at what was committed, and nobody else reads: so it never goes back.
    EXPECT_GE(offset, known->second) << "a commit of somebody who had lost the partition counted";
    known->second = offset;
  }

  // What was not acknowledged has changed nothing.
  void CheckCommitted(const TopicPartition& where) {
    const auto committed = groups_->CommittedOf(kGroup, where);
    auto known = durable_.find(where);
    ASSERT_EQ(committed.has_value(), known != durable_.end());
    if (!committed) return;
    EXPECT_EQ(committed->offset.value(), known->second);
    EXPECT_LE(committed->offset, log_.BoundsOf(where)->end);
  }

  std::set<std::string> MembersHeard() {
    std::set<std::string> ids;
    if (auto group = groups_->Describe(kGroup, At(now_ms_).wall)) {
      for (const GroupMember& member : group->members) ids.insert(member.facts.member_id);
    }
    return ids;
  }

  void CheckOwners() {
    const std::set<std::string> heard = MembersHeard();
    std::map<TopicPartition, std::string> owners;
    for (const auto& reader : readers_) {
      if (!reader->joined || !heard.contains(reader->facts.member_id)) continue;
      for (const auto& [where, next] : reader->reading) {
        auto [owner, added] = owners.try_emplace(where, reader->facts.member_id);
        EXPECT_TRUE(added) << owner->second << " and " << reader->facts.member_id
                           << " read partition " << where.partition.value();
      }
    }
  }

  // Nobody dies any more, and everything arrives.
  void Calm() {
    BuryIf([](const Reader& one) { return one.dead; });
    if (readers_.empty()) AddReader();
    for (int i = 0; i < 400; ++i) {
      now_ms_ += 250;
      for (auto& reader : readers_) {
        reader->stalled = false;
        while (!reader->to_broker.empty() || !reader->from_broker.empty()) {
          DeliverAll(reader->to_broker);
          log_.Finish();
          DeliverAll(reader->from_broker);
        }
        if (reader->dead || reader->waiting || now_ms_ < reader->next_beat_ms) continue;
        reader->next_beat_ms = now_ms_ + kBeatMs;
        reader->joined ? SendHeartbeat(*reader) : SendJoin(*reader);
      }
      groups_->Tick(At(now_ms_));
      CheckOwners();
    }
    CheckEverythingIsAssigned();
  }

  static void DeliverAll(Line& line) {
    while (!line.empty()) {
      const auto message = std::move(line.front());
      line.pop_front();
      message();
    }
  }

  void CheckEverythingIsAssigned() {
    BuryIf([](const Reader& one) { return one.dead; });  // fenced
    auto group = groups_->Describe(kGroup, At(now_ms_).wall);
    ASSERT_TRUE(group);
    EXPECT_EQ(group->state, GroupState::kStable);
    std::set<std::string> wanted;
    std::size_t reading = 0;
    for (const auto& reader : readers_) {
      wanted.insert(reader->facts.topics.begin(), reader->facts.topics.end());
      reading += reader->reading.size();
      EXPECT_TRUE(reader->giving_back.empty());
    }
    std::size_t partitions = 0;
    for (const auto& [number, topic] : log_.topics) {
      if (wanted.contains(topic.name)) partitions += static_cast<std::size_t>(topic.partitions);
    }
    EXPECT_EQ(reading, partitions) << "each partition is read by somebody";
  }

  std::shared_ptr<Reader> Find(const Reader& reader) const {
    for (const auto& one : readers_) {
      if (one.get() == &reader) return one;
    }
    return nullptr;
  }

  SeededRandom random_;
  MemoryStore store_;
  FakeGroupLog log_{store_};
  std::unique_ptr<Groups> groups_;
  std::vector<std::shared_ptr<Reader>> readers_;
  std::map<TopicPartition, std::int64_t> durable_;  // as acknowledged
  std::int64_t now_ms_ = 0;
  int next_id_ = 0;
};

TEST(RandomLives, NoPartitionHasTwoReadersAndNoCommitIsLostOrComesLate) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Lives(seed).Run(1'500);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace logboom::broker
