// logboom-agent: command line, signals, and the loop that drives the agent.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/agent.h"
#include "agent/archives.h"
#include "agent/configuration.h"
#include "agent/life.h"
#include "agent/reload.h"
#include "agent/verbs.h"
#include "lib/base/check.h"
#include "lib/client/agent_link.h"
#include "lib/daemon/clock.h"
#include "lib/daemon/launch.h"
#include "lib/daemon/log.h"
#include "lib/daemon/metrics_registry.h"
#include "lib/daemon/priority.h"
#include "lib/daemon/process.h"
#include "lib/daemon/ready.h"
#include "lib/daemon/serve_metrics.h"
#include "lib/daemon/signals.h"
#include "lib/file/posix_file_system.h"

namespace logboom::agent {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitAlreadyRunning = 3;
// How long an orderly stop waits for acks of what is under way.
constexpr std::int64_t kDrainMs = 5'000;
// And for the answer to the goodbye: without one the broker finds out by itself.
constexpr std::int64_t kGoodbyeMs = 1'000;
constexpr std::int64_t kMetricsIntervalMs = 1'000;

void Print(const std::vector<Notice>& notices) {
  for (const Notice& notice : notices) {
    switch (notice.severity) {
      case Severity::kInfo: daemon::Info("{}", notice.text); break;
      case Severity::kWarn: daemon::Warn("{}", notice.text); break;
      case Severity::kError: daemon::LogError("{}", notice.text); break;
    }
  }
}

void FillMetrics(const AgentTotals& totals, bool connected, daemon::MetricsRegistry& metrics) {
  const Counters& counters = totals.counters;
  auto count = [&metrics](const char* name, const char* help, std::uint64_t total) {
    metrics.SetCounter(name, help, static_cast<double>(total));
  };
  metrics.SetGauge("logboom_agent_files", "Files that are watched",
                   static_cast<double>(totals.files));
  metrics.SetGauge("logboom_agent_open_files", "Of those, files that are open",
                   static_cast<double>(totals.open_files));
  metrics.SetGauge("logboom_agent_backlog_bytes", "Bytes in files that are not acked yet",
                   static_cast<double>(totals.backlog_bytes));
  metrics.SetGauge("logboom_agent_connected", "1 while a session with the broker is live",
                   connected ? 1 : 0);
  if (totals.clock_skew) {
    metrics.SetGauge("logboom_agent_clock_skew_seconds",
                     "This machine's clock less the broker's, right to half a round trip",
                     static_cast<double>(totals.clock_skew->count()) / 1000.0);
  }
  count("logboom_agent_read_bytes_total", "Bytes of files read and sent", counters.bytes_read);
  count("logboom_agent_acked_bytes_total", "Bytes of files that are durable at the broker",
        counters.bytes_acked);
  count("logboom_agent_acked_records_total", "Records that are durable at the broker",
        counters.records_acked);
  count("logboom_agent_sent_batch_bytes_total", "Bytes of batches sent, compressed",
        counters.batch_bytes_sent);
  count("logboom_agent_conflicts_total", "Batches that the broker had cut anew",
        counters.conflicts);
  count("logboom_agent_refusals_total", "Batches that the broker refused", counters.refusals);
  count("logboom_agent_truncations_total", "Files found truncated", counters.truncations);
  count("logboom_agent_gaps_total", "Gaps reported: bytes that were gone", counters.gaps);
  count("logboom_agent_gap_bytes_total", "Bytes in those gaps", counters.gap_bytes);
  count("logboom_agent_lines_split_total", "Parts of lines sent with lb.more",
        counters.lines_split);
  count("logboom_agent_lines_not_parsed_total", "Lines that are not of their input's kind",
        counters.not_understood.lines_not_parsed);
  count("logboom_agent_times_not_found_total", "Lines that don't say their time",
        counters.not_understood.times_not_found);
  count("logboom_agent_fields_left_out_total", "Fields that are too large for a header",
        counters.not_understood.fields_left_out);
  const auto left_out = [&](const char* name, const char* help, DropReason reason) {
    count(name, help, counters.lines_dropped[static_cast<std::size_t>(reason)]);
  };
  left_out("logboom_agent_lines_dropped_total", "Lines left out for a pattern of drop",
           DropReason::kDropPattern);
  left_out("logboom_agent_lines_not_kept_total", "Lines left out for none of keep's patterns",
           DropReason::kNotKept);
  left_out("logboom_agent_lines_sampled_out_total", "Lines left out of a sample",
           DropReason::kSampled);
  left_out("logboom_agent_lines_rate_limited_total", "Lines left out above a rate",
           DropReason::kRateLimit);
  left_out("logboom_agent_lines_repeated_total", "Lines told as a count of repeats",
           DropReason::kRepeated);
  left_out("logboom_agent_lines_of_own_units_total",
           "Lines of Logboom's own units left out above one a second", DropReason::kOwnUnit);
  count("logboom_agent_redacted_total", "Places of lines that were redacted", counters.redacted);
  for (const Loss loss : kAllLosses) {
    metrics.SetCounter("logboom_agent_syslog_dropped_total",
                       "Datagrams and connections that syslog inputs could not take",
                       static_cast<double>(counters.losses[static_cast<std::size_t>(loss)]),
                       {{"reason", std::string(ReasonOf(loss))}});
  }
  count("logboom_agent_errors_total", "Errors said in the log", totals.errors);
}

// `--once` on a terminal: how far it is, on one line.
class OnceProgress {
 public:
  explicit OnceProgress(bool once) : shown_(once && isatty(STDERR_FILENO) == 1) {}
  ~OnceProgress() {
    if (drawn_) std::fprintf(stderr, "\r\x1b[K");
  }
  OnceProgress(const OnceProgress&) = delete;
  OnceProgress& operator=(const OnceProgress&) = delete;

