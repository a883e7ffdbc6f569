#include "tests/sim/sim_broker.h"

#include <algorithm>

#include "broker/storage/restore.h"
#include "lib/file/trees.h"

namespace logboom::sim {
namespace {

constexpr std::int64_t kReserveBytes = 64 * 1024;
constexpr std::int64_t kUnlimitedBytes = std::int64_t{1} << 50;

// Nothing rots here: all that a scrub may meet are calls that fail.
void CheckScrub(const broker::Broker& broker) {
  for (const std::string& finding : broker.scrub_findings()) {
    EXPECT_NE(finding.find("can't be read from"), std::string::npos) << finding;
  }
}

}  // namespace

SimBroker::SimBroker(Stage& stage)
    : stage_(stage), random_(stage.options.seed + 1), crash_random_(stage.options.seed + 2) {
  EXPECT_TRUE(disk_.CreateDirectories(kDataDirectory).ok());
  EXPECT_TRUE(disk_.SyncDirectory("/").ok());
  store_.SetCopies(&fs_);
}

SimBroker::~SimBroker() {
  on_death = nullptr;
  if (up()) Kill();
}

broker::BrokerOptions SimBroker::Options() const {
  broker::BrokerOptions options;
  options.data_directory = kDataDirectory;
  options.broker_name = "broker";
  options.program_version = "simulated";
  options.sync_method = stage_.options.sync_method;
  options.reserve_bytes = kReserveBytes;
  options.budget.reset();
  if (stage_.options.faults.Has(Fault::kEviction)) {
    options.budget = broker::DiskBudget{.bytes = stage_.options.budget_bytes};
  }
  options.rewriting = Rewriting();
  options.cleaning = Cleaning();
  options.open_files_max = stage_.options.broker_open_files_max;
  return options;
}

// Soon, in small steps, and also where it hardly pays: a crash must meet it at work.
broker::RewriteOptions SimBroker::Rewriting() const {
  broker::RewriteOptions rewriting;
  if (!stage_.options.rewriting) rewriting.bytes_per_second = 0;
  rewriting.round_interval_ms = 500;
  rewriting.step_bytes = 5'000;
  rewriting.limits.segment_bytes_min = 0;
  return rewriting;
}

broker::CleanerOptions SimBroker::Cleaning() const {
  broker::CleanerOptions cleaning;
  cleaning.round_interval_ms = 500;
  cleaning.step_bytes = 5'000;
  cleaning.rest_ms = 2'000;
  cleaning.limits = {.map_bytes_max = 1, .batch_raw_bytes = 2'000};
  return cleaning;
}

broker::BrokerSeams SimBroker::Seams(file::FileSystem& fs) {
  return {fs,
          random_,
          [this](const std::string&,
                 std::vector<std::string>&) -> Result<std::unique_ptr<broker::MetadataStore>> {
            return std::make_unique<broker::StoreOfProcess>(store_, [this] { return TakeCall(); });
          },
          [this](std::unique_ptr<broker::MetadataStore> store) {
            process_store_ = std::move(store);
            return std::make_unique<broker::GatedWriter>(
                transactions_, broker::MakeInlineMetadataWriter(*process_store_));
          },
          [this, &fs](const std::string& directory, broker::SyncMethod method) {
            return std::make_unique<broker::GatedCommitter>(
                syncs_, broker::MakeInlineCommitter(fs, directory, method));
          },
          [] { return broker::MakeInlineBackgroundWorker(); },
          [] { return std::uint64_t{0}; }};
}

void SimBroker::Start() {
  disk_.SetTime(now().wall.value() * 1'000'000);
  auto opened = broker::Broker::Open(Options(), Seams(fs_), now(), nullptr);
  if (!opened.ok()) {
    last_words_ = opened.error().message;
    stage_.trace.Event(stage_.clocks.monotonic(), "broker did not start: {}", last_words_);
    disk_.KillProcess();
    return EndProcess();
  }
  broker_ = *std::move(opened);
  WatchRemovals();
  if (calls_left_ && *calls_left_ == 0) return Kill();
  stage_.trace.Event(stage_.clocks.monotonic(), "broker started, {}",
                     broker_->open_report().clean_start ? "clean" : "recovered");
  if (on_start) on_start(*broker_);
  transport_ = stage_.network.MakeServer(kBrokerAddress);
  broker_->Serve(*transport_, now());
}

void SimBroker::Poll() {
  if (!up()) return;
  disk_.SetTime(now().wall.value() * 1'000'000);
  broker_->Poll(now());
  WatchBackup();
  if (calls_left_ && *calls_left_ == 0) return Kill();
  if (const auto& failure = broker_->failure()) {
    last_words_ = failure->message;
    stage_.trace.Event(stage_.clocks.monotonic(), "broker ends: {}", last_words_);
    return Kill();
  }
  if (stopping_ && broker_->Finished()) {
    const Status closed = broker_->Close();
    stage_.trace.Event(stage_.clocks.monotonic(), "broker stopped {}",
                       closed.ok() ? "cleanly" : closed.error().message);
    Kill();
  }
}

std::int64_t SimBroker::UntilDueMs() {
  return up() ? broker_->NextTimeout(now()).count() : 3'600'000;
}

void SimBroker::Kill() {
  disk_.KillProcess();
  EndProcess();
}

void SimBroker::PowerLoss() {
  disk_.Crash(crash_random_);
  EndProcess();
}

void SimBroker::EndProcess() {
  if (up() && on_death) on_death(*broker_);
  for (std::uint64_t i = 0; up() && i < broker_->engine().counters().segments_evicted; ++i) {
    stage_.faults.Count(Fault::kEviction);
  }
  if (up()) CheckScrub(*broker_);
  segments_rewritten_ = segments_rewritten();
  backup_under_way_.clear();
  syncs_.Drop();
  syncs_.Release();
  transactions_.Drop();
  transactions_.Release();
  broker_.reset();
  transport_.reset();
  process_store_.reset();
  fs_.Heal();
  store_.Fail(std::nullopt);
  calls_left_.reset();
  stopping_ = false;
}

std::uint64_t SimBroker::segments_rewritten() const {
  return segments_rewritten_ + (up() ? broker_->rewrite_counters().segments : std::uint64_t{0});
}

void SimBroker::StartShutdown() {
  syncs_.Release();
  transactions_.Release();
  stopping_ = true;
  broker_->StartShutdown();
}

void SimBroker::LoseDatabase() {
  store_.Clear();
  snapshot_.reset();
}

void SimBroker::TakeSnapshot() { snapshot_ = *store_.Load(); }

bool SimBroker::RestoreDatabase() {
  if (!snapshot_) return false;
  store_.Clear();
  broker::MetadataTransaction put;
  for (const broker::MetadataRow& row : *snapshot_) put.Put(row.table, row.key, row.value);
  EXPECT_TRUE(store_.Apply(put).ok());
  snapshot_.reset();
  return true;
}

// Retention may let records go in the turn in which they became durable.
void SimBroker::WatchRemovals() {
  fs_.Add({.kind = file::CallKind::kRemove,
           .matches =
               [this](file::CallKind, const std::string&) {
                 if (up() && on_removal) on_removal(*broker_);
                 return false;
               },
           .span = file::FaultSpan::kFromThenOn});
}

bool SimBroker::StartBackup() {
  const std::string directory = fmt::format("/backups/{}", ++backups_);
  EXPECT_TRUE(file::CreateDurableDirectories(disk_, "/backups").ok());
  if (!broker_->StartBackup(directory).ok()) return false;
  backup_under_way_ = directory;
  if (on_backup) on_backup(directory);
  return true;
}

void SimBroker::WatchBackup() {
  using State = broker::BackupStatus::State;
  const broker::BackupStatus status = broker_->engine().backup();
  if (backup_under_way_.empty() || status.state == State::kRunning) return;
  backup_under_way_.clear();
  if (status.state == State::kDone) newest_backup_ = status.directory;
  stage_.trace.Event(stage_.clocks.monotonic(), "backup {}: {}", status.directory,
                     status.error ? status.error->message : "done");
}

Status SimBroker::RestoreOnce() {
  RETURN_IF_ERROR(file::RemoveTree(disk_, kDataDirectory));
  const auto restored =
      broker::RestoreBackup(disk_, *newest_backup_, kDataDirectory, restored_at_, {});
  return restored.ok() ? Ok() : Status(restored.error());
}

// A limit: the epochs that tell two restores of one backup apart are of the clock, in seconds, and
// each recovery takes one more. Whoever restores twice takes a minute, and his clock goes on.
void SimBroker::LoseAndRestore() {
  constexpr std::int64_t kBetweenMs = 60'000;
  restored_at_ = std::max(now().wall, restored_at_ + kBetweenMs);
  if (up()) Kill();
  FreeDisk();  // whoever restores has made room
  // A sync that was to fail may fail here: then nothing is left that could be started.
  Status restored = RestoreOnce();
  for (int tries = 0; !restored.ok() && restored.error().code == ErrorCode::kIo && tries < 9;
       ++tries) {
    restored = RestoreOnce();
  }
  EXPECT_TRUE(restored.ok()) << restored.error().message;
  EXPECT_TRUE(store_.TakeCopy(disk_, fmt::format("{}/metadata.sqlite", kDataDirectory)).ok());
  snapshot_.reset();
  if (on_restored) on_restored(*newest_backup_);
}

void SimBroker::FailDatabase() { store_.Fail(Fail(ErrorCode::kIo, "the database's disk fails")); }

void SimBroker::FailSync() {
  auto directories = disk_.List(kDataDirectory);
  if (!directories.ok()) return;
  std::vector<std::string> paths = {std::string(kDataDirectory)};
  for (const file::DirectoryEntry& entry : *directories) {
    const std::string directory = fmt::format("{}/{}", kDataDirectory, entry.name);
    if (entry.kind != file::FileKind::kDirectory) continue;
    const auto files = disk_.List(directory);
    for (const file::DirectoryEntry& each : *files)
      paths.push_back(fmt::format("{}/{}", directory, each.name));
  }
  disk_.FailNextSync(paths[stage_.random.Below(paths.size())]);
}

void SimBroker::FailWrite() {
  constexpr file::CallKind kKinds[] = {file::CallKind::kWrite, file::CallKind::kOpen,
                                       file::CallKind::kRename, file::CallKind::kTruncate,
                                       file::CallKind::kWrite};
  fs_.Add({.kind = kKinds[stage_.random.Below(5)],
           .after_calls = stage_.random.Below(4),
           .short_write_bytes = stage_.random.Below(2'000)});
}

bool SimBroker::TakeCall() {
  if (!calls_left_) return true;
  if (*calls_left_ == 0) return false;
  --*calls_left_;
  return true;
}

void SimBroker::DieAfterCalls(std::uint64_t calls) {
  calls_left_ = calls;
  fs_.Add({.matches = [this](file::CallKind, const std::string&) { return !TakeCall(); },
           .span = file::FaultSpan::kFromThenOn});
}

void SimBroker::FillDisk(std::int64_t bytes_left) {
  const auto space = disk_.SpaceOf(kDataDirectory);
  if (!space.ok()) return;
  disk_.SetCapacity(space->total_bytes - space->available_bytes + bytes_left);
}

void SimBroker::FreeDisk() { disk_.SetCapacity(kUnlimitedBytes); }

void SimBroker::HoldSyncs(bool hold) { hold ? syncs_.Hold() : syncs_.Release(); }

void SimBroker::HoldTransactions(bool hold) {
  hold ? transactions_.Hold() : transactions_.Release();
}

void SimBroker::Heal() {
  disk_.HealSyncs();
  syncs_.Release();
  transactions_.Release();
  fs_.Heal();
  WatchRemovals();
  store_.Fail(std::nullopt);
  calls_left_.reset();
  FreeDisk();
}

Status SimBroker::OpenSecond() {
  const auto other = disk_.AnotherProcess();
  auto opened = broker::Broker::Open(Options(), Seams(*other), now(), nullptr);
  if (!opened.ok()) return opened.error();
  return Ok();
}

}  // namespace logboom::sim
