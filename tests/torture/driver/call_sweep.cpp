#include "tests/torture/driver/call_sweep.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <utility>
#include <vector>

#include "tests/torture/driver/inspection.h"
#include "tests/torture/driver/life.h"

namespace logboom::torture {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStartTimeout{60'000};
constexpr milliseconds kAnswerTimeout{10'000};
constexpr milliseconds kStopTimeout{20'000};
constexpr milliseconds kCompactionTimeout{500};
constexpr std::uint32_t kSmallBatch = 5;
// Four of them are more than a segment.
constexpr std::uint32_t kLargeBatch = 1100;

std::string ActionName(ShimAction action) {
  switch (action) {
    case ShimAction::kCount: return "nothing";
    case ShimAction::kKill: return "killed in place of it";
    case ShimAction::kKillHalf: return "killed behind it, half done";
    case ShimAction::kEio: return "EIO";
    case ShimAction::kEnospc: return "ENOSPC";
    case ShimAction::kShort: return "a short write";
  }
  return "";
}

}  // namespace

CallSweep::CallSweep(SweepOptions options, Disk* disk, Books& books, Random& random)
    : options_(std::move(options)), disk_(disk), books_(books), random_(random) {
  // Every sealed segment may go: retention runs at each start.
  books_.retention_bytes = 0;
}

CallSweep::~CallSweep() {
  if (state_ != nullptr) ::munmap(state_, sizeof(ShimState));
}

void CallSweep::Finding(const std::string& text) { books_.findings.Add(Fault::kBroken, text); }

Status CallSweep::MapState() {
  const std::string path = options_.folder + "/shim";
  const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 || ::ftruncate(fd, sizeof(ShimState)) != 0) return ErrnoError(errno, path);
  void* page = ::mmap(nullptr, sizeof(ShimState), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (page == MAP_FAILED) return ErrnoError(errno, "map " + path);
  state_ = static_cast<ShimState*>(page);
  return Ok();
}

void CallSweep::PrepareShim(const Case& one) {
  state_->calls = 0;
  state_->hits = 0;
  state_->at = one.at;
  state_->action = one.action;
  state_->for_good = one.for_good ? 1 : 0;
  state_->what[0] = '\0';
}

// ---- the script

bool CallSweep::Start() {
  const std::string directory = options_.folder + "/data";
  Status started =
      broker_->Start({"LD_PRELOAD=" + options_.shim, std::string(kShimDirectory) + "=" + directory,
                      std::string(kShimStateFile) + "=" + options_.folder + "/shim"});
  auto address = started.ok() ? broker_->WaitReady(kStartTimeout) : std::nullopt;
  if (!address) {
    if (broker_->running()) Finding("the broker neither starts nor ends: " + broker_->said());
    ++counts_.refused_starts;
    return false;
  }
  address_ = *address;
  return true;
}

bool CallSweep::Connect(const std::vector<std::string>& topics) {
  auto connection = Connection::Open(address_, kAgentId, topics, random_);
  if (!connection.ok()) return false;
  connection_ = *std::move(connection);
  connection_->WaitFor([&] { return connection_->live() || !broker_->running(); }, kAnswerTimeout);
  return connection_->live();
}

// By hand, so that it has the wanted segments: a hello that names a topic would make it too.
bool CallSweep::MakeTopics() {
  if (!Connect({})) return false;
  Load load(*connection_, books_, random_, {.any_refusal = true});
  load.CreateTopic(kPlainTopic, kPlainPartitions);
  load.CreateTopic(kSpanTopic, 1);
  load.CreateTopic(kKeyedTopic, 1);
  return Settled() && books_.topics.Existing().contains(kSpanTopic);
}

bool CallSweep::Settled() {
  connection_->WaitFor([&] { return connection_->under_way() == 0 || !broker_->running(); },
                       kAnswerTimeout);
  return broker_->running();
}

void CallSweep::SendBatches(Load& load) {
  load.Produce({kPlainTopic, 0}, kSmallBatch);
  load.ProduceSpans(kSmallBatch);
  load.Produce({kPlainTopic, 1}, kSmallBatch);
  Settled();
  load.ProduceSpans(kSmallBatch);
  load.SendRow();
  load.Fetch({kPlainTopic, 0});
  Settled();
  load.Commit();
  Settled();
}

// Of the segment that the life before has finished; where calls fail it may not come.
void CallSweep::WaitForCompaction() {
  const std::int64_t end_ms = NowMs() + kCompactionTimeout.count();
  bool compacted = false;
  while (!compacted && NowMs() < end_ms && broker_->running()) {
    protocol::Request request;
    request.mutable_metadata()->add_topics(kKeyedTopic);
    auto answer = connection_->AskAndWait(request, kCompactionTimeout);
    if (!answer.ok()) return;
    for (const protocol::Topic& topic : answer->response.metadata().topics()) {
      for (const protocol::Partition& partition : topic.partitions()) {
        compacted = compacted || partition.compacted_end_offset() > 0;
      }
    }
  }
}

bool CallSweep::FirstLife() {
  if (!Start() || !MakeTopics() || !Connect({kSpanTopic})) return false;
  Load load(*connection_, books_, random_, {.any_refusal = true});
  SendBatches(load);
  for (int i = 0; i < 4; ++i) {
    load.Produce({kPlainTopic, 0}, kLargeBatch);
    load.Produce({kKeyedTopic, 0}, kLargeBatch);
  }
  Settled();
  const bool stopped = Stop();
  connection_.reset();
  return stopped;
}

bool CallSweep::SecondLife() {
  if (!Start() || !Connect({kSpanTopic})) return false;
  Load load(*connection_, books_, random_, {.any_refusal = true});
  load.CreateTopic("t1", 1);
  if (!Settled()) return false;
  load.Produce({"t1", 0}, kSmallBatch);
  SendBatches(load);
  load.DeleteTopic("t1");
  Settled();
  WaitForCompaction();
  const bool stopped = Stop();
  connection_.reset();
  return stopped;
}

bool CallSweep::Stop() {
  const auto ending = broker_->Stop(kStopTimeout);
  connection_->Drain();
  if (!ending) {
    Finding("SIGTERM did not end the broker: " + broker_->said());
    broker_->Kill();
    return false;
  }
  return ending->exit_code == 0 && ending->signal == 0;
}

bool CallSweep::RunScript() { return FirstLife() && SecondLife(); }

// ---- a run

// How a broker ends that was not killed.
void CallSweep::NoteEnding() {
  const auto& ending = broker_->ending();
  if (!ending || ending->signal == SIGKILL) return;
  if (ending->signal != 0) {
    Finding(fmt::format("the broker ended by signal {}: {}", ending->signal, broker_->said()));
  } else if (ending->exit_code != 0) {
    ++counts_.ended_itself;
    if (broker_->said().find("error") == std::string::npos) {
      Finding(fmt::format("the broker ended with {} and no word of why: {}", ending->exit_code,
                          broker_->said()));
    }
  } else {
    ++counts_.went_on;
  }
}

Status CallSweep::EndRun() {
  if (connection_) connection_->Drain();
  connection_.reset();
  if (disk_ != nullptr) {
    broker_->Freeze();
    RETURN_IF_ERROR(disk_->CutPower(LogFate::kDrop));
  }
  if (broker_->running()) broker_->Kill();
  if (disk_ == nullptr) return Ok();
  RETURN_IF_ERROR(disk_->Unmount());
  return disk_->Mount();
}

void CallSweep::LookAtWhatIsKept(const Case& one) {
  PrepareShim({});
  if (!Start() || !Connect({})) {
    Finding("the broker does not start again: " + broker_->said());
  } else {
    Status seen = Inspect(*connection_, books_, Depth::kAll);
    if (!seen.ok()) Finding(seen.error().message);
    if (!Stop()) Finding("the broker did not stop in order: " + broker_->said());
  }
  connection_.reset();
  if (!books_.findings.clean()) {
    Finding(fmt::format("at call {}{}: {}", one.at, one.for_good ? " and all behind it" : "",
                        ActionName(one.action)));
  }
}

Status CallSweep::RunCase(const Case& one) {
  ++counts_.runs;
  books_.StartAnew();
  std::error_code ignored;
  const std::string data = options_.folder + "/data/broker";
  std::filesystem::remove_all(data, ignored);
  // Else the power loss could bring the run before back, where this one syncs nothing.
  if (disk_ != nullptr) RETURN_IF_ERROR(disk_->Sync());
  broker_ = std::make_unique<BrokerProcess>(
      BrokerCommand{.program = options_.program,
                    .data_directory = data,
                    .settings = {"storage.reserve=4MiB", "disk.budget=none", kCompaction},
                    .stderr_path = options_.folder + "/broker.stderr"});
  PrepareShim(one);
  RunScript();
  const std::uint64_t calls = state_->calls;
  if (state_->hits > 0) ++counts_.hits;
  const std::string what = state_->what;
  NoteEnding();
  RETURN_IF_ERROR(EndRun());
  if (one.action == ShimAction::kCount) counts_.calls = calls;
  LookAtWhatIsKept(one);
  if (!books_.findings.clean() && !what.empty()) Finding("the call: " + what);
  return Ok();
}

Status CallSweep::RunUndisturbed() {
  RETURN_IF_ERROR(RunCase({}));
  if (counts_.ended_itself + counts_.refused_starts > 0 || counts_.calls == 0) {
    return Fail(ErrorCode::kUnavailable, "the script does not run undisturbed: {}",
                broker_->said());
  }
  counts_ = {.calls = counts_.calls};
  return Ok();
}

CallSweep::Case CallSweep::DrawCase() {
  constexpr std::array kErrors = {ShimAction::kEio, ShimAction::kEnospc, ShimAction::kShort};
  constexpr std::array kKills = {ShimAction::kKill, ShimAction::kKillHalf};
  Case one;
  one.at = 1 + random_.Below(counts_.calls);
  one.action = options_.errors ? kErrors[random_.Below(kErrors.size())]
                               : kKills[random_.Below(kKills.size())];
  one.for_good = options_.errors && random_.Below(2) == 0;
  return one;
}

Status CallSweep::RunEach(const std::function<void(std::uint64_t run)>& progress) {
  std::vector<Case> kinds = {{.action = ShimAction::kKill}, {.action = ShimAction::kKillHalf}};
  if (options_.errors) {
    kinds.clear();
    for (ShimAction action : {ShimAction::kEio, ShimAction::kEnospc, ShimAction::kShort}) {
      kinds.push_back({.action = action});
      kinds.push_back({.action = action, .for_good = true});
    }
  }
  std::uint64_t to_skip = options_.skipped;
  for (Case one : kinds) {
    for (one.at = 1; one.at <= counts_.calls; ++one.at) {
      if (to_skip > 0) {
        --to_skip;
        continue;
      }
      RETURN_IF_ERROR(RunCase(one));
      if (!books_.findings.clean()) return Ok();
      progress(counts_.runs);
    }
  }
  return Ok();
}

Status CallSweep::Run(const std::function<void(std::uint64_t run)>& progress) {
  RETURN_IF_ERROR(MapState());
  RETURN_IF_ERROR(RunUndisturbed());
  if (options_.runs == 0) return RunEach(progress);
  for (std::uint64_t i = 0; i < options_.runs && books_.findings.clean(); ++i) {
    RETURN_IF_ERROR(RunCase(DrawCase()));
    progress(counts_.runs);
  }
  return Ok();
}

}  // namespace logboom::torture
