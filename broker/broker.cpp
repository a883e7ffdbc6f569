#include "broker/broker.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"

namespace logboom::broker {
namespace {

// What one turn takes from the transport before it looks at commits and timers again.
constexpr int kMessagesATurn = 256;
constexpr std::int64_t kTellJumpMs = 60 * 60'000;
constexpr std::int64_t kTellJumpForMs = 24 * 60 * 60'000;
constexpr std::int64_t kReserveMax = std::int64_t{1} << 30U;

// Ranges and findings that are told one by one; of more there is the number.
constexpr std::size_t kDamageTold = 20;

// Behind the last of them that is told.
std::string AndMore(std::size_t index, std::size_t count, std::string_view what) {
  if (index + 1 != kDamageTold || count <= kDamageTold) return "";
  return fmt::format("; and {} {} more", count - kDamageTold, what);
}

void AddUncompacted(const EmbeddedEngine& engine, BrokerFacts& facts) {
  const std::vector<EmbeddedEngine::Uncompacted> all = engine.UncompactedPartitions();
  for (std::size_t i = 0; i < std::min(all.size(), kDamageTold); ++i) {
    facts.conditions.push_back(
        {"compaction failed",
         fmt::format("topic '{}', partition {} stays as it is, and is tried again later: {}{}",
                     all[i].topic, all[i].partition, all[i].rest.reason,
                     AndMore(i, all.size(), "partitions")),
         all[i].rest.since});
  }
}

void AddDamage(const EmbeddedEngine& engine, TimestampMs since, BrokerFacts& facts) {
  const std::vector<EmbeddedEngine::Unreadable> ranges = engine.UnreadableRanges();
  for (std::size_t i = 0; i < std::min(ranges.size(), kDamageTold); ++i) {
    const EmbeddedEngine::Unreadable& one = ranges[i];
    facts.conditions.push_back(
        {"unreadable records",
         fmt::format("topic '{}', partition {}: offsets {} to {} can't be read ({}); all others "
                     "can{}",
                     one.topic, one.partition, one.range.begin, one.range.end - 1, one.range.reason,
                     AndMore(i, ranges.size(), "ranges")),
         since});
  }
  for (const std::string& finding : engine.scrubber().findings()) {
    facts.conditions.push_back({"found by the scrub", finding, since});
  }
}

}  // namespace

Result<std::unique_ptr<Broker>> Broker::Open(BrokerOptions options, BrokerSeams seams, Instant now,
                                             const std::function<void(std::int64_t)>& progress) {
  std::unique_ptr<Broker> broker(new Broker(std::move(options), std::move(seams)));
  broker->started_ = now.wall;
  BrokerSeams& mine = broker->seams_;
  BrokerOpenReport& report = broker->report_;
  const std::string& path = broker->options_.data_directory;

  ASSIGN_OR_RETURN(std::unique_ptr<DataDirectory> directory,
                   DataDirectory::Open(mine.fs, path, mine.random));
  report.sync_method = broker->options_.sync_method.value_or(
      directory->own_file_system() ? SyncMethod::kSyncfs : SyncMethod::kFdatasync);
  if (report.sync_method == SyncMethod::kSyncfs) {
    // A descriptor that syncfs first sees after a failed write-back is not told of it: have it
    // opened before anything is written that a later sync must answer for.
    RETURN_IF_ERROR(mine.fs.SyncFileSystem(path));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<MetadataStore> store, mine.open_store(path, report.notes));
  std::int64_t reserve = 0;
  if (broker->options_.reserve_bytes) {
    reserve = *broker->options_.reserve_bytes;
  } else {
    ASSIGN_OR_RETURN(file::Space space, mine.fs.SpaceOf(path));
    reserve = std::min(kReserveMax, space.total_bytes / 20);
  }
  EngineParts parts{mine.fs,
                    mine.random,
                    [make = mine.make_committer, path, method = report.sync_method] {
                      return make(path, method);
                    },
                    mine.make_background,
                    std::move(store),
                    mine.make_writer,
                    reserve,
                    broker->options_.budget,
                    broker->options_.scrub,
                    broker->options_.rewriting,
                    broker->options_.cleaning,
                    broker->options_.open_files_max};
  ASSIGN_OR_RETURN(broker->engine_,
                   EmbeddedEngine::Open(std::move(directory), std::move(parts), now, progress));
  broker->sources_ = std::make_unique<Sources>(*broker->engine_);
  ASSIGN_OR_RETURN(report.sources, broker->sources_->Rebuild(now));
  broker->group_log_ = std::make_unique<EngineGroupLog>(*broker->engine_);
  broker->groups_ = std::make_unique<Groups>(*broker->group_log_,
                                             GroupOptions{broker->options_.offsets_retention_ms});
  ASSIGN_OR_RETURN(const std::vector<std::string> group_notes,
                   broker->groups_->Load(broker->engine_->TakeRows(Table::kCommittedOffset)));
  broker->groups_->LoadSleep(broker->engine_->TakeRows(Table::kGroupSleep));

  const EngineOpenReport& opened = broker->engine_->open_report();
  report.clean_start = opened.clean_start;
  report.scanned = opened.scanned;
  for (const std::string& note : opened.notes) report.notes.push_back(note);
  for (const std::string& note : report.sources.notes) report.notes.push_back(note);
  for (const std::string& note : group_notes) report.notes.push_back(note);
  return broker;
}

void Broker::Serve(transport::ServerTransport& transport, Instant now) {
  transport_ = &transport;
  ServerOptions options;
  options.broker_name = options_.broker_name;
  options.program_version = options_.program_version;
  options.auto_create_topics = options_.auto_create_topics;
  // Not the count: that is the same after two restores of one backup.
  options.restore_count = engine_->directory().restore_id();
  options.credit.budget_bytes = options_.receive_budget_bytes;
  server_ = std::make_unique<Server>(
      *engine_, *sources_, *groups_, transport, seams_.random, std::move(options),
      [this] { return Facts(); }, now);
}

void Broker::Poll(Instant now) {
  CHECK(server_ != nullptr);
  now_ = now.wall;
  // What opening has corrected is stored before anybody is told of it: a crash in between would
  // bring back what the log does not hold.
  settled_ = settled_ || engine_->quiet();
  for (int i = 0; settled_ && i < kMessagesATurn; ++i) {
    auto inbound = transport_->Receive();
    if (!inbound) break;
    server_->Handle(*std::move(inbound), now);
  }
  engine_->Tick(now);
  sources_->Tick(now);
  groups_->Tick(now);
  server_->Tick(now);
  if (engine_->below_reserve() != low_space_since_.has_value()) {
    low_space_since_ = engine_->below_reserve() ? std::optional(now.wall) : std::nullopt;
  }
  if (shutdown_ == Shutdown::kAnswering && server_->quiet() && engine_->quiet()) {
    shutdown_ = Shutdown::kSaving;
    sources_->CheckpointNow();
    sources_->Tick(now);
  }
}

std::chrono::milliseconds Broker::NextTimeout(Instant now) const {
  if (engine_->hurried()) return std::chrono::milliseconds{0};
  return server_->NextTimeout(now);
}

void Broker::StartShutdown() {
  shutdown_ = Shutdown::kAnswering;
  server_->StartShutdown();
}

bool Broker::Finished() const { return shutdown_ == Shutdown::kSaving && engine_->quiet(); }

// For a day: whoever waits for old records to go has to know why they stay.
void Broker::AddClockJumps(BrokerFacts& facts) const {
  for (const ClockJump& jump : engine_->age_clock().jumps()) {
    const TimestampMs since = jump.at + jump.by_ms;
    if (jump.by_ms < kTellJumpMs || now_ - since > kTellJumpForMs) continue;
    facts.conditions.push_back(
        {"clock skipped",
         fmt::format("the clock went on by {} s while the broker did not run, or was set: records "
                     "from before it are kept for so much longer, as retention counts time that "
                     "the broker has seen pass",
                     jump.by_ms / 1000),
         since});
  }
}

BrokerFacts Broker::Facts() const {
  BrokerFacts facts;
  facts.data_directory = options_.data_directory;
  facts.sync_method = report_.sync_method == SyncMethod::kSyncfs ? "syncfs" : "fdatasync";
  facts.disk_total_bytes = engine_->space().total_bytes;
  facts.disk_available_bytes = engine_->space().available_bytes;
  facts.log_bytes = engine_->log_bytes();
  facts.disk_budget_bytes = engine_->budget_bytes().value_or(0);
  facts.sync_p99_us = engine_->SyncP99Us();
  facts.memory_bytes = seams_.resident_bytes ? seams_.resident_bytes() : 0;
  for (const std::string& note : report_.notes) {
    facts.conditions.push_back({"start-up", note, started_});
  }
  for (const auto& one : report_.scanned) {
    if (!one.recovery.cut_at) continue;
    facts.conditions.push_back(
        {"log cut at start-up",
         fmt::format("topic '{}', partition {}: {} bytes behind offset {} went to quarantine ({})",
                     one.topic, one.partition, one.recovery.bytes_cut, *one.recovery.cut_at,
                     one.recovery.cut_reason),
         started_});
  }
  if (const auto& failed = engine_->retention_failure()) {
    facts.conditions.push_back(
        {"retention failed", "old segments could not be removed: " + failed->message, now_});
  }
  AddDamage(*engine_, started_, facts);
  AddUncompacted(*engine_, facts);
  AddClockJumps(facts);
  if (engine_->stuck_over_budget()) {
    facts.conditions.push_back(
        {"disk over budget",
         fmt::format("segments take {} bytes, the disk budget is {}, and nothing more may be "
                     "evicted: active segments, internal topics and retention.min.ms stay; raise "
                     "disk.budget, lower retention.min.ms, or trim",
                     engine_->log_bytes(), facts.disk_budget_bytes),
         now_});
  }
  if (low_space_since_) {
    facts.conditions.push_back(
        {"disk below reserve",
         fmt::format("{} bytes are free on the file system of {}: nothing is written, agents wait; "
                     "free space or lower retention",
                     engine_->space().available_bytes, options_.data_directory),
         *low_space_since_});
  }
  return facts;
}

}  // namespace logboom::broker
