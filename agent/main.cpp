// logboom-agent: command line, signals, and the loop that drives the agent.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/agent.h"
#include "agent/archives.h"
#include "agent/configuration.h"
#include "agent/open_stream.h"
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
#include "lib/file/directory_watch.h"
#include "lib/file/posix_file_system.h"
#include "lib/transport/zmq_transport.h"

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
  count("logboom_agent_redacted_total", "Places of lines that were redacted", counters.redacted);
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
  Loop(Agent& agent, client::AgentLink& link, daemon::Signals& signals,
       daemon::MetricsRegistry& metrics, bool once)
      : agent_(agent),
        link_(link),
        signals_(signals),
        metrics_(metrics),
        once_(once),
        progress_(once) {}

  int Run() {
    while (true) {
      const Instant now = daemon::Now();
      link_.Poll(now);
      const bool more = agent_.Step(now);
      Print(agent_.TakeNotices());
      if (agent_.fenced()) return kExitAlreadyRunning;
      TakeSignals(now);
      if (agent_.done()) {
        End(now);
        return once_ ? FinishOnce(agent_) : Finish();
      }
      if (deadline_ && (agent_.drained() || now.monotonic >= *deadline_)) return Stopped(now);
      progress_.Show(agent_.Totals(), now.monotonic);
      ShowMetrics(now);
      if (!more) Wait(now);
    }
  }

 private:
  void Wait(Instant now) {
    std::vector<int> descriptors = {signals_.descriptor()};
    for (int each : agent_.Descriptors(now)) descriptors.push_back(each);
    link_.Wait(agent_.UntilDue(now), descriptors);
  }

  void TakeSignals(Instant now) {
    while (auto signal = signals_.Next()) {
      if (*signal == daemon::Signal::kReload) {
        daemon::Info("nothing of the agent's configuration is reloaded: restart it");
      } else if (!deadline_) {
        daemon::Stopping();
        agent_.Stop(now);
        deadline_ = now.monotonic + kDrainMs;
      }
    }
  }

  void End(Instant now) {
    agent_.SaveCheckpoint(now);
    const MonotonicMs given_up = now.monotonic + kGoodbyeMs;
    while (!agent_.Leave(now) && now.monotonic < given_up) {
      link_.Wait(std::chrono::milliseconds{given_up - now.monotonic}, {});
      now = daemon::Now();
      link_.Poll(now);
    }
    Print(agent_.TakeNotices());
  }

  // All inputs have come to their end, as standard input does.
  int Finish() {
    const AgentTotals totals = agent_.Totals();
    daemon::Info("the input has ended: {} bytes in {} records acked", totals.counters.bytes_acked,
                 totals.counters.records_acked);
    return 0;
  }

  int Stopped(Instant now) {
    End(now);
    const AgentTotals totals = agent_.Totals();
    daemon::Info("stopped: {} bytes in {} records acked since the start{}",
                 totals.counters.bytes_acked, totals.counters.records_acked,
                 agent_.drained() ? "" : "; the rest is read again at the next start");
    // Asked to read all and stopped before: not all is there.
    return once_ ? kExitFailed : 0;
  }

  void ShowMetrics(Instant now) {
    if (now.monotonic < metrics_at_) return;
    metrics_at_ = now.monotonic + kMetricsIntervalMs;
    FillMetrics(agent_.Totals(), link_.connected(), metrics_);
  }

  Agent& agent_;
  client::AgentLink& link_;
  daemon::Signals& signals_;
  daemon::MetricsRegistry& metrics_;
  bool once_;
  OnceProgress progress_;
  std::optional<MonotonicMs> deadline_;
  MonotonicMs metrics_at_;
};

int Failed(const Error& error, int code) {
  daemon::LogError("{}", error.message);
  return code;
}

client::AgentHello HelloOf(const Agent& agent, const Configuration& configuration) {
  client::AgentHello hello;
  hello.agent_id = configuration.options.agent_id;
  hello.host = configuration.options.host;
  hello.labels = configuration.labels;
  hello.boot_id = daemon::BootId();
  hello.process_id = daemon::ProcessIdentity();
  hello.topics = agent.topics();
  hello.program_version = std::string(daemon::Version());
  return hello;
}

