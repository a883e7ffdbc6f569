// The whole agent but for its threads, clocks and sockets: files go in through the FileSystem and
// the watch, lines go out through the link, time is an argument. A daemon and a simulator drive it
// alike:
//
//   Agent agent(...); AgentLink link(transport, hello, agent, random); agent.Attach(link);
//   agent.Begin(now);
//   for (;;) { link.Poll(now); bool more = agent.Step(now); print(agent.TakeNotices());
//              if (!more) link.Wait(agent.UntilDue(now), agent.Descriptors(now)); }
//
// What survives a crash is in the broker; the checkpoint only spares work.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/batch_assembler.h"
#include "agent/checkpoint.h"
#include "agent/counters.h"
#include "agent/file_turn.h"
#include "agent/handover.h"
#include "agent/notices.h"
#include "agent/options.h"
#include "agent/stream_tail.h"
#include "agent/topic_tail.h"
#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/client/agent_link.h"
#include "lib/file/directory_watch.h"
#include "lib/file/file_system.h"

namespace logboom::agent {

// What an agent stands on. All of it must outlive the agent.
struct AgentSeams {
  file::FileSystem& fs;
  file::DirectoryWatch* watch = nullptr;  // none: directories are polled
  Checkpoint& checkpoint;
  Random& random;
  StreamFactory open_stream = {};  // none: inputs are files
  // Of this process, for the report.
  std::function<std::uint64_t()> memory_bytes = [] { return std::uint64_t{0}; };
  // Gives back what the process has freed.
  std::function<void()> return_memory = [] {};
  // Of this process since it began.
  std::function<std::chrono::microseconds()> cpu_time = [] { return std::chrono::microseconds(0); };
};

struct AgentTotals {
  std::uint64_t files = 0;
  std::uint64_t open_files = 0;
  std::uint64_t backlog_bytes = 0;
  std::uint64_t errors = 0;
  // Of this machine, from the broker's; nothing where it is not known.
  std::optional<std::chrono::milliseconds> clock_skew;
  Counters counters;
};

// One owner, one thread. Must outlive its link's sessions.
class Agent final : public client::AgentLinkEvents {
 public:
  // kInvalid for options that can't be: patterns, topics, inputs that say the same twice. Other
  // errors are of streams that can't be opened.
  // `before`: what the agent before it in this process left, of which streams are taken, all or
  // none; null: there was none.
  static Result<std::unique_ptr<Agent>> Make(AgentOptions options, const AgentSeams& seams,
                                             Handover* before = nullptr);

  // Whether Make() would say kInvalid.
  static Status Check(const AgentOptions& options);

  // Topics in the order of AgentHello::topics.
  std::vector<std::string> topics() const;
  // Where inputs listen.
  std::vector<std::string> addresses() const;
  // The rest of what the agent before it left. Before Begin().
  void TakeOver(Handover& handover);
  // Once, before the first Step.
  void Attach(client::AgentLink& link) { link_ = &link; }
  void Begin(Instant now);

  // All that is due, and a few batches; whether there is more to do at once. Call link.Poll()
  // before it.
  bool Step(Instant now);
  std::chrono::milliseconds UntilDue(Instant now) const;
  // What to wait for beside the link; none for a moment after a change, so that a file that is
  // written to all the time costs a look now and then.
  std::span<const int> Descriptors(Instant now) const;

  // No more reading. What is under way, and what streams hold in memory, may be waited for:
  // drained().
  void Stop(Instant now);
  // The same where another agent of this process goes on: it is handed what streams hold.
  void Pause(Instant now);
  bool drained() const;
  // The end: reports for the last time, and frees the agent's id. True when that is done, or where
  // nobody listens; else call it again after link.Poll(). No Step() any more.
  bool Leave(Instant now);
  // After Leave(): what the next agent of this process takes over. This one is of no use any more.
  Handover HandOver();
  // Writes what has changed to the checkpoint.
  void SaveCheckpoint(Instant now);

  // Of `once`: all that was there is acked. Else: all inputs have come to an end, as standard input
  // does, and what they gave is acked.
  bool done() const;
  // Inputs of `once` that could not be read, with why.
  std::vector<std::string> Missing() const;
  bool fenced() const { return fenced_; }

  AgentTotals Totals() const;
  std::vector<client::FileReport> FileReports() const;
  std::vector<Notice> TakeNotices() { return notices_.Take(); }

  // client::AgentLinkEvents
  void SessionStarted(const client::AgentSession& session) override;
  void SessionLost(const Error& why) override;
  void Fenced(const Error& why) override;
  void AgentIdInUse(const Error& why) override;

 private:
  Agent(AgentOptions options, const AgentSeams& seams);
  Status AddTopics();
  Status AddStreams(Handover* before);
  void DropEndedStreams();
  void TellLost();
  void LoadCheckpoint();
  void TakeChanges(MonotonicMs now);
  void Ship(Instant now);
  void LookAtMemory(MonotonicMs now);
  void Rest(MonotonicMs now);
  bool AnyUnderWay() const;
  std::size_t CreditMax() const;
  void WantCredit();
  void Report(Instant now);
  void SendReport(Instant now);
  void TellClockSkew();
  void SayHelloAgain(MonotonicMs now);
  bool TakeIdentity(const client::AgentSession& session);
  void TellNoBroker(MonotonicMs now);

  AgentOptions options_;
  AgentSeams seams_;
  Notices notices_;
  Counters counters_;
  BatchAssembler assembler_;
  FileTurn turn_;
  ReadingPace pace_;
  std::vector<std::unique_ptr<TopicTail>> topics_;
  std::vector<std::unique_ptr<StreamTail>> streams_;
  client::AgentLink* link_ = nullptr;
  std::size_t next_topic_ = 0;

  bool fenced_ = false;
  Uuid cluster_id_;  // of the last session's broker; nil: none yet
  std::uint32_t restore_count_ = 0;
  bool stopping_ = false;
  bool leaving_ = false;
  bool met_broker_ = false;
  MonotonicMs begun_;
  bool more_ = false;
  bool clock_skewed_ = false;
  bool topic_failed_ = false;
  MonotonicMs hello_again_at_;
  std::size_t wanted_credit_ = 0;
  TimestampMs started_;
  MonotonicMs changes_taken_at_;
  MonotonicMs report_at_;
  MonotonicMs quiet_report_at_;
  std::uint64_t reported_bytes_ = 0;
  std::size_t reported_files_ = 0;
  MonotonicMs checkpoint_at_;
  MonotonicMs memory_look_at_;
  std::uint64_t batches_seen_ = 0;
  std::optional<MonotonicMs> rest_at_;
  int descriptor_ = -1;
  mutable std::vector<int> descriptors_;  // as last told
};

}  // namespace logboom::agent
