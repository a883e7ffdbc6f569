// The engine that keeps the log itself: partitions in a data directory, one commit thread, one
// metadata writer. Opening recovers everything; after that all calls come from one thread.
//
// After a crash: every topic change that was called done, every record below a durable end, and
// every metadata transaction that was called done.
#pragma once

#include <deque>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "broker/engine/backup_run.h"
#include "broker/engine/cleaner.h"
#include "broker/engine/log_engine.h"
#include "broker/engine/producer_ids.h"
#include "broker/engine/rewriter.h"
#include "broker/engine/scrubber.h"
#include "broker/engine/topic_row.h"
#include "broker/metadata/metadata_writer.h"
#include "broker/storage/age_clock.h"
#include "broker/storage/background.h"
#include "broker/storage/committer.h"
#include "broker/storage/data_directory.h"
#include "broker/storage/disk_budget.h"
#include "broker/storage/open_files.h"
#include "broker/storage/partition_log.h"
#include "lib/base/random.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

// What the engine is made of; a simulator brings its own.
struct EngineParts {
  file::FileSystem& fs;
  Random& random;
  std::function<std::unique_ptr<Committer>()> make_committer;
  std::function<std::unique_ptr<BackgroundWorker>()> make_background;
  // Given the rows' store opened by the caller.
  std::unique_ptr<MetadataStore> store;
  std::function<std::unique_ptr<MetadataWriter>(std::unique_ptr<MetadataStore>)> make_writer;
  // Below this many free bytes appends are refused with kNoSpace, so that positions, offsets and
  // administration still find room.
  std::int64_t reserve_bytes = 0;
  // Nothing: topics take what they need.
  std::optional<DiskBudget> budget;
  ScrubOptions scrub = {};
  RewriteOptions rewriting = {};
  CleanerOptions cleaning = {};
  // Files that all logs together hold open: at least those of one log. Beyond it what would open
  // another one fails with kBusy until some are closed.
  std::size_t open_files_max = 4096;
};

// What opening found: for the log, and for the status page's conditions.
struct EngineOpenReport {
  struct Partition {
    std::string topic;
    PartitionIndex partition;
    RecoveryReport recovery;
  };
  bool clean_start = false;
  std::vector<Partition> scanned;
  std::vector<std::string> notes;  // each a sentence worth a warning
};

class EmbeddedEngine final : public LogEngine {
 public:
  // `directory` is open and locked. Recovers every partition, finishes what a crash left of topic
  // changes, and syncs what it keeps. `progress` is told bytes scanned, for people who wait.
  static Result<std::unique_ptr<EmbeddedEngine>> Open(std::unique_ptr<DataDirectory> directory,
                                                      EngineParts parts, Instant now,
                                                      std::function<void(std::int64_t)> progress);
  ~EmbeddedEngine() override;

  const EngineOpenReport& open_report() const { return report_; }
  const DataDirectory& directory() const { return *directory_; }
  std::int64_t log_bytes() const;
  // Of the data directory's file system, as of the last second.
  const file::Space& space() const { return space_; }
  bool below_reserve() const { return space_.available_bytes < parts_.reserve_bytes; }
  // Of the last round of retention, where it failed: old segments stay.
  const std::optional<Error>& retention_failure() const { return retention_failure_; }
  // Of all segments; nothing without a budget.
  std::optional<std::int64_t> budget_bytes() const;
  // They take more, and nothing that may go is left.
  bool stuck_over_budget() const { return stuck_over_budget_; }
  // What retention by age goes by.
  const AgeClock& age_clock() const { return age_clock_; }
  const Scrubber& scrubber() const { return *scrubber_; }
  // What can't be read of all partitions, as far as anybody has met it.
  struct Unreadable {
    std::string topic;
    PartitionIndex partition;
    UnreadableRange range;
  };
  std::vector<Unreadable> UnreadableRanges() const;
  std::size_t unreadable_ranges() const;  // how many
  // Of compacted topics, those that a pass has failed on: they are not tried again for a while.
  struct Uncompacted {
    std::string topic;
    PartitionIndex partition;
    CompactionRest rest;
  };
  std::vector<Uncompacted> UncompactedPartitions() const;
  // Of logs; they are opened on use.
  std::size_t open_files() const { return open_files_.files(); }
  // Of the last commits, at most 1,024.
  std::int64_t SyncP99Us() const;
  const CleanerCounters& cleaner_counters() const { return cleaner_->counters(); }
  const RewriteCounters& rewrite_counters() const { return rewriter_->counters(); }

