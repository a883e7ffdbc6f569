// logboom-broker: command line, signals, and the loop that drives the broker.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "broker/metadata/sqlite_store.h"
#include "broker/verbs.h"
#include "lib/base/check.h"
#include "lib/daemon/address.h"
#include "lib/daemon/clock.h"
#include "lib/daemon/launch.h"
#include "lib/daemon/log.h"
#include "lib/daemon/metrics_registry.h"
#include "lib/daemon/process.h"
#include "lib/daemon/ready.h"
#include "lib/daemon/serve_metrics.h"
#include "lib/daemon/signals.h"
#include "lib/daemon/units.h"
#include "lib/file/posix_file_system.h"
#include "lib/transport/zmq_transport.h"

namespace logboom::broker {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitAlreadyRunning = 3;
// How long an orderly stop may take; what is not saved by then is recovered at the next start.
constexpr std::int64_t kShutdownMs = 10'000;

Result<BrokerOptions> OptionsOf(const daemon::Config& config);

daemon::Program MakeProgram() {
  using daemon::KeyType;
  daemon::Program program;
  program.name = "logboom-broker";
  program.description =
      "Keeps partitioned logs and serves them. Verbs: backup DIR, restore DIR --data-dir NEW.";
  program.default_config_file = "/etc/logboom/broker.toml";
  program.schema.keys = {
      {.name = "data_dir", .help = "directory of the logs; made if missing", .required = true},
      {.name = "listen",
       .default_text = "tcp://127.0.0.1:19550",
       .help = "where agents and clients connect; port 0 picks one"},
      daemon::MetricsListenKey("127.0.0.1:19561"),
      {.name = "broker.name", .help = "name in lists and metrics; empty: the host's name"},
      {.name = "topics.auto_create",
       .type = KeyType::kBool,
       .default_text = "true",
       .help = "make topics on first use, with one partition"},
      {.name = "groups.offsets_retention",
       .type = KeyType::kDuration,
       .default_text = "7d",
       .help = "how long offsets of a group without members are kept; 0: for ever"},
      {.name = "limits.receive_budget",
       .type = KeyType::kBytes,
       .default_text = "128MiB",
       .help = "memory for batches under way from all clients",
       .min = std::int64_t{4} << 20U},
      {.name = "storage.sync",
       .default_text = "auto",
       .help = "auto, fdatasync or syncfs; auto takes syncfs where data_dir is a file system"},
      {.name = "storage.reserve",
       .default_text = "auto",
       .help = "free bytes below which nothing is written; auto: 5 %, at most 1 GiB"},
      {.name = "disk.budget",
       .default_text = "80%",
       .help = "of all segments: bytes, a share of the file system, or none; beyond it the oldest "
               "records of the largest topics go before their time"},
      {.name = "storage.scrub",
       .default_text = "auto",
       .help = "bytes a second that are read again to find what has rotted; auto: all in a week at "
               "most; 0: none"},
      {.name = "storage.rewrite_rate",
       .type = KeyType::kBytes,
       .default_text = "32MiB",
       .help = "bytes of finished segments a second whose small batches are put together; 0: none"},
      {.name = "storage.compaction_rate",
       .type = KeyType::kBytes,
       .default_text = "32MiB",
       .help = "bytes of compacted topics a second that are read to find what may go; 0: none"},
  };
  program.flags = {
      {.name = "--data-dir",
       .value_name = "DIR",
       .key = "data_dir",
       .help = "directory of the logs"},
      {.name = "--listen",
       .value_name = "ADDRESS",
       .key = "listen",
       .help = "tcp://HOST:PORT for agents and clients"},
      daemon::MetricsListenFlag(),
  };
  program.check = [](const daemon::Config& config) -> Status {
    const auto options = OptionsOf(config);
    return options.ok() ? Ok() : Status(options.error());
  };
  return program;
}

Result<std::optional<SyncMethod>> ParseSyncMethod(const daemon::Config& config) {
  const std::string& text = config.String("storage.sync");
  if (text == "auto") return std::optional<SyncMethod>();
  if (text == "fdatasync") return std::optional(SyncMethod::kFdatasync);
  if (text == "syncfs") return std::optional(SyncMethod::kSyncfs);
  return config.Invalid("storage.sync", "auto, fdatasync or syncfs");
}

Result<std::optional<std::int64_t>> ParseReserve(const daemon::Config& config) {
  const std::string& text = config.String("storage.reserve");
  if (text == "auto") return std::optional<std::int64_t>();
  auto bytes = daemon::ParseByteCount(text);
  if (!bytes) return config.Invalid("storage.reserve", "auto, or a number of bytes such as 512MiB");
  return std::optional(*bytes);
}

Result<std::optional<DiskBudget>> ParseBudget(const daemon::Config& config) {
  const std::string& text = config.String("disk.budget");
  if (text == "none") return std::optional<DiskBudget>();
  DiskBudget budget;
  if (text.ends_with('%')) {
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size() - 1, budget.percent);
    if (error == std::errc() && end == text.data() + text.size() - 1 && budget.percent >= 1 &&
        budget.percent <= 100) {
      return std::optional(budget);
    }
  } else if (const auto bytes = daemon::ParseByteCount(text)) {
    budget.bytes = *bytes;
    return std::optional(budget);
  }
  return config.Invalid("disk.budget", "1% to 100%, a number of bytes such as 500GiB, or none");
}

