#include "gui/core/network_thread.h"

#include <algorithm>
#include <utility>

#include "gui/core/installation.h"
#include "gui/core/limits.h"

namespace logboom::gui {
namespace {

// Ages grow on the screen though nothing else changes.
constexpr std::int64_t kFrameAtLeastEachMs = 1'000;

}  // namespace

NetworkThread::NetworkThread(NetworkOptions options)
    : options_(std::move(options)),
      installation_(std::make_unique<Installation>(options_.brokers)),
      tail_(std::make_unique<TailReader>(options_.connect, options_.identity, random_)) {
  for (const std::string& address : options_.brokers) feeds_.push_back({address, nullptr, {}});
}

NetworkThread::~NetworkThread() { Stop(); }

void NetworkThread::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void NetworkThread::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::uint64_t NetworkThread::Follow(std::string topic) {
  const std::lock_guard lock(mutex_);
  wishes_.follow = std::move(topic);
  wishes_.tail = ++tails_;
  return tails_;
}

void NetworkThread::RetryNow() {
  const std::lock_guard lock(mutex_);
  wishes_.retry = true;
}

void NetworkThread::Run(const std::stop_token& stop) {
  for (Feed& feed : feeds_) Connect(feed);
  while (!stop.stop_requested()) {
    const Instant now = options_.clock();
    TakeWishes(now);
    PollFeeds(now);
    PollTail(now);
    DeliverIfDue(now);
    Wait();
  }
  // Sockets are closed by the thread that used them.
  tail_.reset();
  feeds_.clear();
}

void NetworkThread::Connect(Feed& feed) {
  auto source = options_.make_source(feed.address);
  feed.source = source.ok() ? *std::move(source) : nullptr;
  feed.refused = source.ok() ? std::nullopt : std::optional(source.error());
}

void NetworkThread::TakeWishes(Instant now) {
  Wishes wishes;
  {
    const std::lock_guard lock(mutex_);
    wishes = std::exchange(wishes_, {});
  }
  if (wishes.follow) {
    next_.tail = wishes.tail;
    next_.lines = {};
    lines_dropped_ = 0;
    tail_->Follow(*std::move(wishes.follow), kTailHistoryRows, now);
    if (frame_) tail_->Update(frame_->brokers);
  }
  if (!wishes.retry || !frame_) return;
  for (std::size_t i = 0; i < feeds_.size(); ++i) {
    if (frame_->brokers[i].link != LinkState::kDown) continue;
    Connect(feeds_[i]);
    installation_->Retry(i, now);
  }
}

void NetworkThread::PollFeeds(Instant now) {
  for (std::size_t i = 0; i < feeds_.size(); ++i) {
    Feed& feed = feeds_[i];
    if (!feed.source) {
      installation_->SetConnection(i, false, feed.refused, now);
      continue;
    }
    feed.source->Poll(now);
    installation_->SetConnection(i, feed.source->connected(), feed.source->last_error(), now);
    if (auto snapshot = feed.source->Take()) {
      installation_->TakeSnapshot(i, *std::move(snapshot), now);
    }
  }
  if (!installation_->changed() && now.monotonic - frame_made_ < kFrameAtLeastEachMs) return;
  frame_ = installation_->MakeFrame(now);
  frame_made_ = now.monotonic;
  next_.frame = frame_;
  tail_->Update(frame_->brokers);
}

void NetworkThread::PollTail(Instant now) {
  if (!tail_->following()) return;
  tail_->Poll(now, next_.lines);
  if (next_.lines.rows.size() > kWaitingRowsMax || next_.lines.bytes.size() > kWaitingBytesMax) {
    lines_dropped_ += static_cast<std::int64_t>(next_.lines.rows.size());
    next_.lines = {};
  }
  next_.lines_not_shown = lines_dropped_ + tail_->skipped();
}

void NetworkThread::DeliverIfDue(Instant now) {
  if (!next_.frame && next_.lines.empty()) return;
  if (now.monotonic - delivered_ < kBatchInterval.count()) return;
  if (batches_under_way_.load() >= static_cast<int>(kBatchesUnderWayMax)) return;
  delivered_ = now.monotonic;
  batches_under_way_.fetch_add(1);
  Batch batch = std::exchange(next_, {});
  next_.tail = batch.tail;
  options_.deliver(std::move(batch));
}

void NetworkThread::Wait() {
  if (tail_->connecting()) return tail_->Wait(kBatchInterval / 2);
  const auto connected = std::find_if(feeds_.begin(), feeds_.end(),
                                      [](const Feed& feed) { return feed.source != nullptr; });
  if (connected != feeds_.end()) return connected->source->Wait(kBatchInterval);
  std::this_thread::sleep_for(kBatchInterval);
}

}  // namespace logboom::gui
