#include "broker/metadata/metadata_writer.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace logboom::broker {
namespace {

// What one commit joins: bounds the time that a failed one puts in doubt, and its memory.
constexpr std::size_t kJoinedWritesMax = 10'000;

using Clock = std::chrono::steady_clock;

struct Submitted {
  std::uint64_t id = 0;
  MetadataTransaction transaction;
};

class ThreadMetadataWriter final : public MetadataWriter {
 public:
  ThreadMetadataWriter(std::unique_ptr<MetadataStore> store, std::function<void()> wake_up,
                       std::chrono::milliseconds copy_interval, std::chrono::milliseconds copy_soon)
      : store_(std::move(store)),
        wake_up_(std::move(wake_up)),
        copy_interval_(copy_interval),
        copy_soon_(copy_soon),
        thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  ThreadMetadataWriter(const ThreadMetadataWriter&) = delete;
  ThreadMetadataWriter& operator=(const ThreadMetadataWriter&) = delete;
  ~ThreadMetadataWriter() override {
    thread_.request_stop();
    thread_.join();
  }

  void Submit(std::uint64_t id, MetadataTransaction transaction) override {
    {
      std::lock_guard lock(mutex_);
      submitted_.push_back({id, std::move(transaction)});
    }
    changed_.notify_one();
  }

  std::optional<MetadataDone> TakeDone() override {
    std::lock_guard lock(mutex_);
    if (done_.empty()) return std::nullopt;
    MetadataDone done = std::move(done_.front());
    done_.pop_front();
    return done;
  }

 private:
  void Run(const std::stop_token& stop) {
    auto copied_at = Clock::now();
    bool sound = true;  // every write so far has succeeded
    while (true) {
      std::vector<Submitted> group = NextGroup(stop);
      if (group.empty() && stop.stop_requested()) break;
      if (!group.empty() && !group.front().transaction.copy_to.empty()) {
        CopyElsewhere(group.front());
      } else if (!group.empty()) {
        const bool soon = std::ranges::any_of(
            group, [](const Submitted& one) { return one.transaction.renew_copy_soon; });
        sound = Finish(group).ok() && sound;
        const auto due = soon ? Clock::now() + copy_soon_ : copied_at + copy_interval_;
        copy_due_ = std::min(copy_due_.value_or(due), due);
      }
      if (copy_due_ && Clock::now() >= *copy_due_) {
        copy_due_.reset();
        const bool made = store_->RenewCopy().ok();
        copied_at = Clock::now();
        // One that can't be made now is made later; the database itself is sound.
        if (!made) copy_due_ = copied_at + copy_interval_;
      }
    }
    // Whatever becomes of the database while nobody runs, the copy has all of it. Where it can't be
    // made the one before stays.
    if (copy_due_ && sound) static_cast<void>(store_->RenewCopy());
  }

  // Waits; empty when it is time to stop or to look at the copy. A copy to elsewhere comes alone.
  std::vector<Submitted> NextGroup(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto until = copy_due_.value_or(Clock::now() + copy_interval_);
    changed_.wait_until(lock, stop, until, [this] { return !submitted_.empty(); });
    std::vector<Submitted> group;
    std::size_t writes = 0;
    while (!submitted_.empty() && writes < kJoinedWritesMax) {
      const bool copy = !submitted_.front().transaction.copy_to.empty();
      if (copy && !group.empty()) break;
      writes += submitted_.front().transaction.writes.size();
      group.push_back(std::move(submitted_.front()));
      submitted_.pop_front();
      if (copy) break;
    }
    return group;
  }

  Status Finish(std::vector<Submitted>& group) {
    MetadataTransaction joined;
    for (Submitted& one : group) {
      joined.renew_copy = joined.renew_copy || one.transaction.renew_copy;
      for (MetadataWrite& write : one.transaction.writes) {
        joined.writes.push_back(std::move(write));
      }
    }
    Status status = store_->Apply(joined);
    {
      std::lock_guard lock(mutex_);
      for (const Submitted& one : group) done_.push_back({one.id, status, false});
    }
    wake_up_();
    return status;
  }

  void CopyElsewhere(const Submitted& copy) {
    Status status = store_->CopyTo(copy.transaction.copy_to);
    {
      std::lock_guard lock(mutex_);
      done_.push_back({copy.id, std::move(status), /*copied_elsewhere=*/true});
    }
    wake_up_();
  }

  std::unique_ptr<MetadataStore> store_;
  std::function<void()> wake_up_;
  std::chrono::milliseconds copy_interval_;
  std::chrono::milliseconds copy_soon_;
  std::optional<Clock::time_point> copy_due_;  // nothing: the copy has all; the thread's own
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Submitted> submitted_;
  std::deque<MetadataDone> done_;
  std::jthread thread_;  // last: it starts when all else is there
};

class InlineMetadataWriter final : public MetadataWriter {
 public:
  explicit InlineMetadataWriter(MetadataStore& store) : store_(store) {}

  void Submit(std::uint64_t id, MetadataTransaction transaction) override {
    const bool copy = !transaction.copy_to.empty();
    done_.push_back(
        {id, copy ? store_.CopyTo(transaction.copy_to) : store_.Apply(transaction), copy});
  }

  std::optional<MetadataDone> TakeDone() override {
    if (done_.empty()) return std::nullopt;
    MetadataDone done = std::move(done_.front());
    done_.pop_front();
    return done;
  }

 private:
  MetadataStore& store_;
  std::deque<MetadataDone> done_;
};

}  // namespace

std::unique_ptr<MetadataWriter> MakeThreadMetadataWriter(std::unique_ptr<MetadataStore> store,
                                                         std::function<void()> wake_up,
                                                         std::chrono::milliseconds copy_interval,
                                                         std::chrono::milliseconds copy_soon) {
  return std::make_unique<ThreadMetadataWriter>(std::move(store), std::move(wake_up), copy_interval,
                                                copy_soon);
}

std::unique_ptr<MetadataWriter> MakeInlineMetadataWriter(MetadataStore& store) {
  return std::make_unique<InlineMetadataWriter>(store);
}

}  // namespace logboom::broker
