// The network thread against brokers that stand in for live ones.
#include "gui/core/network_thread.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <thread>

#include "gui/core/limits.h"
#include "tests/gui/installations.h"

namespace logboom::gui {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// A broker that is there while `up` says so, and answers at each poll.
class ScriptedSource final : public SnapshotSource {
 public:
  explicit ScriptedSource(std::atomic<bool>& up) : up_(up) {}
  void Poll(Instant now) override { now_ = now; }
  void Wait(milliseconds timeout) override {
    std::this_thread::yield();
    (void)timeout;
  }
  std::optional<client::Snapshot> Take() override {
    if (!up_ || now_.monotonic - taken_ < 100) return std::nullopt;
    taken_ = now_.monotonic;
    return BusySnapshot("scripted", now_, ++step_);
  }
  bool connected() const override { return up_; }
  std::optional<Error> last_error() const override {
    if (up_) return std::nullopt;
    return Error{ErrorCode::kPermission, "not for you"};
  }

 private:
  std::atomic<bool>& up_;
  Instant now_;
  MonotonicMs taken_;
  int step_ = 0;
};

Instant RealTime() {
  const auto ms = std::chrono::duration_cast<milliseconds>(steady_clock::now().time_since_epoch());
  return {TimestampMs(ms.count()), MonotonicMs(ms.count())};
}

class NetworkThreadTest : public testing::Test {
 protected:
  NetworkThreadTest()
      : network_(
            {.brokers = {"tcp://scripted:1"},
             .make_source = [this](const std::string&) -> Result<std::unique_ptr<SnapshotSource>> {
               ++sources_made_;
               return std::make_unique<ScriptedSource>(up_);
             },
             .connect = [](const std::string& address)
                 -> Result<std::unique_ptr<transport::ClientTransport>> {
               return Fail(ErrorCode::kInvalid, "{} is not connected here", address);
             },
             .clock = RealTime,
             .identity = {},
             .deliver = [this](Batch batch) { Put(std::move(batch)); }}) {}

  void Put(Batch batch) {
    const std::lock_guard lock(mutex_);
    batches_.push_back(std::move(batch));
    came_.notify_all();
  }

  // The next batch; one without a frame where none comes.
  Batch Take() {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, seconds(20), [this] { return !batches_.empty(); });
    if (batches_.empty()) return {};
    Batch batch = std::move(batches_.front());
    batches_.pop_front();
    network_.BatchTaken();
    return batch;
  }

  bool WaitForLink(LinkState link) {
    const auto deadline = steady_clock::now() + seconds(20);
    while (steady_clock::now() < deadline) {
      const Batch batch = Take();
      if (batch.frame && batch.frame->brokers[0].link == link) return true;
    }
    return false;
  }

  std::atomic<bool> up_{true};
  std::atomic<int> sources_made_{0};
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Batch> batches_;
  NetworkThread network_;
};

TEST_F(NetworkThreadTest, TellsThatABrokerIsUpThenDownThenUpAgain) {
  network_.Start();
  EXPECT_TRUE(WaitForLink(LinkState::kUp));
  up_ = false;
  EXPECT_TRUE(WaitForLink(LinkState::kDown));
  up_ = true;
  EXPECT_TRUE(WaitForLink(LinkState::kUp));
}

TEST_F(NetworkThreadTest, NoMoreBatchesAreUnderWayThanTheWindowTakes) {
  network_.Start();
  std::unique_lock lock(mutex_);
  came_.wait_for(lock, seconds(20), [this] { return batches_.size() >= kBatchesUnderWayMax; });
  EXPECT_FALSE(came_.wait_for(lock, milliseconds(500),
                              [this] { return batches_.size() > kBatchesUnderWayMax; }));
}

TEST_F(NetworkThreadTest, RetryingConnectsAnewWhatIsDown) {
  up_ = false;
  network_.Start();
  EXPECT_TRUE(WaitForLink(LinkState::kDown));
  EXPECT_EQ(sources_made_, 1);
  network_.RetryNow();
  while (sources_made_ < 2) Take();
  SUCCEED();
}

TEST_F(NetworkThreadTest, EachFollowHasItsOwnNumber) {
  const std::uint64_t first = network_.Follow("a");
  EXPECT_GT(network_.Follow("b"), first);
  network_.Start();
  network_.Stop();
}

}  // namespace
}  // namespace logboom::gui
