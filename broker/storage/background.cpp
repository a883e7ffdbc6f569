#include "broker/storage/background.h"

#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace logboom::broker {
namespace {

// Behind the loop, the commits and the readers, and not starved by them.
constexpr int kNiceness = 10;

void BeNice() {
  // Of this thread alone, on Linux. Where it is refused the work is done all the same.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
}

class ThreadWorker final : public BackgroundWorker {
 public:
  explicit ThreadWorker(std::function<void()> wake_up)
      : wake_up_(std::move(wake_up)), thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  void Submit(Work work) override {
    ++pending_;
    const std::scoped_lock lock(mutex_);
    queue_.push_back(std::move(work));
    work_there_.notify_one();
  }

  void FinishDone() override {
    std::unique_lock lock(mutex_);
    auto done = std::exchange(done_, {});
    lock.unlock();
    for (const Continuation& then : done) {
      --pending_;
      if (then) then();
    }
  }

  std::size_t pending() const override { return pending_; }

 private:
  void Run(const std::stop_token& stop) {
    BeNice();
    std::unique_lock lock(mutex_);
    while (work_there_.wait(lock, stop, [this] { return !queue_.empty(); })) {
      if (stop.stop_requested()) return;
      const Work work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      Continuation then = work(stop);
      lock.lock();
      done_.push_back(std::move(then));
      lock.unlock();
      if (wake_up_) wake_up_();
      lock.lock();
    }
  }

  std::function<void()> wake_up_;
  std::size_t pending_ = 0;  // the loop's
  std::mutex mutex_;
  std::condition_variable_any work_there_;
  std::deque<Work> queue_;
  std::deque<Continuation> done_;
  std::jthread thread_;  // last: it ends before what it uses
};

class InlineWorker final : public BackgroundWorker {
 public:
  void Submit(Work work) override { queue_.push_back(std::move(work)); }

  void FinishDone() override {
    if (queue_.empty()) return;
    const Work work = std::move(queue_.front());
    queue_.pop_front();
    if (const Continuation then = work(std::stop_token())) then();
  }

  std::size_t pending() const override { return queue_.size(); }

 private:
  std::deque<Work> queue_;
};

}  // namespace

std::unique_ptr<BackgroundWorker> MakeThreadBackgroundWorker(std::function<void()> wake_up) {
  return std::make_unique<ThreadWorker>(std::move(wake_up));
}

std::unique_ptr<BackgroundWorker> MakeInlineBackgroundWorker() {
  return std::make_unique<InlineWorker>();
}

}  // namespace logboom::broker
