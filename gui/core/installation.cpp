#include "gui/core/installation.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "gui/core/limits.h"
#include "lib/client/broker_labels.h"

namespace logboom::gui {
namespace {

// Clocks this near count as equal: the way takes time too, and ages must not jitter.
constexpr std::int64_t kClocksAgreeMs = 2'000;

std::int64_t ClockAhead(TimestampMs ours, TimestampMs theirs) {
  const std::int64_t ahead = ours - theirs;
  return std::abs(ahead) < kClocksAgreeMs ? 0 : ahead;
}

}  // namespace

Installation::Installation(const std::vector<std::string>& addresses)
    : histories_(std::make_shared<Histories>()) {
  for (const std::string& address : addresses) {
    Broker& broker = brokers_.emplace_back();
    broker.view.address = address;
    broker.view.name = address;
  }
}

void Installation::TakeSnapshot(std::size_t index, client::Snapshot snapshot, Instant now) {
  Broker& broker = brokers_[index];
  broker.rates.Add(snapshot);
  broker.view.clock_ahead_ms = ClockAhead(now.wall, snapshot.time);
  broker.view.snapshot = std::make_shared<const client::Snapshot>(std::move(snapshot));
  broker.view.heard = now.wall;
  broker.heard_at = now.monotonic;
  broker.view.link = LinkState::kUp;
  broker.view.trouble.clear();
  NameBrokers();
  changed_ = true;
}

void Installation::SetConnection(std::size_t index, bool connected, const std::optional<Error>& why,
                                 Instant now) {
  Broker& broker = brokers_[index];
  const std::optional<std::string> trouble = connected
                                                 ? TroubleOfConnected(broker, why, now.monotonic)
                                                 : TroubleOfUnconnected(broker, why, now.monotonic);
  if (!trouble) return;
  if (broker.view.link == LinkState::kDown && broker.view.trouble == *trouble) return;
  broker.view.link = LinkState::kDown;
  broker.view.trouble = *trouble;
  changed_ = true;
}

void Installation::Retry(std::size_t index, Instant now) {
  Broker& broker = brokers_[index];
  broker.silent_since = now.monotonic;
  broker.connected_since.reset();
  broker.view.link = LinkState::kConnecting;
  broker.view.trouble.clear();
  changed_ = true;
}

// A new session begins with a wait for its first snapshot, and a live one may fall silent. What was
// down is up with its next snapshot, not before.
std::optional<std::string> Installation::TroubleOfConnected(Broker& broker,
                                                            const std::optional<Error>& why,
                                                            MonotonicMs now) {
  broker.silent_since.reset();
  if (why) return why->message;
  if (!broker.connected_since) broker.connected_since = now;
  const MonotonicMs heard = std::max(*broker.connected_since, broker.heard_at.value_or(now));
  if (now - heard < kSilencePatience.count()) return std::nullopt;
  return "it is connected, but does not answer any more";
}

std::optional<std::string> Installation::TroubleOfUnconnected(Broker& broker,
                                                              const std::optional<Error>& why,
                                                              MonotonicMs now) {
  broker.connected_since.reset();
  if (!broker.silent_since) broker.silent_since = now;
  const auto patience = broker.view.snapshot ? kLostPatience : kConnectPatience;
  const bool refused =
      why && why->code != ErrorCode::kUnavailable && why->code != ErrorCode::kTimeout;
  const bool patient = !refused && now - *broker.silent_since < patience.count();
  if (patient && broker.view.link != LinkState::kDown) return std::nullopt;
  return why ? why->message : "no answer: is logboom-broker running there?";
}

void Installation::NameBrokers() {
  std::vector<client::NamedBroker> named;
  for (const Broker& broker : brokers_) {
    const auto& snapshot = broker.view.snapshot;
    named.push_back({broker.view.address, snapshot ? snapshot->status.broker_name : std::string()});
  }
  const std::vector<std::string> labels = client::BrokerLabels(named);
  for (std::size_t i = 0; i < brokers_.size(); ++i) brokers_[i].view.name = labels[i];
}

std::shared_ptr<const Tables> Installation::MakeTables() const {
  auto tables = std::make_shared<Tables>();
  for (const Broker& broker : brokers_) {
    if (!broker.view.snapshot) continue;
    const RowOrigin origin = broker.view.origin();
    for (const client::TopicDescription& topic : broker.view.snapshot->topics) {
      tables->topics.push_back(MakeTopicRow(topic, origin));
      if (!origin.stale) {
        tables->topics.back().records_per_second = broker.rates.PerSecond(topic.topic_id);
      }
    }
    for (const client::GroupDescription& group : broker.view.snapshot->groups) {
      tables->groups.push_back(MakeGroupRow(group, origin));
    }
    for (const client::AgentDescription& agent : broker.view.snapshot->agents) {
      tables->agents.push_back(MakeAgentRow(agent, origin));
    }
  }
  return tables;
}

Totals Installation::MakeTotals() const {
  Totals totals;
  for (const Broker& broker : brokers_) {
    if (!broker.view.snapshot) continue;
    const client::BrokerStatus& status = broker.view.snapshot->status;
    if (!broker.view.stale()) {
      totals.records_per_second += status.append_records_per_second;
      totals.bytes_per_second += status.append_bytes_per_second;
    }
    totals.disk_total_bytes += status.disk_total_bytes;
    totals.disk_available_bytes += status.disk_available_bytes;
    totals.log_bytes += status.log_bytes;
  }
  return totals;
}

void Installation::AddToHistories(TimestampMs now) {
  const Totals totals = MakeTotals();
  std::int64_t worst = 0;
  for (const GroupRow& group : tables_->groups) worst = std::max(worst, group.lag_records);
  auto next = std::make_shared<Histories>(*histories_);
  next->records_per_second.Add(now, totals.records_per_second);
  next->lag_records.Add(now, static_cast<double>(worst));
  histories_ = std::move(next);
}

std::shared_ptr<const Frame> Installation::MakeFrame(Instant now) {
  if (changed_ || !tables_) tables_ = MakeTables();
  auto frame = std::make_shared<Frame>();
  frame->now = now.wall;
  for (const Broker& broker : brokers_) frame->brokers.push_back(broker.view);
  // While nobody answers there is nothing to draw: a hole is told from a zero.
  if (changed_ && frame->CountLinks(LinkState::kUp) > 0) AddToHistories(now.wall);
  frame->tables = tables_;
  frame->totals = MakeTotals();
  frame->histories = histories_;
  changed_ = false;
  return frame;
}

}  // namespace logboom::gui
