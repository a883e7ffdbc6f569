// The matrix of rotations: every style, through every outage, with the agent's state kept and lost,
// by script. ./dev torture rotation is the same with real processes and files.
//
// In each cell a log is written and acked; the outage begins; it is written, rotated once or three
// times, written; the outage ends; it is written again. With its state lost the agent, where the
// outage is not its own, is killed and started anew once all is rotated.
#include <gtest/gtest.h>

#include <tuple>

#include "lib/base/check.h"
#include "lib/client/admin.h"
#include "tests/sim/log_books.h"
#include "tests/sim/rotation_styles.h"
#include "tests/sim/sim_broker.h"

namespace logboom::sim {
namespace {

enum class Outage { kBroker, kAgent, kBoth, kNetwork, kNone };
enum class State { kKept, kLost };

constexpr const char* kTopic = "web";
// Looks, listings, the checkpoint.
constexpr std::int64_t kSeenMs = 2'000;
constexpr std::int64_t kAckedMs = 5'000;
// Reconnects back off for up to 30 s.
constexpr std::int64_t kAllArrivesMs = 180'000;
constexpr std::int64_t kAfterwardsMs = 40'000;

SimOptions OptionsOf(const RotationStyle& style) {
  SimOptions options;
  options.seed = 1;
  // Of copies, and of a writer that goes on, the files may come in another order.
  if (!style.ordered) options.faults.Add(Fault::kCopyTruncate);
  return options;
}

class Cell {
 public:
  Cell(const RotationStyle& style, Outage outage, State state)
      : style_(style),
        outage_(outage),
        state_(state),
        stage_(OptionsOf(style)),
        broker_(stage_),
        books_(stage_, broker_.disk(), written_, "plain"),
        agent_(stage_, "host", {kTopic}),
        admin_random_(5) {
    broker_.on_death = [this](const broker::Broker& broker) { books_.Remember(broker); };
    broker_.on_start = [this](const broker::Broker& broker) { books_.CheckStart(broker, true); };
    for (const char* directory : {"/log/web/archive", "/log/elsewhere"}) {
      CHECK(file::CreateDurableDirectories(agent_.disk(), directory).ok());
    }
  }
  ~Cell() { broker_.on_death = nullptr; }
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  void Run(int rotations) {
    Prepare();
    BeginOutage();
    Write();
    for (int i = 0; i < rotations; ++i) Rotate(i);
    if (state_ == State::kLost) LoseState();
    Write();
    EndOutage();
    Write();
    AwaitAll();
    AskForMore();
  }

 private:
  void RunFor(std::int64_t ms) {
    const MonotonicMs end = stage_.clocks.monotonic() + ms;
    while (stage_.clocks.monotonic() < end && stage_.verdict.ok()) {
      std::int64_t due_ms = std::min(broker_.UntilDueMs(), agent_.UntilDueMs());
      if (stage_.network.under_way() > 0) due_ms = 1;
      Step(std::clamp<std::int64_t>(due_ms, 1, end - stage_.clocks.monotonic()));
    }
  }
  void Step(std::int64_t ms) {
    stage_.clocks.Pass(ms);
    broker_.Poll();
    if (broker_.up()) books_.Look(broker_.broker());
    agent_.Step();
  }
  void KillBroker() {
    broker_.Kill();
    books_.CompareDisk();
  }

  void Prepare() {
    broker_.Start();
    client::Admin admin(
        stage_.network.MakeClient(kBrokerAddress), {},
        [this] {
          Step(1);
          return stage_.clocks.At(0);
        },
        admin_random_);
    ASSERT_TRUE(admin.CreateTopic({.name = kTopic, .partitions = 1, .config = {}}).ok());
    agent_.Start();
    log_.emplace(agent_, written_, "app", style_.beginning);
    log_->Write(20);
    RunFor(kAckedMs);
    log_->AllAcked();
    for (int i = 0; i < style_.prepared; ++i) {
      RotateOnce();
      log_->Write(20);
      RunFor(kAckedMs);
      log_->AllAcked();
    }
  }
  void Write() {
    log_->WriteLate(3);
    log_->Write(30);
    RunFor(kSeenMs);
  }
  void RotateOnce() {
    ++log_->turn;
    if (style_.copy != nullptr) {
      style_.copy(*log_);
      RunFor(log_->turn % 2 == 0 ? 800 : 20);
    }
    style_.rotate(*log_);
  }
  void Rotate(int turn) {
    RotateOnce();
    log_->WriteLate(3);
    log_->Write(10 * turn + 5);
    RunFor(outage_ == Outage::kNone ? 300 : kSeenMs);
  }
  bool OfAgent() const { return outage_ == Outage::kAgent || outage_ == Outage::kBoth; }
  bool OfBroker() const { return outage_ == Outage::kBroker || outage_ == Outage::kBoth; }