  void Show(const AgentTotals& totals, MonotonicMs now) {
    constexpr std::int64_t kIntervalMs = 200;
    if (!shown_ || now - last_ < kIntervalMs) return;
    if (last_ == MonotonicMs{}) started_ = now;
    last_ = now;
    drawn_ = true;
    const double seconds = static_cast<double>(now - started_) / 1000.0;
    const double acked = static_cast<double>(totals.counters.bytes_acked) / 1e6;
    const double left = static_cast<double>(totals.backlog_bytes) / 1e6;
    const double rate = seconds > 0 ? acked / seconds : 0;
    std::fprintf(stderr, "\r\x1b[K%.1f of %.1f MB acked, %.1f MB/s, %.0f s left", acked,
                 acked + left, rate, rate > 0 ? left / rate : 0);
  }

 private:
  bool shown_;
  bool drawn_ = false;
  MonotonicMs started_;
  MonotonicMs last_;
};

// The counts of `--once`, and its exit code.
int FinishOnce(const Agent& agent) {
  const AgentTotals totals = agent.Totals();
  std::printf("files %llu bytes %llu records %llu\n", static_cast<unsigned long long>(totals.files),
              static_cast<unsigned long long>(totals.counters.bytes_acked),
              static_cast<unsigned long long>(totals.counters.records_acked));
  std::fflush(stdout);
  const std::vector<std::string> missing = agent.Missing();
  for (const std::string& each : missing) daemon::LogError("{}", each);
  return missing.empty() ? 0 : kExitFailed;
}

class Loop {
 public:
  // Reads the configuration again.
  using Reread = std::function<Result<Configuration>()>;

  Loop(std::unique_ptr<Life> life, const LifeSeams& seams, daemon::Signals& signals,
       daemon::MetricsRegistry& metrics, Reread reread)
      : life_(std::move(life)),
        seams_(seams),
        signals_(signals),
        metrics_(metrics),
        reread_(std::move(reread)),
        once_(life_->configuration().options.once),
        progress_(once_) {}

  int Run() {
    while (true) {
      const Instant now = daemon::Now();
      link().Poll(now);
      const bool more = agent().Step(now);
      Print(agent().TakeNotices());
      if (agent().fenced()) return kExitAlreadyRunning;
      TakeSignals(now);
      if (agent().done()) {
        End(now);
        return once_ ? FinishOnce(agent()) : Finish();
      }
      if (deadline_ && (agent().drained() || now.monotonic >= *deadline_)) {
        if (stopping_) return Stopped(now);
        if (!BeginAnew(now)) return kExitFailed;
        continue;
      }
      progress_.Show(agent().Totals(), now.monotonic);
      ShowMetrics(now);
      if (!more) Wait(now);
    }
  }

