#include "lib/client/group_consumer.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>
#include <variant>

#include "lib/client/membership.h"

namespace logboom::client {

namespace {

using std::chrono::milliseconds;

// There are two connections to wait for: while one owes an answer they take turns.
constexpr milliseconds kTurn{10};

// What was given to the caller of a partition, since it was granted.
class HandedOut {
 public:
  void Add(Offset end, LeaderEpoch leader_epoch) {
    if (!runs_.empty() && runs_.back().leader_epoch == leader_epoch) {
      runs_.back().end = end;
    } else {
      runs_.push_back({.end = end, .leader_epoch = leader_epoch});
    }
  }
  // The leader epoch of the record before `next`; nothing where that was not handed out.
  std::optional<LeaderEpoch> Handle(Offset next) {
    if (next <= handled_) return std::nullopt;
    const auto run = std::ranges::find_if(runs_, [&](const Run& one) { return one.end >= next; });
    if (run == runs_.end()) return std::nullopt;
    runs_.erase(runs_.begin(), run);
    handled_ = next;
    return runs_.front().leader_epoch;
  }

 private:
  struct Run {
    Offset end;
    LeaderEpoch leader_epoch;
  };
  std::deque<Run> runs_;
  Offset handled_{-1};
};

// Below the log: retention overtook us. Above it, or inside: the log was cut.
Offset WhereToGoOn(const OffsetOutOfRange& range) {
  return range.position > range.durable_end ? range.durable_end : range.log_start;
}

}  // namespace

struct GroupConsumer::State final : public MembershipEvents {
  State(std::unique_ptr<transport::ClientTransport> coordination,
        std::unique_ptr<transport::ClientTransport> data, const GroupConsumerOptions& options,
        Random& random)
      : start(options.start),
        member(std::move(coordination), options, *this, random),
        consumer(std::move(data), options.reading, random) {}

  void Granted(const TopicPartition& at, std::optional<Offset> committed,
               LeaderEpoch leader_epoch) override {
    handed_out[at] = {};
    consumer.Assign(at, committed ? StartAt::At(*committed, leader_epoch) : start);
    if (committed) return;
    consumer.Hold(at);
    beginning.push_back(at);
  }
  void Revoked(const TopicPartition& at) override {
    handed_out.erase(at);
    std::erase(beginning, at);
    consumer.Unassign(at);
  }
  void CommitRefused(const RefusedCommit& refused) override { refused_commits.push_back(refused); }

  void Poll(Instant now) {
    member.Poll(now);
    consumer.Poll(now);
    if (beginning.empty()) return;
    std::erase_if(beginning, [this](const TopicPartition& at) { return HasBegun(at); });
    member.Poll(now);
    consumer.Poll(now);
  }

  // Commits where reading begins, then lets it begin.
  bool HasBegun(const TopicPartition& at) {
    const auto progress = consumer.Progress(at);
    if (!progress || !progress->start) return false;
    // A place that the caller chose may not exist.
    if (*progress->start >= *progress->log_start && *progress->start <= *progress->durable_end) {
      if (!member.HasHandled(at)) {
        member.SetHandled(at, *progress->start, LeaderEpoch(-1));
        member.CommitNow();
      }
      if (!member.CommitWasAnswered(at)) return false;
    }
    consumer.Release(at);
    return true;
  }

  std::optional<ConsumerEvent> Next() {
    auto event = consumer.Next();
    if (!event) return std::nullopt;
    HandedOut& handed = handed_out[event->from];
    if (const auto* batch = std::get_if<FetchedBatch>(&event->what)) {
      handed.Add(batch->end_offset, batch->header.leader_epoch);
    } else if (const auto* range = std::get_if<Unreadable>(&event->what)) {
      handed.Add(range->end, LeaderEpoch(-1));
    } else if (const auto* out = std::get_if<OffsetOutOfRange>(&event->what)) {
      const Offset next = WhereToGoOn(*out);
      handed = {};
      handed.Add(next, LeaderEpoch(-1));
      consumer.Assign(event->from, StartAt::At(next));
    }
    return event;
  }

  void Handled(const TopicPartition& at, Offset next) {
    const auto found = handed_out.find(at);
    if (found == handed_out.end()) return;
    if (const auto leader_epoch = found->second.Handle(next)) {
      member.SetHandled(at, next, *leader_epoch);
    }
  }

  void Wait(milliseconds timeout, std::span<const int> descriptors) {
    if (member.awaits_answer() || !member.connected()) {
      timeout = std::min(timeout, kTurn);
      member.Wait(timeout, descriptors);
      timeout = milliseconds{0};
    }
    consumer.Wait(std::min(timeout, member.UntilDue()), descriptors);
  }

  StartAt start;
  std::map<TopicPartition, HandedOut> handed_out;
  std::vector<TopicPartition> beginning;  // nothing is committed, not even where to begin
  std::vector<RefusedCommit> refused_commits;
  Membership member;
  Consumer consumer;
};

GroupConsumer::GroupConsumer(std::unique_ptr<transport::ClientTransport> coordination,
                             std::unique_ptr<transport::ClientTransport> data,
                             const GroupConsumerOptions& options, Random& random)
    : state_(std::make_unique<State>(std::move(coordination), std::move(data), options, random)) {}
GroupConsumer::~GroupConsumer() = default;

void GroupConsumer::Poll(Instant now) { state_->Poll(now); }
void GroupConsumer::Wait(milliseconds timeout, std::span<const int> descriptors) {
  state_->Wait(timeout, descriptors);
}
std::optional<ConsumerEvent> GroupConsumer::Next() { return state_->Next(); }

void GroupConsumer::Handled(const TopicPartition& partition, Offset next) {
  state_->Handled(partition, next);
}
void GroupConsumer::CommitNow() { state_->member.CommitNow(); }
bool GroupConsumer::all_committed() const { return state_->member.all_committed(); }
void GroupConsumer::Leave() { state_->member.Leave(); }
bool GroupConsumer::finished() const { return state_->member.finished(); }

bool GroupConsumer::joined() const { return state_->member.joined(); }
bool GroupConsumer::settled() const { return state_->member.settled(); }
std::vector<TopicPartition> GroupConsumer::Owned() const { return state_->member.Owned(); }
std::optional<PartitionProgress> GroupConsumer::Progress(const TopicPartition& partition) const {
  return state_->consumer.Progress(partition);
}
const std::string& GroupConsumer::member_id() const { return state_->member.member_id(); }
std::vector<RefusedCommit> GroupConsumer::TakeRefusedCommits() {
  return std::exchange(state_->refused_commits, {});
}
const GroupConsumerCounters& GroupConsumer::counters() const { return state_->member.counters(); }

std::optional<Error> GroupConsumer::failure() const { return state_->member.failure(); }
bool GroupConsumer::connected() const {
  return state_->member.connected() && state_->consumer.connected();
}
std::optional<Error> GroupConsumer::last_error() const {
  if (const auto& error = state_->member.last_error()) return error;
  return state_->consumer.last_error();
}

}  // namespace logboom::client
