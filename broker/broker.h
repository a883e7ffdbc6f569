// The whole broker but for its threads' owner: engine, sources, groups and server put together.
// main.cpp drives it from its loop; tests and the simulator from theirs, with their own file
// system, transport and time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/engine/embedded_engine.h"
#include "broker/groups/groups.h"
#include "broker/metadata/metadata_writer.h"
#include "broker/server/engine_group_log.h"
#include "broker/server/server.h"
#include "broker/sources/sources.h"
#include "broker/storage/committer.h"
#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/file/file_system.h"
#include "lib/transport/transport.h"

namespace logboom::broker {

struct BrokerOptions {
  std::string data_directory;
  std::string broker_name;
  std::string program_version;
  bool auto_create_topics = true;
  std::uint64_t receive_budget_bytes = std::uint64_t{128} << 20U;
  // Of groups without members and commits; 0: for ever.
  std::int64_t offsets_retention_ms = GroupOptions{}.offsets_retention_ms;
  // Nothing: syncfs where the data directory is a file system of its own, else fdatasync.
  std::optional<SyncMethod> sync_method;
  // Nothing: 5 % of the file system, at most 1 GiB.
  std::optional<std::int64_t> reserve_bytes;
  // Nothing: topics take what they need.
  std::optional<DiskBudget> budget = DiskBudget{};
  ScrubOptions scrub;
  RewriteOptions rewriting;
  CleanerOptions cleaning;
  // Files that all logs together hold open.
  std::size_t open_files_max = 4096;
};

// Where the broker keeps what it must not lose, and how it gets things done beside its loop.
struct BrokerSeams {
  file::FileSystem& fs;
  Random& random;
  std::function<Result<std::unique_ptr<MetadataStore>>(const std::string& directory,
                                                       std::vector<std::string>& notes)>
      open_store;
  std::function<std::unique_ptr<MetadataWriter>(std::unique_ptr<MetadataStore>)> make_writer;
  std::function<std::unique_ptr<Committer>(const std::string& directory, SyncMethod method)>
      make_committer;
  std::function<std::unique_ptr<BackgroundWorker>()> make_background;
  std::function<std::uint64_t()> resident_bytes;
};

// What opening found, for the log.
struct BrokerOpenReport {
  bool clean_start = false;
  std::vector<EngineOpenReport::Partition> scanned;
  RebuildReport sources;
  SyncMethod sync_method = SyncMethod::kFdatasync;
  std::vector<std::string> notes;  // each a sentence worth a warning
};

// One owner, one thread.
class Broker {
 public:
  // Locks the data directory (kBusy: another broker has it) and recovers all that is in it.
  // `progress` is told the bytes scanned.
  static Result<std::unique_ptr<Broker>> Open(BrokerOptions options, BrokerSeams seams, Instant now,
                                              const std::function<void(std::int64_t)>& progress);

  // From here on clients are served. The transport must outlive the broker.
  void Serve(transport::ServerTransport& transport, Instant now);

  // Takes what has come, and does what is due. Call it whenever a wait ends.
  void Poll(Instant now);
  std::chrono::milliseconds NextTimeout(Instant now) const;

  // As LogEngine's.
  Status StartBackup(const std::string& directory) { return engine_->StartBackup(directory); }

  // An orderly stop: no new requests from now on; Finished() once all that was under way is
  // answered and saved; then Close().
  void StartShutdown();
  bool Finished() const;
  Status Close() { return engine_->Close(); }

  const BrokerOpenReport& open_report() const { return report_; }
  // Storage failed: end the program with this message.
  const std::optional<Error>& failure() const { return engine_->failure(); }
  const LogEngine& engine() const { return *engine_; }
  const Sources& sources() const { return *sources_; }
  const Groups& groups() const { return *groups_; }
  std::size_t session_count() const { return server_->session_count(); }
  const file::Space& space() const { return engine_->space(); }
  std::int64_t log_bytes() const { return engine_->log_bytes(); }
  std::int64_t budget_bytes() const { return engine_->budget_bytes().value_or(0); }
  const AgeClock& age_clock() const { return engine_->age_clock(); }
  const ScrubStatus& scrub() const { return engine_->scrubber().status(); }
  const std::vector<std::string>& scrub_findings() const { return engine_->scrubber().findings(); }
  std::size_t unreadable_ranges() const { return engine_->unreadable_ranges(); }
  const CleanerCounters& cleaner_counters() const { return engine_->cleaner_counters(); }
  const RewriteCounters& rewrite_counters() const { return engine_->rewrite_counters(); }
  // Of logs.
  std::size_t open_files() const { return engine_->open_files(); }

 private:
  Broker(BrokerOptions options, BrokerSeams seams)
      : options_(std::move(options)), seams_(std::move(seams)) {}
  BrokerFacts Facts() const;
  void AddClockJumps(BrokerFacts& facts) const;

  BrokerOptions options_;
  BrokerSeams seams_;
  BrokerOpenReport report_;
  TimestampMs started_;
  TimestampMs now_;
  std::unique_ptr<EmbeddedEngine> engine_;
  std::unique_ptr<Sources> sources_;
  std::unique_ptr<EngineGroupLog> group_log_;
  std::unique_ptr<Groups> groups_;
  transport::ServerTransport* transport_ = nullptr;
  bool settled_ = false;
  std::unique_ptr<Server> server_;
  std::optional<TimestampMs> low_space_since_;
  enum class Shutdown { kNo, kAnswering, kSaving };
  Shutdown shutdown_ = Shutdown::kNo;
};

}  // namespace logboom::broker
