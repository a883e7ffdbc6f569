#include "broker/metadata/metadata_writer.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace logboom::broker {
namespace {

// What one commit joins: bounds the time that a failed one puts in doubt, and its memory.
constexpr std::size_t kJoinedWritesMax = 10'000;

struct Submitted {
  std::uint64_t id = 0;
  MetadataTransaction transaction;
};

class ThreadMetadataWriter final : public MetadataWriter {
 public:
  ThreadMetadataWriter(std::unique_ptr<MetadataStore> store, std::function<void()> wake_up,
                       std::chrono::milliseconds copy_interval)
      : store_(std::move(store)),
        wake_up_(std::move(wake_up)),
        copy_interval_(copy_interval),
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
    auto copied_at = std::chrono::steady_clock::now();
    bool changed_since_copy = false;
    bool sound = true;  // every write so far has succeeded
    while (true) {
      std::vector<Submitted> group = NextGroup(stop);
      if (group.empty() && stop.stop_requested()) break;
      if (!group.empty()) {
        sound = Finish(group).ok() && sound;
        changed_since_copy = true;
      }
      if (changed_since_copy && std::chrono::steady_clock::now() - copied_at >= copy_interval_) {
        // A copy that can't be made now is made at the next turn; the database itself is sound.
        changed_since_copy = !store_->RenewCopy().ok();
        copied_at = std::chrono::steady_clock::now();
      }
    }
    // Whatever becomes of the database while nobody runs, the copy has all of it. Where it can't be
    // made the one before stays.
    if (changed_since_copy && sound) static_cast<void>(store_->RenewCopy());
  }

  // Waits; empty when it is time to stop or to look at the copy.
  std::vector<Submitted> NextGroup(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, copy_interval_, [this] { return !submitted_.empty(); });
    std::vector<Submitted> group;
    std::size_t writes = 0;
    while (!submitted_.empty() && writes < kJoinedWritesMax) {
      writes += submitted_.front().transaction.writes.size();
      group.push_back(std::move(submitted_.front()));
      submitted_.pop_front();
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
      for (const Submitted& one : group) done_.push_back({one.id, status});
    }
    wake_up_();
    return status;
  }

  std::unique_ptr<MetadataStore> store_;
  std::function<void()> wake_up_;
  std::chrono::milliseconds copy_interval_;
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
    done_.push_back({id, store_.Apply(transaction)});
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
                                                         std::chrono::milliseconds copy_interval) {
  return std::make_unique<ThreadMetadataWriter>(std::move(store), std::move(wake_up),
                                                copy_interval);
}

std::unique_ptr<MetadataWriter> MakeInlineMetadataWriter(MetadataStore& store) {
  return std::make_unique<InlineMetadataWriter>(store);
}

}  // namespace logboom::broker
