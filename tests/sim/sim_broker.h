// The broker's machine: a disk and a database that outlive the broker's processes, and what the
// simulator does to all of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "broker/metadata/memory_store.h"
#include "lib/file/faulty_file_system.h"
#include "lib/file/memory_file_system.h"
#include "tests/broker/engine/engine_rig.h"
#include "tests/sim/stage.h"

namespace logboom::sim {

inline constexpr const char* kDataDirectory = "/data";

// One owner, one thread.
class SimBroker {
 public:
  explicit SimBroker(Stage& stage);
  ~SimBroker();
  SimBroker(const SimBroker&) = delete;
  SimBroker& operator=(const SimBroker&) = delete;

  // The process starts, and serves unless a fault has ended it by then.
  void Start();
  void Poll();
  std::int64_t UntilDueMs();
  bool up() const { return broker_ != nullptr; }
  bool stopping() const { return stopping_; }
  const broker::Broker& broker() const { return *broker_; }
  file::MemoryFileSystem& disk() { return disk_; }
  Instant now() const { return stage_.clocks.At(skew_ms_); }
  // By all processes so far.
  std::uint64_t segments_rewritten() const;
  // Why the last process ended by itself, or did not start.
  const std::string& last_words() const { return last_words_; }

  // ---- what happens to it
  void Kill();
  void PowerLoss();
  void StartShutdown();
  void LoseDatabase();
  // Of the last TakeSnapshot(); false where there is none.
  bool RestoreDatabase();
  void TakeSnapshot();
  // Begins a backup; false where one is under way or there is none that could.
  bool StartBackup();
  // A whole one is there.
  bool has_backup() const { return newest_backup_.has_value(); }
  // The data directory is lost with its database, and comes back from the newest backup.
  void LoseAndRestore();
  void FailDatabase();
  // The next sync of one of the files in its directory.
  void FailSync();
  void FailWrite();
  // From the `calls`th call of the disk and the database on nothing has an effect: the process
  // dies in the middle of what it does, and is dead after the next Poll() or Start().
  void DieAfterCalls(std::uint64_t calls);
  void FillDisk(std::int64_t bytes_left);
  void FreeDisk();
  void HoldSyncs(bool hold);
  void HoldTransactions(bool hold);
  void JumpClock(std::int64_t ms) { skew_ms_ += ms; }
  // Nothing is left of the faults that last.
  void Heal();
  // Another process on the same directory.
  Status OpenSecond();

  // Called before the process removes a file.
  std::function<void(const broker::Broker&)> on_removal;
  // Called before a process is gone for good, with its last state.
  std::function<void(const broker::Broker&)> on_death;
  // Called when a new one has opened.
  std::function<void(const broker::Broker&)> on_start;
  // Called when a backup begins, and when the directory has come back from it.
  std::function<void(const std::string& backup)> on_backup;
  std::function<void(const std::string& backup)> on_restored;

 private:
  broker::BrokerOptions Options() const;
  broker::RewriteOptions Rewriting() const;
  broker::CleanerOptions Cleaning() const;
  broker::BrokerSeams Seams(file::FileSystem& fs);
  void EndProcess();
  void WatchRemovals();
  void WatchBackup();
  Status RestoreOnce();
  bool TakeCall();

  Stage& stage_;
  file::MemoryFileSystem disk_;
  file::FaultyFileSystem fs_{disk_};
  broker::MemoryStore store_;
  std::optional<std::vector<broker::MetadataRow>> snapshot_;
  int backups_ = 0;
  std::string backup_under_way_;
  std::optional<std::string> newest_backup_;
  TimestampMs restored_at_{0};
  SeededRandom random_;
  SeededRandom crash_random_;
  std::int64_t skew_ms_ = 0;
  std::string last_words_;

  std::uint64_t segments_rewritten_ = 0;  // by those before

  // Of the process.
  broker::Gate syncs_;
  broker::Gate transactions_;
  std::optional<std::uint64_t> calls_left_;
  bool stopping_ = false;
  std::unique_ptr<broker::MetadataStore> process_store_;
  std::unique_ptr<transport::ServerTransport> transport_;
  std::unique_ptr<broker::Broker> broker_;
};

}  // namespace logboom::sim