Result<ScrubOptions> ParseScrub(const daemon::Config& config) {
  const std::string& text = config.String("storage.scrub");
  if (text == "auto") return ScrubOptions{};
  auto bytes = daemon::ParseByteCount(text);
  if (!bytes) return config.Invalid("storage.scrub", "auto, or bytes a second such as 4MiB");
  return ScrubOptions{.bytes_per_second = *bytes};
}

// Without keys any account that reaches the port could read and write everything.
Status CheckListen(const daemon::Config& config) {
  constexpr std::string_view kScheme = "tcp://";
  const std::string& listen = config.String("listen");
  auto address = listen.starts_with(kScheme)
                     ? daemon::ParseHostPort(std::string_view(listen).substr(kScheme.size()))
                     : Result<daemon::HostPort>(Fail(ErrorCode::kInvalid, "no scheme"));
  if (!address.ok()) return config.Invalid("listen", "tcp://HOST:PORT");
  if (!daemon::IsLoopback(address->host)) {
    return config.Invalid("listen",
                          "an address of this machine alone (127.0.0.1, ::1) as long as the broker "
                          "has no keys: anybody who reaches it could read and write every log");
  }
  return Ok();
}

Result<BrokerOptions> OptionsOf(const daemon::Config& config) {
  RETURN_IF_ERROR(CheckListen(config));
  BrokerOptions options;
  options.data_directory = config.String("data_dir");
  options.broker_name = config.String("broker.name");
  if (options.broker_name.empty()) options.broker_name = daemon::HostName();
  options.program_version = std::string(daemon::Version());
  options.auto_create_topics = config.Bool("topics.auto_create");
  options.receive_budget_bytes = static_cast<std::uint64_t>(config.Bytes("limits.receive_budget"));
  options.offsets_retention_ms = config.Duration("groups.offsets_retention").count();
  ASSIGN_OR_RETURN(options.sync_method, ParseSyncMethod(config));
  ASSIGN_OR_RETURN(options.reserve_bytes, ParseReserve(config));
  ASSIGN_OR_RETURN(options.budget, ParseBudget(config));
  ASSIGN_OR_RETURN(options.scrub, ParseScrub(config));
  options.rewriting.bytes_per_second = config.Bytes("storage.rewrite_rate");
  options.cleaning.bytes_per_second = config.Bytes("storage.compaction_rate");
  return options;
}