// Only a cache: an agent whose state directory is full or damaged still ships.
std::unique_ptr<Checkpoint> OpenCheckpoint(const std::string& state_directory) {
  auto checkpoint = OpenSqliteCheckpoint(state_directory);
  if (checkpoint.ok()) return *std::move(checkpoint);
  daemon::Warn("{}; going on without a checkpoint, the broker keeps the positions",
               checkpoint.error().message);
  return std::make_unique<MemoryCheckpoint>();
}

// None: directories are polled, as they are where the system has no watch left.
std::unique_ptr<file::DirectoryWatch> OpenWatch(const Configuration& configuration) {
  if (configuration.polls) return nullptr;
  auto watch = file::MakeInotifyWatch();
  if (watch.ok()) return *std::move(watch);
  daemon::Warn("{}; directories are polled", watch.error().message);
  return nullptr;
}

// Beside watched files there are sockets, watches, the checkpoint, libraries.
std::size_t OpenFilesMax(std::uint64_t descriptors, std::size_t configured) {
  constexpr std::uint64_t kOthers = 64;
  const std::uint64_t left = descriptors > 2 * kOthers ? descriptors - kOthers : kOthers;
  return std::min<std::size_t>(configured, left);
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

int Run(const daemon::Config& config, Configuration configuration) {
  StepBack(configuration);
  auto signals = daemon::Signals::Start();
  if (!signals.ok()) return Failed(signals.error(), kExitFailed);
  AgentOptions& options = configuration.options;
  options.open_files_max = OpenFilesMax(daemon::RaiseDescriptorLimit(), options.open_files_max);

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
  const std::unique_ptr<file::DirectoryWatch> watch = OpenWatch(configuration);
  ArchiveFileSystem logs(fs);
  const AgentSeams seams{.fs = logs,
                         .watch = watch.get(),
                         .checkpoint = *checkpoint,
                         .random = random,
                         .open_stream =
                             [&](const InputOptions& input) {
                               return OpenStream(input, configuration.options, random);
                             },
                         .memory_bytes = daemon::ResidentBytes,
                         .return_memory = daemon::ReturnFreeMemory,
                         .cpu_time = daemon::CpuTime};
  auto agent = Agent::Make(configuration.options, seams);
  if (!agent.ok()) {
    const bool is_wrong = agent.error().code == ErrorCode::kInvalid;
    return Failed(agent.error(), is_wrong ? kExitUsage : kExitFailed);
  }
  auto transport = transport::ConnectZmq(configuration.broker);
  if (!transport.ok()) return Failed(transport.error(), kExitUsage);

  daemon::MetricsRegistry metrics("agent");
  std::unique_ptr<daemon::MetricsServer> server;
  std::vector<std::string> addresses = {configuration.broker};
  if (!configuration.options.once) {
    auto started = daemon::ServeMetrics(config, metrics);
    if (!started.ok()) return Failed(started.error(), kExitFailed);
    server = *std::move(started);
    if (server) addresses.push_back(server->url());
  }
  for (std::string& each : (*agent)->addresses()) addresses.push_back(std::move(each));

  client::AgentLink link(*std::move(transport), HelloOf(**agent, configuration), **agent, random);
  (*agent)->Attach(link);
  (*agent)->Begin(daemon::Now());
  if (!configuration.options.once) daemon::Ready("logboom-agent", addresses);
  return Loop(**agent, link, **signals, metrics, configuration.options.once).Run();
}

}  // namespace
}  // namespace logboom::agent

int main(int argc, char** argv) {
  auto launched = logboom::daemon::Launch(logboom::agent::MakeProgram(), argc, argv);
  if (!launched) return launched.error();
  auto configuration = logboom::agent::Configure(launched->config);
  CHECK(configuration.ok());  // it was checked at launch
  configuration->options.once = launched->Has("--once");
  return logboom::agent::Run(launched->config, *std::move(configuration));
}
