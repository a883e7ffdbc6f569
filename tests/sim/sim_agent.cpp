#include "tests/sim/sim_agent.h"

#include <algorithm>

#include "agent/shaping.h"
#include "lib/base/check.h"
#include "lib/record/span.h"
#include "tests/sim/timed_transport.h"

namespace logboom::sim {

SimAgent::SimAgent(Stage& stage, const std::string& host, const std::vector<std::string>& topics)
    : stage_(stage),
      host_(host),
      topics_(topics),
      programs_(fs_.AnotherProcess()),
      random_(stage.options.seed + record::HashBytes(host)),
      crash_random_(stage.options.seed + record::HashBytes(host) + 1),
      checkpoint_(std::make_unique<agent::MemoryCheckpoint>()) {
  for (const std::string& topic : topics_) {
    CHECK(file::CreateDurableDirectories(*programs_, "/log/" + topic).ok());
  }
}

namespace {

// What LeavesOut() says of a line, as a pattern.
std::shared_ptr<const agent::Shaping> LeavingOut() {
  auto shaping = std::make_shared<agent::Shaping>();
  auto pattern = parse::Pattern::Make("^[^ ]+ [0-9]{6}[0-9]*[37] ");
  CHECK(pattern.ok());
  shaping->drop.push_back(*std::move(pattern));
  return shaping;
}

}  // namespace

SimAgent::~SimAgent() { Kill(); }

agent::AgentOptions SimAgent::Options() const {
  agent::AgentOptions options;
  options.agent_id = host_;
  options.host = host_;
  for (const std::string& topic : topics_) {
    const std::string log = "/log/" + topic + "/*.log";
    const std::string archived = "/log/" + topic + "/archive/*.log.*";
    options.inputs.push_back(
        {.name = topic, .include = {log, log + ".*", archived}, .exclude = {}, .topic = topic});
    if (stage_.options.agent_folds) options.inputs.back().multiline = agent::FoldKind::kIndented;
    if (stage_.options.agent_leaves_out) options.inputs.back().shaping = LeavingOut();
  }
  options.codec = stage_.options.codec;
  options.linger = std::chrono::milliseconds(stage_.options.linger_ms);
  options.max_line_bytes = stage_.options.max_line_bytes;
  if (const std::size_t open_max = stage_.options.agent_open_files_max; open_max > 0) {
    options.open_files_max = open_max * topics_.size();
  }
  return options;
}

std::unique_ptr<SimAgent::Process> SimAgent::MakeProcess(agent::Handover* before) {
  auto process = std::make_unique<Process>();
  process->checkpoint = checkpoint_.get();
  auto made = agent::Agent::Make(
      Options(),
      {.fs = fs_,
       .watch = stage_.options.directories_watched ? process->watch.get() : nullptr,
       .checkpoint = *checkpoint_,
       .random = random_},
      before);
  CHECK(made.ok());
  process->agent = *std::move(made);
  if (before != nullptr) process->agent->TakeOver(*before);
  client::AgentHello hello;
  hello.agent_id = host_;
  hello.host = host_;
  hello.boot_id = fmt::format("boot-{}", boots_);
  if (before == nullptr) ++processes_;
  hello.process_id = fmt::format("process-{}", processes_);
  hello.topics = process->agent->topics();
  process->link = std::make_unique<client::AgentLink>(
      std::make_unique<TimedTransport>(stage_.network.MakeClient(kBrokerAddress),
                                       process->link_due_ms),
      hello, *process->agent, random_);
  process->agent->Attach(*process->link);
  process->agent->Begin(now());
  return process;
}

void SimAgent::Start() {
  stage_.trace.Event(stage_.clocks.monotonic(), "{} starts", host_);
  fs_.SetTime(now().wall.value() * 1'000'000);
  process_ = MakeProcess(nullptr);
}

void SimAgent::StepProcess(Process& process) {
  process.link->Poll(now());
  const bool more = process.agent->Step(now());
  for (const agent::Notice& notice : process.agent->TakeNotices()) {
    stage_.trace.Event(stage_.clocks.monotonic(), "{}{}: {}", host_,
                       &process == fenced_.get() ? ", the older" : "", notice.text);
  }
  process.link_due_ms = 0;
  if (!more) process.link->Wait(process.agent->UntilDue(now()), {});
}

bool SimAgent::Ended(const Process& process) const {
  if (process.agent->fenced()) return true;
  return process.stopping &&
         (process.agent->drained() || stage_.clocks.monotonic() >= process.stop_by);
}

void SimAgent::Step() {
  fs_.SetTime(now().wall.value() * 1'000'000);
  if (fenced_) {
    StepProcess(*fenced_);
    if (Ended(*fenced_) || !fenced_->link->connected()) fenced_.reset();
  }
  if (!up()) return;
  StepProcess(*process_);
  if (!Ended(*process_)) return;
  stage_.trace.Event(stage_.clocks.monotonic(), "{} ends{}", host_,
                     process_->agent->fenced() ? ": fenced" : "");
  if (process_->stopping) process_->agent->SaveCheckpoint(now());
  if (process_->reloading && !process_->agent->fenced()) return Reload();
  process_.reset();
}

void SimAgent::Reload() {
  process_->agent->Leave(now());
  agent::Handover handover = process_->agent->HandOver();
  process_.reset();
  process_ = MakeProcess(&handover);
}

std::int64_t SimAgent::UntilDueMs() const {
  std::int64_t due_ms = 3'600'000;
  if (up()) due_ms = process_->link_due_ms;
  if (fenced_) due_ms = std::min(due_ms, fenced_->link_due_ms);
  return due_ms;
}

void SimAgent::Tell(file::ChangeKind kind, const std::string& path) {
  if (!up()) return;
  const std::size_t slash = path.rfind('/');
  process_->watch->Notify(
      {.kind = kind, .directory = path.substr(0, slash), .name = path.substr(slash + 1)});
  process_->link_due_ms = 0;
}

bool SimAgent::AllAcked() const {
  if (!up() || !process_->link->connected()) return false;
  const auto files = process_->agent->FileReports();
  return std::all_of(files.begin(), files.end(), [](const client::FileReport& file) {
    return file.acked.value() == file.size_bytes;
  });
}

bool SimAgent::KnowsSize(const std::string& path, std::int64_t size_bytes) const {
  if (!up()) return false;
  const auto rows = process_->checkpoint->LoadSources();
  return std::any_of(rows->begin(), rows->end(), [&](const agent::CheckpointRow& row) {
    return row.path == path && row.size_seen == size_bytes && !row.final;
  });
}

std::string SimAgent::Describe() const {
  if (!up()) return host_ + " is down\n";
  std::string text = fmt::format("{} is {}connected, {} bytes of backlog\n", host_,
                                 process_->link->connected() ? "" : "not ",
                                 process_->agent->Totals().backlog_bytes);
  for (const client::FileReport& file : process_->agent->FileReports()) {
    text += fmt::format("  {} size {} read {} acked {} {}\n", file.path, file.size_bytes, file.read,
                        file.acked, file.state);
  }
  return text;
}

void SimAgent::Kill() {
  fs_.KillProcess();
  fenced_.reset();
  process_.reset();
}

// The checkpoint's database is consistent after a power loss, and may be older.
void SimAgent::PowerLoss() {
  CHECK(programs_->SyncFileSystem("/").ok());
  fs_.Crash(crash_random_);
  fenced_.reset();
  process_.reset();
  ++boots_;
  if (crash_random_.Below(2) == 0) {
    *checkpoint_ = older_checkpoint_;
    ++losses_of_knowledge_;
  }
  older_checkpoint_ = *checkpoint_;
}

void SimAgent::StartShutdown() {
  process_->stopping = true;
  process_->stop_by = stage_.clocks.monotonic() + agent::kStopWait.count();
  process_->agent->Stop(now());
}

void SimAgent::StartReload() {
  process_->stopping = true;
  process_->reloading = true;
  process_->stop_by = stage_.clocks.monotonic() + agent::kStopWait.count();
  process_->agent->Pause(now());
}

void SimAgent::LoseState() {
  checkpoint_ = std::make_unique<agent::MemoryCheckpoint>();
  older_checkpoint_ = agent::MemoryCheckpoint();
  ++losses_of_knowledge_;
}

void SimAgent::JumpClock(std::int64_t ms) {
  skew_ms_ += ms;
  fs_.SetTime(now().wall.value() * 1'000'000);
}

void SimAgent::StartTwin() {
  fenced_ = std::move(process_);
  fenced_->own_checkpoint = std::move(checkpoint_);
  LoseState();
  Start();
}

}  // namespace logboom::sim
