#include "broker/storage/committer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <span>
#include <stop_token>
#include <thread>
#include <utility>

#include "broker/storage/limits.h"

namespace logboom::broker {
namespace {

using Files = std::vector<std::shared_ptr<file::File>>;

// A group's work, each file and directory once.
struct SyncList {
  Files files;
  std::set<std::string> directories;
};

SyncList Flatten(const CommitGroup& group) {
  SyncList list;
  for (const SyncWork& work : group.work) {
    list.files.insert(list.files.end(), work.files.begin(), work.files.end());
    list.directories.insert(work.directories.begin(), work.directories.end());
  }
  std::sort(list.files.begin(), list.files.end());
  list.files.erase(std::unique(list.files.begin(), list.files.end()), list.files.end());
  return list;
}

// Syncs files side by side on the calling thread and a few helpers. The device merges them, so that
// eight threads are three times as fast as one. Owned by a committer; Run is called by one thread
// at a time.
class ParallelSync {
 public:
  ParallelSync() = default;
  // All of them are asked before the first is waited for.
  ~ParallelSync() {
    for (std::jthread& helper : helpers_) helper.request_stop();
  }

  // The first error, if any. Every file is tried once, whatever the others do: a sync that has
  // begun elsewhere can't be called back, and none is tried twice.
  Status Run(const Files& files) {
    StartHelpers(std::min(files.size(), kSyncThreadsMax) - 1);
    std::unique_lock lock(mutex_);
    files_ = files;
    next_ = 0;
    running_ = 0;
    status_ = Ok();
    work_there_.notify_all();
    SyncSome(lock);
    work_done_.wait(lock, [this] { return next_ == files_.size() && running_ == 0; });
    return std::exchange(status_, Ok());
  }

 private:
  void StartHelpers(std::size_t count) {
    while (helpers_.size() < count) {
      helpers_.emplace_back([this](const std::stop_token& stop) { Help(stop); });
    }
  }

  void Help(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (work_there_.wait(lock, stop, [this] { return next_ < files_.size(); })) {
      SyncSome(lock);
    }
  }

  void SyncSome(std::unique_lock<std::mutex>& lock) {
    while (next_ < files_.size()) {
      const std::shared_ptr<file::File> file = files_[next_++];
      ++running_;
      lock.unlock();
      const Status synced = file->Sync();
      lock.lock();
      --running_;
      if (!synced.ok() && status_.ok()) status_ = synced;
    }
    work_done_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable_any work_there_;
  std::condition_variable work_done_;
  Files files_;
  std::size_t next_ = 0;
  std::size_t running_ = 0;
  Status status_;
  std::vector<std::jthread> helpers_;  // last: they end before what they use
};

// What both committers do with a group.
class GroupSync {
 public:
  GroupSync(file::FileSystem& fs, std::string data_directory, SyncMethod method)
      : fs_(fs), data_directory_(std::move(data_directory)), method_(method) {}

  // After a failure every further group fails with its reason: the kernel has marked the pages
  // clean.
  template <typename SyncFiles>
  Status Run(const CommitGroup& group, const SyncFiles& sync_files) {
    if (failed_) return *failed_;
    Status status = Sync(Flatten(group), sync_files);
    if (!status.ok()) failed_ = status.error();
    return status;
  }

 private:
  template <typename SyncFiles>
  Status Sync(const SyncList& list, const SyncFiles& sync_files) {
    if (list.files.empty() && list.directories.empty()) return Ok();
    if (method_ == SyncMethod::kSyncfs) return fs_.SyncFileSystem(data_directory_);
    if (!list.files.empty()) RETURN_IF_ERROR(sync_files(list.files));
    for (const std::string& directory : list.directories) {
      RETURN_IF_ERROR(fs_.SyncDirectory(directory));
    }
    return Ok();
  }

  file::FileSystem& fs_;
  std::string data_directory_;
  SyncMethod method_;
  std::optional<Error> failed_;
};

std::int64_t MicrosecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               begin)
      .count();
}

class ThreadCommitter final : public Committer {
 public:
  ThreadCommitter(file::FileSystem& fs, std::string data_directory, SyncMethod method,
                  std::function<void()> wake_up)
      : sync_(fs, std::move(data_directory), method),
        wake_up_(std::move(wake_up)),
        thread_([this](const std::stop_token& stop) { Loop(stop); }) {}

  ~ThreadCommitter() override {
    thread_.request_stop();
    thread_.join();
  }

  void Submit(CommitGroup group) override {
    const std::scoped_lock lock(mutex_);
    queue_.push_back(std::move(group));
    work_there_.notify_one();
  }

  std::optional<CommitDone> TakeDone() override {
    const std::scoped_lock lock(mutex_);
    if (done_.empty()) return std::nullopt;
    CommitDone done = std::move(done_.front());
    done_.pop_front();
    return done;
  }

 private:
  void Loop(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (work_there_.wait(lock, stop, [this] { return !queue_.empty(); })) {
      const CommitGroup group = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      CommitDone done = Commit(group);
      lock.lock();
      done_.push_back(std::move(done));
      lock.unlock();
      if (wake_up_) wake_up_();
      lock.lock();
    }
  }

  CommitDone Commit(const CommitGroup& group) {
    const auto begin = std::chrono::steady_clock::now();
    Status status = sync_.Run(group, [this](const Files& files) { return parallel_.Run(files); });
    return {group.id, std::move(status), MicrosecondsSince(begin)};
  }

  GroupSync sync_;
  ParallelSync parallel_;
  std::function<void()> wake_up_;
  std::mutex mutex_;
  std::condition_variable_any work_there_;
  std::deque<CommitGroup> queue_;
  std::deque<CommitDone> done_;
  std::jthread thread_;  // last: it ends before what it uses
};

class InlineCommitter final : public Committer {
 public:
  InlineCommitter(file::FileSystem& fs, std::string data_directory, SyncMethod method)
      : sync_(fs, std::move(data_directory), method) {}

  void Submit(CommitGroup group) override {
    Status status = sync_.Run(group, [](const Files& files) -> Status {
      for (const std::shared_ptr<file::File>& file : files) RETURN_IF_ERROR(file->Sync());
      return Ok();
    });
    done_.push_back({group.id, std::move(status), 0});
  }

  std::optional<CommitDone> TakeDone() override {
    if (done_.empty()) return std::nullopt;
    CommitDone done = std::move(done_.front());
    done_.pop_front();
    return done;
  }

 private:
  GroupSync sync_;
  std::deque<CommitDone> done_;
};

}  // namespace

std::unique_ptr<Committer> MakeThreadCommitter(file::FileSystem& fs, std::string data_directory,
                                               SyncMethod method, std::function<void()> wake_up) {
  return std::make_unique<ThreadCommitter>(fs, std::move(data_directory), method,
                                           std::move(wake_up));
}

std::unique_ptr<Committer> MakeInlineCommitter(file::FileSystem& fs, std::string data_directory,
                                               SyncMethod method) {
  return std::make_unique<InlineCommitter>(fs, std::move(data_directory), method);
}

}  // namespace logboom::broker