// Of the descriptors that the system grants, logs have a quarter: a connection takes one, too, and
// there may be ten thousand of them.
std::size_t LogFilesMax(std::uint64_t descriptors) {
  constexpr std::uint64_t kMin = 64;
  constexpr std::uint64_t kMax = 16'384;
  return static_cast<std::size_t>(std::clamp(descriptors / 4, kMin, kMax));
}

void LogOpenReport(const Broker& broker, const std::string& directory) {
  const BrokerOpenReport& report = broker.open_report();
  for (const std::string& note : report.notes) daemon::Warn("{}", note);
  std::int64_t scanned = 0;
  for (const auto& one : report.scanned) {
    scanned += one.recovery.bytes_scanned;
    if (!one.recovery.cut_at) continue;
    daemon::Warn("topic '{}', partition {}: cut at offset {} ({}); {} bytes went to {}/quarantine",
                 one.topic, one.partition, *one.recovery.cut_at, one.recovery.cut_reason,
                 one.recovery.bytes_cut, directory);
  }
  daemon::Info("data directory {}: {}, {} bytes of log scanned, {} sources, sync by {}", directory,
               report.clean_start ? "clean start" : "recovered after an unclean stop", scanned,
               report.sources.sources,
               report.sync_method == SyncMethod::kSyncfs ? "syncfs" : "fdatasync");
}

// Tells people who wait for a long recovery how far it is.
class RecoveryProgress {
 public:
  void Scanned(std::int64_t bytes) {
    constexpr std::int64_t kIntervalMs = 2000;
    const Instant now = daemon::Now();
    if (last_ == MonotonicMs{}) last_ = now.monotonic;
    if (now.monotonic - last_ < kIntervalMs) return;
    last_ = now.monotonic;
    daemon::Info("recovering: {} MB scanned", bytes / 1'000'000);
  }

 private:
  MonotonicMs last_;
};

