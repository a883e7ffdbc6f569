// The one thread that owns every socket of the console. It gathers snapshots and lines, and hands
// the window one batch of values each kBatchInterval at most; while the window has not taken
// kBatchesUnderWayMax of them it gets no more, and lines that can't wait are dropped and counted.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gui/core/batch.h"
#include "gui/core/feed.h"
#include "gui/core/snapshot_source.h"
#include "gui/core/tail_reader.h"
#include "lib/client/options.h"

namespace logboom::gui {

struct NetworkOptions {
  std::vector<std::string> brokers;
  MakeSnapshotSource make_source;
  ConnectTransport connect;
  client::Clock clock;
  client::ClientIdentity identity;
  // Called on the network thread; must not wait. Whoever takes a batch calls BatchTaken().
  std::function<void(Batch)> deliver;
};

class Installation;

// Any thread may call it, but for Start() and Stop(), which its owner calls.
class NetworkThread final : public Feed {
 public:
  explicit NetworkThread(NetworkOptions options);
  ~NetworkThread() override;
  NetworkThread(const NetworkThread&) = delete;
  NetworkThread& operator=(const NetworkThread&) = delete;

  void Start();
  // Nothing is delivered once it returns. Called by the destructor too.
  void Stop();

  std::uint64_t Follow(std::string topic) override;
  void RetryNow() override;
  void BatchTaken() { batches_under_way_.fetch_sub(1); }

 private:
  struct Feed {
    std::string address;
    std::unique_ptr<SnapshotSource> source;
    std::optional<Error> refused;  // the address is none
  };
  struct Wishes {
    bool retry = false;
    std::optional<std::string> follow;
    std::uint64_t tail = 0;
  };

  void Run(const std::stop_token& stop);
  void Connect(Feed& feed);
  void TakeWishes(Instant now);
  void PollFeeds(Instant now);
  void PollTail(Instant now);
  void DeliverIfDue(Instant now);
  void Wait();

  NetworkOptions options_;
  SystemRandom random_;
  std::atomic<int> batches_under_way_{0};
  std::mutex mutex_;
  Wishes wishes_;            // under mutex_
  std::uint64_t tails_ = 0;  // under mutex_

  // The thread's own.
  std::vector<Feed> feeds_;
  std::unique_ptr<Installation> installation_;
  std::unique_ptr<TailReader> tail_;
  Batch next_;
  std::shared_ptr<const Frame> frame_;
  std::int64_t lines_dropped_ = 0;
  MonotonicMs delivered_;
  MonotonicMs frame_made_;

  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace logboom::gui