  const Uuid& cluster_id() const override { return directory_->cluster_id(); }
  const Topic* FindTopic(const std::string& name) const override;
  const Topic* FindTopic(const Uuid& topic_id) const override;
  std::vector<const Topic*> Topics() const override;
  std::uint64_t topics_version() const override { return topics_version_; }
  std::optional<PartitionState> StateOf(const TopicPartition& where) const override;
  void CreateTopic(TopicSpec spec, DoneCallback done) override;
  void AlterTopic(const std::string& name, const TopicChange& change, DoneCallback done) override;
  void DeleteTopic(const std::string& name, DoneCallback done) override;
  void Trim(const TopicPartition& where, Offset offset, TrimCallback done) override;
  Result<TrimmedRange> WouldTrim(const TopicPartition& where, Offset offset) const override;
  std::vector<Eviction> TakeEvictions() override { return std::exchange(evictions_, {}); }
  Result<AppendedBatch> Append(const TopicPartition& where, char* batch,
                               const record::BatchHeader& header, Instant now) override;
  Result<ProducerVerdict> JudgeProducer(const TopicPartition& where,
                                        const record::BatchHeader& header) override;
  void NewProducerId(ProducerIdCallback done) override;
  void WhenDurable(const TopicPartition& where, DoneCallback then) override;
  Result<FetchedBytes> Fetch(const TopicPartition& where, Offset from,
                             std::size_t bytes_max) override;
  Result<FetchedBytes> FetchKept(const TopicPartition& where, Offset from,
                                 std::size_t bytes_max) override;
  Result<std::optional<Offset>> OffsetAtTime(const TopicPartition& where,
                                             TimestampMs time) override;
  Result<std::optional<TimestampMs>> AppendTimeAt(const TopicPartition& where,
                                                  Offset offset) override;
  Result<Offset> EndOfEpoch(const TopicPartition& where, LeaderEpoch epoch) const override;
  void SetDurableObserver(std::function<void(const TopicPartition&)> observer) override;
  void Commit(MetadataTransaction transaction, DoneCallback done) override;
  std::vector<MetadataRow> TakeRows(Table table) override;
  void SetSealHook(std::function<Bytes(const TopicPartition&)> hook) override;
  Result<std::optional<PartitionLog::SealedSources>> NewestSealedSources(
      const TopicPartition& where) override;
  Status StartBackup(const std::string& directory) override;
  BackupStatus backup() const override;
  void Tick(Instant now) override;
  const EngineCounters& counters() const override { return counters_; }
  const std::optional<Error>& failure() const override { return failure_; }

  // There is more to do than one Tick does: the next one is due at once.
  bool hurried() const {
    return !trims_.empty() || !to_retain_.empty() || !makings_.empty() ||
           (over_budget_since_ && !stuck_over_budget_);
  }
  // True once nothing is under way: no commit, no metadata transaction, nothing dirty.
  bool quiet() const;
  // For an orderly stop, when quiet(): closes every partition and writes the clean manifest.
  Status Close();

 private:
  struct DurableWaiter {
    Offset end;
    DoneCallback then;
  };
  struct Partition {
    std::unique_ptr<PartitionLog> log;
    std::string directory;
    std::list<DurableWaiter> waiters;  // ends do not fall
  };
  // What a commit group makes durable.
  struct Covered {
    TopicPartition where;
    Offset end;
  };

