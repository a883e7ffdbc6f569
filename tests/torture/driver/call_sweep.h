// A script of all that a broker does with files (creation, batches, rolls, checkpoint, retention,
// topics made and deleted), run once for each file call in it: at that call the broker is killed,
// or the call fails. Behind each run a broker starts undisturbed and shows what was kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/base/result.h"
#include "tests/torture/driver/books.h"
#include "tests/torture/driver/broker_process.h"
#include "tests/torture/driver/connection.h"
#include "tests/torture/driver/disk.h"
#include "tests/torture/driver/load.h"
#include "tests/torture/driver/shim_state.h"

namespace logboom::torture {

struct SweepOptions {
  std::string program;
  std::string shim;     // the library
  std::string folder;   // for the data directory "data/broker" and what the broker says
  bool errors = false;  // calls fail; else the broker is killed at them
  // So many runs at calls drawn at random; 0: at each call, with each action.
  std::uint64_t runs = 0;
  // Of those at each call: so many of the first are left out, as they went well before.
  std::uint64_t skipped = 0;
};

struct SweepCounts {
  std::uint64_t calls = 0;  // in an undisturbed script
  std::uint64_t runs = 0;
  std::uint64_t hits = 0;  // runs in which a call was changed
  std::uint64_t refused_starts = 0;
  std::uint64_t ended_itself = 0;  // with exit code 1 and a word
  std::uint64_t went_on = 0;       // to the end of the script, with a call failed
};

// One owner, one thread. All it is given must outlive it.
class CallSweep {
 public:
  // `disk`: where the data directory lies, mounted: then each run ends by a power loss; null: by a
  // kill.
  CallSweep(SweepOptions options, Disk* disk, Books& books, Random& random);
  ~CallSweep();

  // The error is of the rig.
  Status Run(const std::function<void(std::uint64_t run)>& progress);
  const SweepCounts& counts() const { return counts_; }

 private:
  struct Case {
    ShimAction action = ShimAction::kCount;
    std::uint64_t at = 0;
    bool for_good = false;
  };

  Status MapState();
  Status RunCase(const Case& one);
  Status RunUndisturbed();
  Status RunEach(const std::function<void(std::uint64_t run)>& progress);
  Case DrawCase();
  void PrepareShim(const Case& one);
  // Both lives of the script; false where the broker ended in one of them.
  bool RunScript();
  void WaitForCompaction();
  bool FirstLife();
  bool SecondLife();
  // False where it ended, or refused to start.
  bool Start();
  // As the agent, of these topics.
  bool Connect(const std::vector<std::string>& topics);
  bool MakeTopics();
  bool Settled();
  // Some batches of each kind.
  void SendBatches(Load& load);
  bool Stop();
  void NoteEnding();
  Status EndRun();
  void LookAtWhatIsKept(const Case& one);
  void Finding(const std::string& text);

  SweepOptions options_;
  Disk* disk_;
  Books& books_;
  Random& random_;
  SweepCounts counts_;
  ShimState* state_ = nullptr;
  std::unique_ptr<BrokerProcess> broker_;
  std::string address_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace logboom::torture