 private:
  void Wait(Instant now) {
    std::vector<int> descriptors = {signals_.descriptor()};
    for (int each : agent().Descriptors(now)) descriptors.push_back(each);
    link().Wait(agent().UntilDue(now), descriptors);
  }

  Agent& agent() { return life_->agent(); }
  client::AgentLink& link() { return life_->link(); }

  void TakeSignals(Instant now) {
    while (auto signal = signals_.Next()) {
      if (*signal == daemon::Signal::kReload) {
        StartReload(now);
      } else if (!stopping_) {
        daemon::Stopping();
        stopping_ = true;
        StartDrain(now);
      }
    }
  }

  void StartDrain(Instant now) {
    if (stopping_) {
      agent().Stop(now);
    } else {
      agent().Pause(now);
    }
    if (!deadline_) deadline_ = now.monotonic + kDrainMs;
  }

  // Nothing is stopped before it is known that what was read can be.
  void StartReload(Instant now) {
    if (stopping_) return;
    if (once_) return daemon::Warn("nothing is reloaded with --once");
    auto read = reread_();
    if (!read.ok()) {
      return daemon::LogError("the configuration is not reloaded: {}; the agent goes on as it was",
                              read.error().message);
    }
    Reloaded reloaded = Reload(life_->configuration(), *std::move(read));
    for (const std::string& key : reloaded.kept) {
      daemon::Warn("{} has changed, and stays as it was until the agent is started again", key);
    }
    next_ = std::move(reloaded.configuration);
    StartDrain(now);
  }

  // False: there is no agent any more.
  bool BeginAnew(Instant now) {
    End(now);
    deadline_.reset();
    const Configuration before = life_->configuration();
    Handover handover = agent().HandOver();
    life_.reset();
    auto next = Life::Begin(*std::exchange(next_, std::nullopt), seams_, &handover);
    if (next.ok()) {
      daemon::Info("the configuration is reloaded");
    } else {
      daemon::LogError("the configuration is not reloaded: {}; the agent goes on as it was",
                       next.error().message);
      next = Life::Begin(before, seams_, &handover);
    }
    if (!next.ok()) {
      daemon::LogError("{}", next.error().message);
      return false;
    }
    life_ = *std::move(next);
    return true;
  }

  void End(Instant now) {
    agent().SaveCheckpoint(now);
    const MonotonicMs given_up = now.monotonic + kGoodbyeMs;
    while (!agent().Leave(now) && now.monotonic < given_up) {
      link().Wait(std::chrono::milliseconds{given_up - now.monotonic}, {});
      now = daemon::Now();
      link().Poll(now);
    }
    Print(agent().TakeNotices());
  }

  // All inputs have come to their end, as standard input does.
  int Finish() {
    const AgentTotals totals = agent().Totals();
    daemon::Info("the input has ended: {} bytes in {} records acked", totals.counters.bytes_acked,
                 totals.counters.records_acked);
    return 0;
  }

  int Stopped(Instant now) {
    End(now);
    const AgentTotals totals = agent().Totals();
    daemon::Info("stopped: {} bytes in {} records acked since the start{}",
                 totals.counters.bytes_acked, totals.counters.records_acked,
                 agent().drained() ? "" : "; the rest is read again at the next start");
    // Asked to read all and stopped before: not all is there.
    return once_ ? kExitFailed : 0;
  }

  void ShowMetrics(Instant now) {
    if (now.monotonic < metrics_at_) return;
    metrics_at_ = now.monotonic + kMetricsIntervalMs;
    FillMetrics(agent().Totals(), link().connected(), metrics_);
  }