  void BeginOutage() {
    if (OfAgent()) {
      agent_.Kill();
      if (state_ == State::kLost) agent_.LoseState();
    }
    if (OfBroker()) KillBroker();
    if (outage_ == Outage::kNetwork) stage_.network.SetFaults({.black_hole = true});
  }
  void LoseState() {
    if (OfAgent()) return;  // it was lost at the outage's begin
    agent_.Kill();
    agent_.LoseState();
    log_->KnowledgeLost();
    agent_.Start();
  }
  void EndOutage() {
    stage_.network.SetFaults({});
    if (outage_ == Outage::kNetwork) stage_.network.Cut(kBrokerAddress);
    if (OfBroker()) broker_.Start();
    if (OfAgent()) agent_.Start();
  }

  bool AllArrived() {
    Verdict verdict;
    books_.fold().CheckComplete(verdict);
    return verdict.ok() && log_->Missing(books_.fold()).empty();
  }
  void AwaitAll() {
    const MonotonicMs by = stage_.clocks.monotonic() + kAllArrivesMs;
    while (stage_.verdict.ok() && !AllArrived() && stage_.clocks.monotonic() < by) RunFor(500);
    RunFor(kAfterwardsMs);
    Check("at the end");
    if (outage_ == Outage::kNone) return;
    EXPECT_EQ(books_.fold().gap_count(), log_->gaps_due()) << Told();
  }
  // Whoever knows nothing finds nothing new.
  void AskForMore() {
    const std::uint64_t lines = books_.fold().lines_seen();
    const std::size_t gaps = books_.fold().gap_count();
    agent_.Kill();
    agent_.LoseState();
    agent_.Start();
    RunFor(kAfterwardsMs);
    Check("without its state");
    EXPECT_EQ(books_.fold().lines_seen(), lines) << Told();
    EXPECT_EQ(books_.fold().gap_count(), gaps) << Told();
  }
  void Check(const char* when) {
    if (stage_.verdict.ok()) books_.fold().CheckComplete(stage_.verdict);
    EXPECT_TRUE(stage_.verdict.ok()) << when << ": " << stage_.verdict.text() << "\n" << Told();
    EXPECT_EQ(log_->Missing(books_.fold()), "") << when << "\n" << Told();
  }
  std::string Told() const { return stage_.trace.Tail() + agent_.Describe() + books_.Describe(); }

  const RotationStyle& style_;
  Outage outage_;
  State state_;
  Stage stage_;
  SimBroker broker_;
  WrittenFiles written_;
  LogBooks books_;
  SimAgent agent_;
  SeededRandom admin_random_;
  std::optional<RotatedLog> log_;
};

using CellName = std::tuple<RotationStyle, Outage, State>;

class RotationMatrix : public testing::TestWithParam<CellName> {};

TEST_P(RotationMatrix, LosesAndDoublesNothingButWhatIsGone) {
  const auto& [style, outage, state] = GetParam();
  for (const int rotations : {1, 3}) {
    SCOPED_TRACE(fmt::format("{} rotations", rotations));
    Cell(style, outage, state).Run(rotations);
    if (HasFailure()) return;
  }
}

std::string NameOf(const testing::TestParamInfo<CellName>& cell) {
  const char* outages[] = {"broker", "agent", "both", "network", "none"};
  const auto& [style, outage, state] = cell.param;
  return fmt::format("{}_{}_{}", style.name, outages[static_cast<int>(outage)],
                     state == State::kKept ? "kept" : "lost");
}

INSTANTIATE_TEST_SUITE_P(Sim, RotationMatrix,
                         testing::Combine(testing::ValuesIn(RotationStyles()),
                                          testing::Values(Outage::kBroker, Outage::kAgent,
                                                          Outage::kBoth, Outage::kNetwork,
                                                          Outage::kNone),
                                          testing::Values(State::kKept, State::kLost)),
                         NameOf);

}  // namespace
}  // namespace logboom::sim