  EmbeddedEngine(std::unique_ptr<DataDirectory> directory, EngineParts parts);

  Status LoadTopics();
  Result<bool> IsToGo(const Topic& topic, TopicRowState state);
  Status RemoveLeftovers(const Topic& topic);
  Status ApplyWhereThereIsRoom(const MetadataTransaction& transaction, std::string_view otherwise);
  Status OpenAgeClock(Instant now);
  Status SyncOpenedLogs();
  Status OpenPartitions(Instant now, const std::function<void(std::int64_t)>& progress);
  Status MendDirectories(std::vector<DataDirectory::PartitionDirectory>& found);
  Status AdoptDirectories(const std::vector<DataDirectory::PartitionDirectory>& found);
  struct FoundPartition {
    std::string path;                                 // empty: it has no directory
    const PartitionCheckpoint* checkpoint = nullptr;  // null: the manifest has none
    bool clean = false;
  };
  using FoundPartitions = std::unordered_map<TopicPartition, FoundPartition>;
  std::optional<PartitionIdentity> KnownIdentity(std::uint32_t number, PartitionIndex index,
                                                 const FoundPartitions& found) const;
  void NoteUnchecked(const std::vector<DataDirectory::PartitionDirectory>& directories,
                     const FoundPartitions& found);
  Status OpenPartition(const Topic& topic, PartitionIndex index, const FoundPartition& found,
                       Instant now, const std::function<void(std::int64_t)>& progress);
  Status MakeMissingPartition(const Topic& topic, PartitionIndex index, Instant now);
  Status LoadProducerIds();
  Status MakePartition(const Topic& topic, PartitionIndex index, Instant now);
  // Of a topic: its partitions from `first` on.
  Status RemovePartitions(const Topic& topic, std::int32_t first);
  Partition* Find(const TopicPartition& where);
  const Partition* Find(const TopicPartition& where) const;
  void InstallHooks(const TopicPartition& where, PartitionLog& log, const std::string& directory);
  void RemoveSegments(const std::string& directory, std::vector<Offset> bases);

  // Takes in an opened log.
  void AddPartition(const TopicPartition& where, std::unique_ptr<PartitionLog> log,
                    std::string path);
  void RestLogs(Instant now);
  void CheckIdentities();

  // True where the name is being changed: `change` is called again when that has ended.
  bool WaitsForChange(const std::string& name, std::function<void()> change);
  void EndChange(const std::string& name);
  void FinishCreate(const Topic& topic, const Status& made, const DoneCallback& done);
  void FinishAlter(const Topic& before, const Topic& altered, const Status& made,
                   const DoneCallback& done);
  void RunMakings();
  void RunRemovals();
  void RemoveDirectories(std::vector<std::string> retired);
  void WatchSpace(Instant now);
  void FinishCommits();
  void SubmitCommit();
  void ReleaseWaiters(Partition& partition);
  void FailStorage(std::string_view what, const Error& error);
  // A log that takes no more ends the program at the next Tick: the next start opens it again.
  void NoteBroken(const PartitionLog& log);
  void FinishTransactions();
  void KeepTime(Instant now);
  void RunTrims();
  void StartScrubber(Instant now);
  void RunRetention(Instant now);
  void KeepBudget(Instant now);
  bool EvictOne();
  bool EvictFrom(const Topic& topic);
  void MoveRecoveryPoints(Instant now);
  UpkeepParts PartsForUpkeep(bool compacted);
  void MakeUpkeep();
  std::vector<TopicPartition> PartitionsOf(bool compacted) const;
  void RunUpkeep(Instant now);
  Manifest CurrentManifest(bool clean) const;
  std::vector<BackupParts::Log> LogsForBackup() const;
  std::optional<BackupParts::LogNow> LogNow(const TopicPartition& where, Offset segment_base) const;