void FillMetrics(const Broker& broker, daemon::MetricsRegistry& metrics) {
  auto count = [&metrics](const char* name, const char* help, std::uint64_t total) {
    metrics.SetCounter(name, help, static_cast<double>(total));
  };
  auto gauge = [&metrics](const char* name, const char* help, std::int64_t value) {
    metrics.SetGauge(name, help, static_cast<double>(value));
  };
  const EngineCounters& engine = broker.engine().counters();
  count("logboom_produce_records_total", "Records appended", engine.records_appended);
  count("logboom_produce_bytes_total", "Bytes of batches appended", engine.bytes_appended);
  count("logboom_fetch_bytes_total", "Bytes of batches fetched", engine.bytes_fetched);
  count("logboom_storage_syncs_total", "Syncs of the data directory", engine.syncs);
  gauge("logboom_storage_unsynced_bytes", "Bytes appended and not durable yet",
        engine.bytes_not_durable);
  const RewriteCounters& rewriting = broker.rewrite_counters();
  count("logboom_rewrite_segments_total", "Segments whose small batches were put together",
        rewriting.segments);
  count("logboom_rewrite_read_bytes_total", "Bytes of those segments before",
        rewriting.bytes_before);
  count("logboom_rewrite_written_bytes_total", "Bytes of those segments after",
        rewriting.bytes_after);
  count("logboom_rewrite_failures_total", "Segments that stayed as they were after an error",
        rewriting.failures);
  const CleanerCounters& cleaning = broker.cleaner_counters();
  count("logboom_compaction_passes_total", "Passes of compaction over a partition",
        cleaning.passes);
  count("logboom_compaction_dropped_records_total",
        "Records that a later one of their key has replaced, and tombstones past their time",
        cleaning.records_dropped);
  count("logboom_compaction_read_bytes_total", "Bytes of compacted segments before",
        cleaning.bytes_before);
  count("logboom_compaction_written_bytes_total", "Bytes of compacted segments after",
        cleaning.bytes_after);
  count("logboom_compaction_failures_total", "Passes that an error has ended", cleaning.failures);
  const SourceCounters& sources = broker.sources().counters();
  count("logboom_duplicate_batches_total", "Batches that were in the log already",
        sources.duplicates);
  count("logboom_span_conflicts_total", "Batches that agents had to cut anew", sources.conflicts);
  count("logboom_source_gaps_total", "Gaps noted: bytes that were gone at their agent",
        sources.gaps);
  gauge("logboom_sources", "Sources that are known",
        static_cast<std::int64_t>(broker.sources().table().size()));
  gauge("logboom_groups", "Consumer groups: with members, or with committed offsets",
        static_cast<std::int64_t>(broker.groups().group_count()));
  gauge("logboom_group_members", "Members of all consumer groups",
        static_cast<std::int64_t>(broker.groups().member_count()));
  count("logboom_groups_expired_total", "Groups forgotten: too long without members and commits",
        broker.groups().counters().groups_expired);
  count("logboom_group_offsets_expired_total", "Committed offsets of groups that were forgotten",
        broker.groups().counters().offsets_expired);
  gauge("logboom_sessions", "Live sessions of agents and clients",
        static_cast<std::int64_t>(broker.session_count()));
  gauge("logboom_filesystem_avail_bytes", "Free bytes on the data directory's file system",
        broker.space().available_bytes);
  gauge("logboom_filesystem_size_bytes", "Size of the data directory's file system",
        broker.space().total_bytes);
  gauge("logboom_storage_log_bytes", "Bytes of all segments", broker.log_bytes());
  gauge("logboom_storage_budget_bytes", "Bytes that all segments may take; 0: no budget",
        broker.budget_bytes());
  count("logboom_evicted_segments_total", "Segments that went for the disk budget",
        engine.segments_evicted);
  count("logboom_evicted_records_total", "Records in them", engine.records_evicted);
  count("logboom_evicted_bytes_total", "Bytes of them", engine.bytes_evicted);
  gauge("logboom_retention_skipped_seconds", "What the clock skipped, and retention does not count",
        broker.age_clock().skipped_ms() / 1000);
  const ScrubStatus& scrub = broker.scrub();
  count("logboom_scrub_read_bytes_total", "Bytes that the scrub has read", scrub.bytes_read);
  count("logboom_scrub_findings_total", "What the scrub has found wrong", scrub.findings);
  metrics.SetGauge("logboom_scrub_last_pass_timestamp_seconds",
                   "When the scrub had last read everything; 0: never",
                   static_cast<double>(scrub.last_pass.value_or(TimestampMs(0)).value()) / 1000.0);
  gauge("logboom_unreadable_ranges", "Ranges of offsets that can't be read",
        static_cast<std::int64_t>(broker.unreadable_ranges()));
  gauge("logboom_storage_open_files", "Files of logs that are open: they open on use",
        static_cast<std::int64_t>(broker.open_files()));
}

int ServeUntilStopped(Broker& broker, transport::ServerTransport& transport,
                      daemon::Signals& signals, daemon::MetricsRegistry& metrics) {
  constexpr std::int64_t kMetricsIntervalMs = 1'000;
  MonotonicMs metrics_at;
  std::optional<MonotonicMs> deadline;
  const int descriptors[] = {signals.descriptor()};
  while (true) {
    transport.Wait(broker.NextTimeout(daemon::Now()), descriptors);
    const Instant now = daemon::Now();
    broker.Poll(now);
    if (now.monotonic >= metrics_at) {
      metrics_at = now.monotonic + kMetricsIntervalMs;
      FillMetrics(broker, metrics);
    }
    if (broker.failure()) {
      daemon::LogError("{}", broker.failure()->message);
      return kExitFailed;
    }
    while (auto signal = signals.Next()) {
      if (*signal == daemon::Signal::kReload) {
        daemon::Info("nothing of the broker's configuration is reloaded: restart it");
      } else if (!deadline) {
        daemon::Stopping();
        broker.StartShutdown();
        deadline = now.monotonic + kShutdownMs;
      }
    }
    if (deadline && (broker.Finished() || now.monotonic >= *deadline)) break;
  }
  if (!broker.Finished()) {
    daemon::Warn("requests were still under way after {} ms; the next start recovers", kShutdownMs);
    return 0;
  }
  if (Status closed = broker.Close(); !closed.ok()) {
    daemon::LogError("{}", closed.error().message);
    return kExitFailed;
  }
  daemon::Info("stopped");
  return 0;
}

