#include "broker/storage/background.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

namespace logboom::broker {
namespace {

TEST(ThreadBackgroundWorker, WorksInOrderElsewhereAndContinuesHere) {
  std::latch all_done(3);
  const auto worker = MakeThreadBackgroundWorker([&] { all_done.count_down(); });
  const std::thread::id here = std::this_thread::get_id();
  std::vector<int> continued;
  for (int i = 0; i < 3; ++i) {
    worker->Submit([&continued, here, i](const std::stop_token&) -> BackgroundWorker::Continuation {
      EXPECT_NE(std::this_thread::get_id(), here);
      return [&continued, here, i] {
        EXPECT_EQ(std::this_thread::get_id(), here);
        continued.push_back(i);
      };
    });
  }
  EXPECT_EQ(worker->pending(), 3U);
  all_done.wait();
  EXPECT_TRUE(continued.empty()) << "continued outside of FinishDone";
  worker->FinishDone();
  EXPECT_EQ(continued, (std::vector{0, 1, 2}));
  EXPECT_EQ(worker->pending(), 0U);
}

TEST(ThreadBackgroundWorker, EndStopsWhatRunsAndDropsTheRest) {
  std::latch begun(1);
  bool stopped = false;
  bool continued = false;
  bool second_ran = false;
  auto worker = MakeThreadBackgroundWorker({});
  worker->Submit([&](const std::stop_token& stop) -> BackgroundWorker::Continuation {
    begun.count_down();
    while (!stop.stop_requested()) std::this_thread::yield();
    stopped = true;
    return [&] { continued = true; };
  });
  worker->Submit([&](const std::stop_token&) -> BackgroundWorker::Continuation {
    second_ran = true;
    return {};
  });
  begun.wait();
  worker.reset();
  EXPECT_TRUE(stopped);
  EXPECT_FALSE(continued);
  EXPECT_FALSE(second_ran);
}

// Neither the loop waits for work, nor work for the loop; and what continues may ask for more.
TEST(ThreadBackgroundWorker, TheLoopGoesOnWhileWorkRuns) {
  std::latch begun(1);
  std::latch go(1);
  std::latch two_done(2);
  std::latch all_done(3);
  const auto worker = MakeThreadBackgroundWorker([&] {
    if (!two_done.try_wait()) two_done.count_down();
    all_done.count_down();
  });
  int continued = 0;
  const auto nothing = [](const std::stop_token&) -> BackgroundWorker::Continuation { return {}; };
  worker->Submit([&](const std::stop_token&) -> BackgroundWorker::Continuation {
    begun.count_down();
    go.wait();
    return [&] {
      ++continued;
      worker->Submit(nothing);
    };
  });
  begun.wait();
  worker->Submit(nothing);
  worker->FinishDone();
  EXPECT_EQ(continued, 0);
  EXPECT_EQ(worker->pending(), 2U);
  go.count_down();
  two_done.wait();
  worker->FinishDone();
  EXPECT_EQ(continued, 1);
  EXPECT_EQ(worker->pending(), 1U);
  all_done.wait();
  worker->FinishDone();
  EXPECT_EQ(worker->pending(), 0U);
}

TEST(InlineBackgroundWorker, DoesOneWorkEachCall) {
  const auto worker = MakeInlineBackgroundWorker();
  std::vector<int> events;
  worker->Submit([&](const std::stop_token&) -> BackgroundWorker::Continuation {
    events.push_back(1);
    return [&] {
      events.push_back(2);
      worker->Submit([&](const std::stop_token&) -> BackgroundWorker::Continuation {
        events.push_back(3);
        return {};
      });
    };
  });
  EXPECT_TRUE(events.empty());
  worker->FinishDone();
  EXPECT_EQ(events, (std::vector{1, 2}));
  EXPECT_EQ(worker->pending(), 1U);
  worker->FinishDone();
  EXPECT_EQ(events, (std::vector{1, 2, 3}));
  EXPECT_EQ(worker->pending(), 0U);
}

}  // namespace
}  // namespace logboom::broker
