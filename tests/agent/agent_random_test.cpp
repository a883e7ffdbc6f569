// Random lives of log files, connections, brokers and agents. The oracle is plain: every line that
// a program wrote is numbered, and the broker must have each once and in order.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

// A program that writes one log: lines "NAME NUMBER some text", now and then in two parts. It is
// rotated, by renaming or by copying and truncating, as logrotate would.
class Writer {
 public:
  Writer(AgentRig& rig, Random& random, std::string name)
      : rig_(rig), random_(random), name_(std::move(name)), path_("/log/" + name_ + ".log") {}

  void Write() {
    std::string bytes = std::exchange(half_, "");
    const std::uint64_t lines = random_.Below(random_.Below(10) == 0 ? 2'000 : 20);
    for (std::uint64_t i = 0; i < lines; ++i) bytes += Line();
    if (random_.Below(5) == 0) {
      const std::string line = Line();
      const std::size_t cut = random_.Below(line.size());
      bytes += line.substr(0, cut);
      half_ = line.substr(cut);
    }
    if (!bytes.empty()) rig_.Append(path_, bytes);
  }

  // A program finishes its line before its log is rotated.
  void FinishLine() {
    if (!half_.empty()) rig_.Append(path_, std::exchange(half_, ""));
  }

  void RotateByRename() {
    if (!MayRotate()) return;
    FinishLine();
    MakeRoom();
    rig_.Rename(path_, path_ + ".1");
    seen_ = false;
  }

  void RotateByCopy() {
    if (!MayRotate()) return;
    FinishLine();
    // Of what no agent ever saw only a copy inside of the patterns can be found.
    if (!seen_ || random_.Below(2) == 0) {
      MakeRoom();
      rig_.CopyTruncate(path_, path_ + ".1");
    } else {
      // Outside of the patterns.
      rig_.CopyTruncate(path_, fmt::format("{}-copy-{}", path_, ++copies_));
    }
    seen_ = false;
  }

  // Only while an agent holds it open: else its bytes may be gone, which is another test's.
  void Unlink() {
    if (!Exists(path_)) return;
    FinishLine();
    rig_.Remove(path_);
  }

  // All that was written so far is at the broker.
  void Seen() {
    unseen_rotations_ = 0;
    seen_ = Exists(path_) && rig_.fs.Stat(path_)->size_bytes > 0;
  }

  int lines_written() const { return next_; }
  const std::string& name() const { return name_; }
  const std::string& path() const { return path_; }

 private:
  static constexpr int kKept = 4;
  static constexpr int kUnseenMax = 2;

  std::string Line() {
    std::string line = fmt::format("{} {:08} ", name_, next_++);
    line.append(random_.Below(60), static_cast<char>('a' + random_.Below(26)));
    return line + "\n";
  }
  bool Exists(const std::string& path) { return rig_.fs.Stat(path).ok(); }
  // Nothing is deleted that no agent had the time to ship.
  bool MayRotate() { return Exists(path_) && ++unseen_rotations_ <= kUnseenMax; }
  void MakeRoom() {
    for (int i = kKept; i >= 1; --i) {
      const std::string from = fmt::format("{}.{}", path_, i);
      if (!Exists(from)) continue;
      if (i == kKept) {
        rig_.Remove(from);
      } else {
        rig_.Rename(from, fmt::format("{}.{}", path_, i + 1));
      }
    }
  }

  AgentRig& rig_;
  Random& random_;
  std::string name_;
  std::string path_;
  std::string half_;
  int next_ = 0;
  int copies_ = 0;
  bool seen_ = false;
  int unseen_rotations_ = 0;
};

struct Found {
  std::map<std::string, std::vector<int>> numbers;  // by writer, in the order of the log
  std::vector<std::string> broken;
};

// Lines of the log, joined where they were sent in parts.
Found ReadLog(AgentRig& rig) {
  Found found;
  std::map<Uuid, std::string> parts;
  for (const fakes::StoredRecord& record : rig.topic().log) {
    std::string& line = parts[record.source_id];
    line += record.value;
    if (record.more) continue;
    const std::size_t space = line.find(' ');
    if (space == std::string::npos || line.size() < space + 9) {
      found.broken.push_back(line);
    } else {
      found.numbers[line.substr(0, space)].push_back(std::atoi(line.c_str() + space + 1));
    }
    line.clear();
  }
  return found;
}

::testing::AssertionResult EachOnceInOrder(AgentRig& rig, const Writer& writer) {
  Found found = ReadLog(rig);
  if (!found.broken.empty()) {
    return ::testing::AssertionFailure() << "a broken line: '" << found.broken.front() << "'";
  }
  const std::vector<int>& numbers = found.numbers[writer.name()];
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] == static_cast<int>(i)) continue;
    return ::testing::AssertionFailure() << writer.name() << ": line " << numbers[i] << " where "
                                         << i << " should be, of " << writer.lines_written();
  }
  if (numbers.size() == static_cast<std::size_t>(writer.lines_written())) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure()
         << writer.name() << ": " << numbers.size() << " lines of " << writer.lines_written();
}