int Run(const daemon::Config& config) {
  auto options = OptionsOf(config);
  CHECK(options.ok());  // it was checked at launch
  auto fail = [](const Error& error, int code) {
    daemon::LogError("{}", error.message);
    return code;
  };
  auto signals = daemon::Signals::Start();
  if (!signals.ok()) return fail(signals.error(), kExitFailed);
  options->open_files_max = LogFilesMax(daemon::RaiseDescriptorLimit());

  file::PosixFileSystem fs;
  SystemRandom random;
  std::unique_ptr<transport::ServerTransport> transport;
  // Commits and transactions end on their own threads, and the loop must hear of it. The transport
  // is made last: the port opens only once the data directory is ours and recovered.
  std::atomic<transport::ServerTransport*> to_wake = nullptr;
  auto wake_up = [&to_wake] {
    if (transport::ServerTransport* loop = to_wake.load()) loop->WakeUp();
  };
  BrokerSeams seams{
      fs,
      random,
      [&fs](const std::string& directory,
            std::vector<std::string>& notes) -> Result<std::unique_ptr<MetadataStore>> {
        ASSIGN_OR_RETURN(
            OpenedStore opened,
            OpenSqliteStore(fs, directory, directory + "/quarantine", daemon::Now().wall));
        notes = std::move(opened.report.notes);
        return std::move(opened.store);
      },
      [wake_up](std::unique_ptr<MetadataStore> store) {
        return MakeThreadMetadataWriter(std::move(store), wake_up);
      },
      [&fs, wake_up](const std::string& directory, SyncMethod method) {
        return MakeThreadCommitter(fs, directory, method, wake_up);
      },
      [wake_up] { return MakeThreadBackgroundWorker(wake_up); },
      daemon::ResidentBytes};
  const std::string directory = options->data_directory;
  RecoveryProgress progress;
  auto broker = Broker::Open(*std::move(options), std::move(seams), daemon::Now(),
                             [&progress](std::int64_t bytes) { progress.Scanned(bytes); });
  if (!broker.ok()) {
    return fail(broker.error(),
                broker.error().code == ErrorCode::kBusy ? kExitAlreadyRunning : kExitFailed);
  }
  LogOpenReport(**broker, directory);
  auto listening = transport::ListenZmq({.address = config.String("listen")});
  if (!listening.ok()) return fail(listening.error(), kExitFailed);
  transport = *std::move(listening);
  to_wake = transport.get();
  (*broker)->Serve(*transport, daemon::Now());
  daemon::MetricsRegistry metrics("broker");
  auto metrics_server = daemon::ServeMetrics(config, metrics);
  if (!metrics_server.ok()) return fail(metrics_server.error(), kExitFailed);
  std::vector<std::string> addresses = {transport->address()};
  if (*metrics_server) addresses.push_back((*metrics_server)->url());
  daemon::Ready("logboom-broker", addresses);
  const int code = ServeUntilStopped(**broker, *transport, **signals, metrics);
  broker->reset();  // before the transport that its threads wake
  return code;
}

}  // namespace
}  // namespace logboom::broker

int main(int argc, char** argv) {
  if (const auto code = logboom::broker::RunVerb(argc, argv)) return *code;
  auto launched = logboom::daemon::Launch(logboom::broker::MakeProgram(), argc, argv);
  if (!launched) return launched.error();
  return logboom::broker::Run(launched->config);
}
