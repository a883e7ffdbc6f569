#include "lib/client/membership.h"

#include <algorithm>
#include <utility>

#include "lib/client/wire_descriptions.h"
#include "lib/client/wire_values.h"

namespace logboom::client {

namespace {

using std::chrono::milliseconds;

// Partitions that move wait for heartbeats: there are more of them while the group is not settled.
constexpr int kUnsettledBeats = 4;
// After an error that passes by itself.
constexpr milliseconds kRetryPause{200};

// The broker has forgotten the member: it restarted, or heard nothing for too long.
bool IsForgotten(const protocol::Error& error) {
  return error.code() == protocol::UNKNOWN_MEMBER || error.code() == protocol::UNKNOWN_GROUP;
}

}  // namespace

Membership::Membership(std::unique_ptr<transport::ClientTransport> transport,
                       GroupConsumerOptions options, MembershipEvents& events, Random& random)
    : options_(std::move(options)),
      events_(events),
      random_(random),
      member_id_(Uuid::Make(random).ToString()),
      heartbeat_interval_(protocol::kHeartbeatInterval),
      session_(
          std::move(transport), [this] { return HelloOf(options_.reading.identity); }, *this,
          random) {}

void Membership::Poll(Instant now) {
  now_ = now.monotonic;
  session_.Poll(now);
  if (!session_.live() || now_ < retry_at_) return;
  if (phase_ == Phase::kOutside) Join();
  if (phase_ != Phase::kMember) return;
  if (CommitIsDue()) Commit();
  if (ReleaseWhatIsCommitted()) next_heartbeat_ = now_;
  if (leaving_ && owned_.empty()) return SayGoodbye();
  if (now_ >= next_heartbeat_) BeatHeart();
}

milliseconds Membership::UntilDue() const {
  if (!session_.live() || phase_ != Phase::kMember || leave_asked_) return milliseconds::max();
  MonotonicMs due = heartbeat_asked_ ? After(now_, heartbeat_interval_) : next_heartbeat_;
  const bool dirty =
      std::ranges::any_of(owned_, [](const auto& one) { return one.second.dirty(); });
  if (dirty && !commit_asked_) due = commit_now_ ? now_ : std::min(due, next_commit_);
  return std::max(session_.UntilRoom(), milliseconds{std::max(due, retry_at_) - now_});
}

// ---- session

// A broker that still knows the member goes on with it; one that does not says so.
void Membership::SessionStarted(const protocol::HelloResponse& /*hello*/) {
  next_heartbeat_ = now_;
}

void Membership::SessionLost(const Error& /*why*/) {
  join_asked_ = heartbeat_asked_ = commit_asked_ = leave_asked_ = false;
  if (leaving_ && phase_ == Phase::kOutside) End(std::nullopt);
}

// `asked` is true until the answer has come. An answer to the member that was here before this one
// is nobody's.
bool Membership::Ask(protocol::Request request, bool& asked,
                     std::function<void(const Answer&)> done) {
  return session_.Send(
      std::move(request), {},
      [this, &asked, joined_as = counters_.rejoins,
       done = std::move(done)](const Result<Answer>& answer) {
        if (joined_as != counters_.rejoins || phase_ == Phase::kOver) return;
        asked = false;
        if (answer.ok()) done(*answer);
      },
      IfLost::kForget);
}

// ---- membership

void Membership::Join() {
  if (join_asked_) return;
  if (leaving_) return End(std::nullopt);
  protocol::Request request;
  auto& join = *request.mutable_join_group();
  join.set_group(options_.group);
  join.set_member_id(member_id_);
  join.set_client_id(protocol::ValidUtf8(options_.client_id));
  join.set_host(protocol::ValidUtf8(options_.host));
  for (const auto& topic : options_.topics) join.add_topics(protocol::ValidUtf8(topic));
  join.set_session_timeout_ms(static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(options_.session_timeout.count(), 0, 0xffff'ffff)));
  join.set_instance_id(protocol::ValidUtf8(options_.instance_id));
  join.set_assignor(protocol::ValidUtf8(options_.assignor));
  join_asked_ =
      Ask(std::move(request), join_asked_, [this](const Answer& answer) { JoinAnswered(answer); });
}

void Membership::JoinAnswered(const Answer& answer) {
  if (!answer.ok()) return TakeError(answer.response.error());
  const auto& joined = answer.response.join_group();
  phase_ = Phase::kMember;
  if (joined.heartbeat_interval_ms() > 0) {
    heartbeat_interval_ = milliseconds{joined.heartbeat_interval_ms()};
  }
  next_heartbeat_ = After(now_, heartbeat_interval_);
  next_commit_ = After(now_, options_.commit_interval);
  TakeAssignment(joined.assignment(), {});
}

void Membership::BeatHeart() {
  if (heartbeat_asked_) return;
  protocol::Request request;
  auto& heartbeat = *request.mutable_heartbeat();
  heartbeat.set_group(options_.group);
  heartbeat.set_member_id(member_id_);
  heartbeat.set_generation(generation_);
  heartbeat.set_instance_id(protocol::ValidUtf8(options_.instance_id));
  std::set<TopicPartition> reported;
  for (const auto& [at, partition] : owned_) {
    auto& owned = *heartbeat.add_owned();
    owned.set_topic_id(BytesOf(partition.topic_id));
    owned.set_partition(at.partition.value());
    reported.insert(at);
  }
  heartbeat_asked_ = Ask(std::move(request), heartbeat_asked_,
                         [this, reported = std::move(reported)](const Answer& answer) {
                           if (!answer.ok()) return TakeError(answer.response.error());
                           TakeAssignment(answer.response.heartbeat().assignment(), reported);
                         });
  if (heartbeat_asked_) next_heartbeat_ = After(now_, heartbeat_interval_);
}

// `reported`: what the request that this answers said to be owned.
void Membership::TakeAssignment(const protocol::GroupAssignment& assignment,
                                const std::set<TopicPartition>& reported) {
  if (phase_ != Phase::kMember) return;
  generation_ = std::max<std::uint64_t>(generation_, assignment.generation());
  settled_ = assignment.settled() && !leaving_;
  std::set<TopicPartition> mine;
  for (const auto& granted : assignment.partitions()) {
    const TopicPartition at{.topic = granted.topic(),
                            .partition = PartitionIndex(granted.partition())};
    mine.insert(at);
    // A topic that was deleted and made anew goes by the same name.
    const auto found = owned_.find(at);
    if (found != owned_.end() && found->second.topic_id != UuidOf(granted.topic_id())) Forget(at);
    // What was given back since that request is granted by a later answer, which knows what was
    // committed meanwhile.
    if (!leaving_ && !owned_.contains(at) && !reported.contains(at)) Grant(at, granted);
    if (!owned_.contains(at)) settled_ = false;
  }
  for (auto& [at, partition] : owned_) {
    if (!mine.contains(at)) GiveBack(at, partition);
    if (partition.going_back) settled_ = false;
  }
  if (!settled_) {
    next_heartbeat_ = std::min(next_heartbeat_, After(now_, heartbeat_interval_ / kUnsettledBeats));
  }
}

void Membership::Grant(const TopicPartition& at, const protocol::AssignedPartition& granted) {
  OwnedPartition& partition = owned_[at];
  partition.grant = ++last_grant_;
  partition.topic_id = UuidOf(granted.topic_id());
  if (granted.committed_offset() >= 0) partition.committed = Offset(granted.committed_offset());
  ++counters_.grants;
  next_heartbeat_ = now_;  // others wait for the group to settle
  events_.Granted(at, partition.committed, LeaderEpoch(granted.leader_epoch()));
}

void Membership::GiveBack(const TopicPartition& at, OwnedPartition& partition) {
  if (std::exchange(partition.going_back, true)) return;
  events_.Revoked(at);
}

void Membership::Leave() {
  if (std::exchange(leaving_, true) || phase_ == Phase::kOver) return;
  for (auto& [at, partition] : owned_) GiveBack(at, partition);
  if (phase_ == Phase::kOutside && !join_asked_) End(std::nullopt);
}

void Membership::SayGoodbye() {
  if (leave_asked_) return;
  protocol::Request request;
  request.mutable_leave_group()->set_group(options_.group);
  request.mutable_leave_group()->set_member_id(member_id_);
  request.mutable_leave_group()->set_instance_id(protocol::ValidUtf8(options_.instance_id));
  leave_asked_ = Ask(std::move(request), leave_asked_, [this](const Answer& answer) {
    if (!answer.ok()) return TakeError(answer.response.error());
    End(std::nullopt);
  });
}

// ---- commits

void Membership::SetHandled(const TopicPartition& at, Offset next, LeaderEpoch leader_epoch) {
  const auto found = owned_.find(at);
  if (found == owned_.end() || found->second.going_back) return;
  found->second.handled = next;
  found->second.leader_epoch = leader_epoch;
}

bool Membership::HasHandled(const TopicPartition& at) const {
  const auto found = owned_.find(at);
  return found != owned_.end() && found->second.handled;
}

bool Membership::CommitWasAnswered(const TopicPartition& at) const {
  const auto found = owned_.find(at);
  return found != owned_.end() && found->second.commit_was_answered;
}

bool Membership::all_committed() const {
  return std::ranges::none_of(owned_, [](const auto& one) { return one.second.dirty(); });
}

bool Membership::CommitIsDue() const {
  if (commit_asked_) return false;
  const bool goes_back = std::ranges::any_of(
      owned_, [](const auto& one) { return one.second.going_back && one.second.dirty(); });
  return goes_back || ((commit_now_ || now_ >= next_commit_) && !all_committed());
}

void Membership::Commit() {
  protocol::Request request;
  auto& commit = *request.mutable_commit_offsets();
  commit.set_group(options_.group);
  commit.set_member_id(member_id_);
  commit.set_generation(generation_);
  commit.set_instance_id(protocol::ValidUtf8(options_.instance_id));
  std::vector<SentCommit> sent;
  bool all = true;
  for (const auto& [at, partition] : owned_) {
    if (!partition.dirty()) continue;
    all = sent.size() < static_cast<std::size_t>(protocol::kCommitOffsetsMax);
    if (!all) break;
    auto& offset = *commit.add_offsets();
    offset.set_topic_id(BytesOf(partition.topic_id));
    offset.set_partition(at.partition.value());
    offset.set_offset(partition.handled->value());
    offset.set_leader_epoch(partition.leader_epoch.value());
    sent.push_back({.partition = at, .grant = partition.grant, .offset = *partition.handled});
  }
  commit_asked_ =
      Ask(std::move(request), commit_asked_,
          [this, sent = std::move(sent)](const Answer& answer) { CommitAnswered(sent, answer); });
  if (!commit_asked_ || !all) return;  // the others are due as soon as these are answered
  commit_now_ = false;
  next_commit_ = After(now_, options_.commit_interval);
}

void Membership::CommitAnswered(const std::vector<SentCommit>& sent, const Answer& answer) {
  const protocol::CommitOffsetsResponse& committed = answer.response.commit_offsets();
  if (!answer.ok() && answer.response.error().code() != protocol::STALE_GENERATION) {
    return TakeError(answer.response.error());
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    protocol::CommitResult result;
    if (!answer.ok()) {
      *result.mutable_error() = answer.response.error();
    } else if (i < static_cast<std::size_t>(committed.results_size())) {
      result = committed.results(static_cast<int>(i));
    } else {
      *result.mutable_error() =
          protocol::MakeError(protocol::BUSY, "the answer says nothing of it");
    }
    TakeCommitResult(sent[i], result);
  }
}

void Membership::TakeCommitResult(const SentCommit& sent, const protocol::CommitResult& result) {
  const auto found = owned_.find(sent.partition);
  if (found == owned_.end() || found->second.grant != sent.grant) return;
  found->second.commit_was_answered = true;
  if (!result.has_error()) {
    found->second.committed = sent.offset;
    ++counters_.commits;
  } else if (result.error().code() == protocol::STALE_GENERATION) {
    // It was lost without our hearing of it. If it is granted anew, then from what was committed.
    Forget(sent.partition);
  } else if (result.error().retriable()) {
    retry_at_ = After(now_, kRetryPause);
  } else {
    found->second.committed = sent.offset;  // not tried again
    events_.CommitRefused({.partition = sent.partition,
                           .offset = sent.offset,
                           .error = protocol::FromWire(result.error())});
  }
}

// True where there was such a partition: the next heartbeat gives it back.
bool Membership::ReleaseWhatIsCommitted() {
  return std::erase_if(owned_, [](const auto& one) {
           return one.second.going_back && !one.second.dirty();
         }) > 0;
}

// ---- what goes wrong

void Membership::TakeError(const protocol::Error& error) {
  if (IsForgotten(error)) return JoinAnew();
  if (!error.retriable()) return End(protocol::FromWire(error));
  retry_at_ = After(now_, kRetryPause);
}

void Membership::Forget(const TopicPartition& at) {
  const auto found = owned_.find(at);
  const bool was_read = !found->second.going_back;
  owned_.erase(found);
  settled_ = false;
  next_heartbeat_ = now_;
  if (was_read) events_.Revoked(at);
}

void Membership::JoinAnew() {
  const bool drops = !all_committed();
  while (!owned_.empty()) Forget(TopicPartition(owned_.begin()->first));
  if (leaving_ && drops) {
    return End(Fail(ErrorCode::kCancelled,
                    "the broker has forgotten this member of group '{}': what it handled last is "
                    "not committed, and comes again",
                    options_.group));
  }
  if (leaving_) return End(std::nullopt);
  ++counters_.rejoins;
  generation_ = 0;
  settled_ = false;
  join_asked_ = heartbeat_asked_ = commit_asked_ = false;
  member_id_ = Uuid::Make(random_).ToString();
  phase_ = Phase::kOutside;
}

void Membership::End(std::optional<Error> failure) {
  failure_ = std::move(failure);
  phase_ = Phase::kOver;
  while (!owned_.empty()) Forget(TopicPartition(owned_.begin()->first));
}

std::vector<TopicPartition> Membership::Owned() const {
  std::vector<TopicPartition> owned;
  for (const auto& [at, partition] : owned_) {
    if (!partition.going_back) owned.push_back(at);
  }
  return owned;
}

}  // namespace logboom::client