struct Dangers {
  bool cuts = false;
  bool broker_restarts = false;
  bool agent_restarts = false;
  bool state_losses = false;
  bool rename = false;
  bool copy = false;
  bool unlink = false;
};

bool AllAcked(const AgentRig& rig) {
  const auto files = rig.agent->FileReports();
  return std::all_of(files.begin(), files.end(), [](const client::FileReport& file) {
    return file.acked.value() == file.size_bytes;
  });
}

void Live(std::uint64_t seed, const Dangers& dangers) {
  SCOPED_TRACE(fmt::format("seed {}", seed));
  SeededRandom random(seed);
  AgentRig rig({.seed = seed, .watched = random.Below(4) != 0});
  rig.prints_notices = std::getenv("LOGBOOM_TEST_NOTICES") != nullptr;
  std::vector<std::unique_ptr<Writer>> writers;
  for (const char* name : {"alpha", "beta", "gamma"}) {
    writers.push_back(std::make_unique<Writer>(rig, random, name));
  }
  rig.Start();
  bool up = true;
  const auto may = [&random](bool danger, std::uint64_t one_in) {
    return danger && random.Below(one_in) == 0;
  };
  for (int round = 0; round < 120; ++round) {
    Writer& writer = *writers[random.Below(writers.size())];
    writer.Write();
    if (may(dangers.rename, 12)) writer.RotateByRename();
    if (may(dangers.copy, 12)) {
      // Copies of what nobody saw yet can be told from files of their own only once they stand
      // still; an agent that is down sees one rotation at most.
      writer.RotateByCopy();
      if (!up) {
        rig.Start();
        up = true;
      }
      rig.Run(8'000);
    }
    if (up && may(dangers.unlink, 25)) {
      rig.Run(1'500);
      writer.Unlink();
      rig.Run(400);
    }
    if (may(dangers.cuts, 10)) rig.network.CutAfter(kBrokerAddress, random.Below(12));
    if (may(dangers.broker_restarts, 20)) rig.broker.Restart();
    rig.broker.syncs_by_itself = random.Below(4) != 0;
    if (may(dangers.agent_restarts, 15)) {
      if (up) rig.Kill();
      up = false;
      if (may(dangers.state_losses, 2)) rig.DeleteState();
    } else if (!up && random.Below(2) == 0) {
      rig.Start();
      up = true;
    }
    const std::uint64_t pause_ms = random.Below(3'000);
    rig.Run(static_cast<std::int64_t>(pause_ms));
    if (up && pause_ms > 1'500 && AllAcked(rig)) {
      for (const auto& each : writers) each->Seen();
    }
  }
  rig.broker.syncs_by_itself = true;
  if (!up) rig.Start();
  for (const auto& writer : writers) writer->FinishLine();
  rig.Run(90'000);
  for (const auto& writer : writers) {
    ASSERT_TRUE(EachOnceInOrder(rig, *writer)) << rig.Describe();
  }
  ASSERT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Rows(protocol::GAP)[0].row.reason();
  ASSERT_TRUE(rig.broker.complaints().empty());
}

int Seeds(int usual) {
  const char* wanted = std::getenv("LOGBOOM_TEST_SEEDS");
  return wanted == nullptr ? usual : std::atoi(wanted);
}

void LiveOften(const Dangers& dangers) {
  const char* one = std::getenv("LOGBOOM_TEST_SEED");
  if (one != nullptr) return Live(std::strtoull(one, nullptr, 10), dangers);
  for (int seed = 1; seed <= Seeds(25); ++seed) {
    Live(static_cast<std::uint64_t>(seed), dangers);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(AgentRandom, Renames) { LiveOften({.rename = true}); }

TEST(AgentRandom, Copies) { LiveOften({.copy = true}); }

TEST(AgentRandom, RenamesAndUnlinksUnderCutsAndBrokerRestarts) {
  LiveOften({.cuts = true, .broker_restarts = true, .rename = true, .unlink = true});
}

TEST(AgentRandom, CopiesUnderCutsAndBrokerRestarts) {
  LiveOften({.cuts = true, .broker_restarts = true, .copy = true});
}

TEST(AgentRandom, AgentRestarts) {
  LiveOften({.cuts = true, .agent_restarts = true, .rename = true});
}

TEST(AgentRandom, AgentRestartsWithoutState) {
  LiveOften({.cuts = true, .agent_restarts = true, .state_losses = true, .rename = true});
}

TEST(AgentRandom, EverythingAtOnce) {
  LiveOften({.cuts = true,
             .broker_restarts = true,
             .agent_restarts = true,
             .state_losses = true,
             .rename = true,
             .copy = true});
}

}  // namespace
}  // namespace logboom::agent
