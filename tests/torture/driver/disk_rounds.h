// Disks that have no room, in two ways. Thin: the file system believes in more room than its device
// has, so that bytes which a write has taken fail to reach the device, and a sync says so. Full: it
// is filled and freed under the broker. Each round is a data directory of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/random.h"
#include "lib/base/result.h"
#include "tests/torture/driver/books.h"
#include "tests/torture/driver/broker_process.h"
#include "tests/torture/driver/connection.h"
#include "tests/torture/driver/disk.h"
#include "tests/torture/driver/load.h"

namespace logboom::torture {

struct DiskRoundsOptions {
  std::string program;
  std::string folder;
  std::string file_system;  // ext4, xfs
  std::uint64_t rounds = 10;
  bool thin = false;
};

struct DiskCounts {
  std::uint64_t rounds = 0;
  std::uint64_t failed = 0;      // the broker ended with 1
  std::uint64_t marked = 0;      // and left a file FAILED
  std::uint64_t same_mount = 0;  // started again where the kernel still had what never was written
  std::uint64_t refused = 0;     // NO_SPACE was answered
  std::uint64_t went_on = 0;     // and then, with room again, no more
  std::uint64_t kills = 0;
};

// One owner, one thread. All it is given must outlive it.
class DiskRounds {
 public:
  DiskRounds(DiskRoundsOptions options, Books& books, Random& random)
      : options_(std::move(options)), books_(books), random_(random) {}

  // The error is of the rig; kPermission where this machine can't run it.
  Status Run(const std::function<void(std::uint64_t round)>& progress);
  const DiskCounts& counts() const { return counts_; }

 private:
  Status PrepareDisk();
  Status RunThinRound();
  Status RunFullRound();
  // Loads the broker until it ends by itself, or for so long.
  void LoadUntilItEnds(std::chrono::milliseconds most);
  void CheckFailure();
  Status GiveRoom();
  // Starts where the last one ended, or, where that is refused, on the file system mounted anew.
  Status StartOnWhatIsLeft();
  Status MountAnew();
  bool StartAndInspect();
  bool FillUnderLoad();
  void Fill(std::int64_t leave_bytes);
  bool WaitForAnAck();
  void KillAndStart();
  void Finding(const std::string& text) { books_.findings.Add(Fault::kBroken, text); }
  std::string data() const { return options_.folder + "/data"; }
  std::string thin() const { return options_.folder + "/thin"; }

  DiskRoundsOptions options_;
  Books& books_;
  Random& random_;
  DiskCounts counts_;
  std::optional<Disk> disk_;
  std::unique_ptr<BrokerProcess> broker_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Load> load_;
};

}  // namespace logboom::torture