  std::unique_ptr<DataDirectory> directory_;
  EngineParts parts_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<MetadataWriter> writer_;
  EngineOpenReport report_;
  EngineCounters counters_;
  std::optional<Error> failure_;
  std::optional<Error> broken_log_;

  std::map<std::string, Topic> topics_;
  std::unordered_map<Uuid, std::string> names_;
  std::unordered_map<std::uint32_t, std::string> names_by_number_;  // at the start alone
  // Directories that the start has taken at their names, and that were not looked into yet.
  std::vector<DataDirectory::PartitionDirectory> unchecked_;
  std::vector<std::string> unsynced_logs_;  // while it opens
  bool checking_ = false;
  std::uint64_t topics_version_ = 1;
  std::uint32_t next_topic_number_ = 1;
  std::vector<MetadataRow> loaded_rows_;
  // Names of topics being made, altered or deleted, and what waits for the end of it.
  std::map<std::string, std::vector<std::function<void()>>> changing_;
  OpenFiles open_files_;  // outlives the logs
  std::unordered_map<TopicPartition, Partition> partitions_;
  // Deleted topics whose directories go once no commit under way can touch them.
  std::vector<std::pair<Topic, DoneCallback>> removals_;
  // Partitions that are to be made: of the first one of these, one a Tick.
  struct Making {
    Topic topic;
    std::int32_t next = 0;
    DoneCallback done;
  };
  std::deque<Making> makings_;
  struct AskedTrim {
    TopicPartition where;
    Offset offset;
    TrimCallback done;
  };
  std::deque<AskedTrim> trims_;

  // What has been appended to, or has finished files to sync, and is not in a commit yet.
  std::vector<TopicPartition> dirty_;
  std::vector<Covered> under_way_;
  // What the next commit syncs so that its files can be closed.
  std::vector<TopicPartition> settling_;
  MonotonicMs next_rest_;
  std::uint64_t next_commit_id_ = 1;
  std::map<std::uint64_t, DoneCallback> transactions_;
  std::uint64_t next_transaction_id_ = 1;
  ProducerIds producer_ids_{0, 0};
  std::vector<ProducerIdCallback> id_waiters_;  // for the block under way

  std::function<void(const TopicPartition&)> observer_;
  std::function<Bytes(const TopicPartition&)> seal_hook_;
  // Where it can't be told, appends go on and meet the real limit.
  file::Space space_{0, std::numeric_limits<std::int64_t>::max()};
  MonotonicMs next_space_;
  std::deque<std::int64_t> sync_times_us_;
  AgeClock age_clock_{Instant{}};
  MonotonicMs next_clock_store_;
  bool storing_clock_ = false;
  MonotonicMs next_retention_;
  MonotonicMs retention_began_;
  std::vector<Eviction> evictions_;
  // What else is on the file system, as of when nothing was being unlinked.
  std::int64_t others_bytes_ = 0;
  std::size_t unlinking_ = 0;
  MonotonicMs next_budget_;
  std::optional<MonotonicMs> over_budget_since_;
  bool stuck_over_budget_ = false;
  // Segments whose files could not be unlinked: the next round tries again.
  std::vector<std::pair<std::string, std::vector<Offset>>> not_removed_;
  // What this round of retention has not looked at yet.
  std::vector<TopicPartition> to_retain_;
  std::optional<Error> retention_failure_;
  MonotonicMs next_recovery_points_;
  bool recovery_points_moved_ = false;
  Instant now_;                        // of the last Tick, for what a callback starts
  std::shared_ptr<BackupRun> backup_;  // the newest
  std::unique_ptr<Scrubber> scrubber_;
  std::unique_ptr<Rewriter> rewriter_;
  std::unique_ptr<Cleaner> cleaner_;
  std::unique_ptr<BackgroundWorker> background_;  // last: its work ends before what it reads
};

}  // namespace logboom::broker