  std::unique_ptr<Life> life_;
  LifeSeams seams_;
  daemon::Signals& signals_;
  daemon::MetricsRegistry& metrics_;
  Reread reread_;
  bool once_;
  OnceProgress progress_;
  bool stopping_ = false;
  std::optional<Configuration> next_;
  std::optional<MonotonicMs> deadline_;  // of a drain: it ends, or begins anew with next_
  MonotonicMs metrics_at_;
};

int Failed(const Error& error, int code) {
  daemon::LogError("{}", error.message);
  return code;
}

// Only a cache: an agent whose state directory is full or damaged still ships.
std::unique_ptr<Checkpoint> OpenCheckpoint(const std::string& state_directory) {
  auto checkpoint = OpenSqliteCheckpoint(state_directory);
  if (checkpoint.ok()) return *std::move(checkpoint);
  daemon::Warn("{}; going on without a checkpoint, the broker keeps the positions",
               checkpoint.error().message);
  return std::make_unique<MemoryCheckpoint>();
}

// Of all threads, so before any is started. Refused, the agent is as it would be without.
void StepBack(const Configuration& configuration) {
  if (configuration.nice > 0) {
    const Status nice = daemon::SetNice(configuration.nice);
    if (!nice.ok()) daemon::Warn("agent.nice: {}; going on without", nice.error().message);
  }
  if (configuration.io_class) {
    const Status set = daemon::SetIoClass(*configuration.io_class);
    if (!set.ok()) daemon::Warn("agent.io_class: {}; going on without", set.error().message);
  }
}

Result<Configuration> Reread(const daemon::Launched& launched) {
  ASSIGN_OR_RETURN(const daemon::Config config, launched.Reload());
  ASSIGN_OR_RETURN(Configuration configuration, Configure(config));
  RETURN_IF_ERROR(Agent::Check(configuration.options));
  const auto level = daemon::ParseLogLevel(config.String("log.level"));
  if (!level) return config.Invalid("log.level", "debug, info, warn or error");
  daemon::SetLogLevel(*level);
  return configuration;
}

int Run(const daemon::Launched& launched, Configuration configuration) {
  StepBack(configuration);
  auto signals = daemon::Signals::Start();
  if (!signals.ok()) return Failed(signals.error(), kExitFailed);

  file::PosixFileSystem fs;
  SystemRandom random;
  const std::string& state = configuration.state_directory;
  if (Status made = fs.CreateDirectories(state); !made.ok()) {
    return Failed(made.error().Within("state directory"), kExitFailed);
  }
  auto lock = fs.Lock(state + "/lock");
  if (!lock.ok()) {
    const bool held = lock.error().code == ErrorCode::kBusy;
    return Failed(lock.error(), held ? kExitAlreadyRunning : kExitFailed);
  }
  const std::unique_ptr<Checkpoint> checkpoint = OpenCheckpoint(state);
  ArchiveFileSystem logs(fs);
  const LifeSeams seams{.logs = logs,
                        .checkpoint = *checkpoint,
                        .random = random,
                        .descriptors = daemon::RaiseDescriptorLimit()};
  const bool once = configuration.options.once;
  std::vector<std::string> addresses = {configuration.broker};
  daemon::MetricsRegistry metrics("agent");
  std::unique_ptr<daemon::MetricsServer> server;
  if (!once) {
    auto started = daemon::ServeMetrics(launched.config, metrics);
    if (!started.ok()) return Failed(started.error(), kExitFailed);
    server = *std::move(started);
    if (server) addresses.push_back(server->url());
  }
  auto life = Life::Begin(std::move(configuration), seams, nullptr);
  if (!life.ok()) {
    const bool is_wrong = life.error().code == ErrorCode::kInvalid;
    return Failed(life.error(), is_wrong ? kExitUsage : kExitFailed);
  }
  for (std::string& each : (*life)->agent().addresses()) addresses.push_back(std::move(each));
  if (!once) daemon::Ready("logboom-agent", addresses);
  return Loop(*std::move(life), seams, **signals, metrics, [&launched] { return Reread(launched); })
      .Run();
}

}  // namespace
}  // namespace logboom::agent

int main(int argc, char** argv) {
  if (const auto code = logboom::agent::RunVerb(argc, argv)) return *code;
  auto launched = logboom::daemon::Launch(logboom::agent::MakeProgram(), argc, argv);
  if (!launched) return launched.error();
  auto configuration = logboom::agent::Configure(launched->config);
  CHECK(configuration.ok());  // it was checked at launch
  configuration->options.once = launched->Has("--once");
  return logboom::agent::Run(*launched, *std::move(configuration));
}
