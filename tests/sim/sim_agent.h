// A machine whose programs write logs: its disk, which outlives them, and its agent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "lib/client/agent_link.h"
#include "lib/file/directory_watch.h"
#include "lib/file/memory_file_system.h"
#include "tests/sim/stage.h"

namespace logboom::sim {

// One owner, one thread.
class SimAgent {
 public:
  // Its logs are in /log, a directory for each topic.
  SimAgent(Stage& stage, const std::string& host, const std::vector<std::string>& topics);
  ~SimAgent();
  SimAgent(const SimAgent&) = delete;
  SimAgent& operator=(const SimAgent&) = delete;

  void Start();
  void Step();
  std::int64_t UntilDueMs() const;
  bool up() const { return process_ != nullptr; }
  bool stopping() const { return process_ && process_->stopping; }
  const std::string& host() const { return host_; }
  // As another program of the machine sees its disk.
  file::MemoryFileSystem& disk() { return *programs_; }
  // What such a program did to a name, for the agent's watch.
  void Tell(file::ChangeKind kind, const std::string& path);
  // Every file is acked to its end.
  bool AllAcked() const;
  // The agent knows that the file at `path` is so large, and has noted it.
  bool KnowsSize(const std::string& path, std::int64_t size_bytes) const;
  std::string Describe() const;
  Instant now() const { return stage_.clocks.At(skew_ms_); }

  // ---- what happens to it
  void Kill();
  // Of the whole machine. Its programs had synced what they wrote.
  void PowerLoss();
  void StartShutdown();
  // As SIGHUP: it stops, and another goes on in its process with what it hands over.
  void StartReload();
  void LoseState();
  // A second process with the same id and a state of its own: it takes the id over. A limit: of two
  // that live on, each takes it back with its next hello; so the first ends when it is fenced, or
  // loses its session.
  void StartTwin();
  void JumpClock(std::int64_t ms);
  // How often what it knew of files was lost, in whole or in part.
  int losses_of_knowledge() const { return losses_of_knowledge_; }

 private:
  struct Process {
    std::unique_ptr<file::ManualWatch> watch = std::make_unique<file::ManualWatch>();
    agent::MemoryCheckpoint* checkpoint = nullptr;
    std::unique_ptr<agent::MemoryCheckpoint> own_checkpoint;  // of one whose state nobody has again
    std::unique_ptr<agent::Agent> agent;
    std::unique_ptr<client::AgentLink> link;
    std::int64_t link_due_ms = 0;
    MonotonicMs stop_by;
    bool stopping = false;
    bool reloading = false;  // once it has stopped

    ~Process() { link.reset(); }
  };

  agent::AgentOptions Options() const;
  // `before`: what the agent before it in its process left, or null.
  std::unique_ptr<Process> MakeProcess(agent::Handover* before);
  void StepProcess(Process& process);
  bool Ended(const Process& process) const;
  void Reload();

  Stage& stage_;
  std::string host_;
  std::vector<std::string> topics_;
  file::MemoryFileSystem fs_;
  std::unique_ptr<file::MemoryFileSystem> programs_;
  SeededRandom random_;
  SeededRandom crash_random_;
  std::int64_t skew_ms_ = 0;
  int boots_ = 1;
  int processes_ = 0;
  int losses_of_knowledge_ = 0;
  std::unique_ptr<agent::MemoryCheckpoint> checkpoint_;
  agent::MemoryCheckpoint older_checkpoint_;  // what a power loss may bring back
  std::unique_ptr<Process> process_;
  std::unique_ptr<Process> fenced_;  // the one before, until it notices
};

}  // namespace logboom::sim
