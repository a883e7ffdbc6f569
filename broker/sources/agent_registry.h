// Who every agent is, who holds its id now, and in which partition of each topic its bytes live.
//
// An agent id is held by one session at a time. Of processes on one machine (same boot id) the
// newest takes over and the one before is fenced, for good: should it live on, none of its hellos
// is taken any more. A process on another machine gets the id only
// once the holder has been silent for 30 s: two machines with one id are a mistake of configuration
// or a clone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/engine/log_engine.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"

namespace logboom::broker {

inline constexpr std::int64_t kHolderSilenceMs = 30'000;

struct AgentFile {
  std::string path;
  std::string topic;
  std::int64_t size_bytes = 0;
  SourcePosition read;
  SourcePosition acked;
  TimestampMs last_line{-1};
  std::string state;
};

// What an agent last said of itself.
struct AgentReport {
  std::string program_version;
  TimestampMs started;
  TimestampMs time;      // of the agent's clock
  TimestampMs received;  // of ours
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_acked = 0;
  std::uint64_t records_acked = 0;
  std::uint64_t errors = 0;
  std::string last_error;
  std::uint64_t memory_bytes = 0;
  std::uint64_t lines_dropped = 0;
  std::vector<AgentFile> files;
};

// Files of one report; the rest is refused, so that no peer fills our memory.
inline constexpr std::size_t kReportFilesMax = 100'000;

// Processes of one id and boot that are remembered as fenced.
inline constexpr std::size_t kSupersededMax = 16;

struct AgentClaim {
  std::string agent_id;
  std::string host;
  std::string boot_id;
  std::string process_id;
  std::string program_version;
  std::map<std::string, std::string> labels;
};

struct Agent {
  AgentClaim claim;                       // of the newest hello
  Uuid session;                           // nil: nobody holds the id
  std::uint64_t epoch = 0;                // rises with every hello
  std::optional<MonotonicMs> last_heard;  // nothing: not since this broker started
  TimestampMs last_seen{-1};
  // Processes of the claim's boot that held the id before; the newest come last.
  std::vector<std::string> superseded;
  std::map<Uuid, PartitionIndex> partitions;  // by topic id
  AgentReport report;
  // Parts of a report that is not complete yet.
  std::uint64_t gathering_id = 0;
  AgentReport gathering;
  bool gathering_refused = false;  // it was too long: what is left of it is not taken
};

// One owner, one thread.
class AgentRegistry {
 public:
  // Gives the id to `session`: from here on the session before is fenced. kBusy where another
  // machine holds it; the message says which, since when, and what to do. kCancelled for a process
  // that another one of its machine has taken over from: it is to end.
  Result<Agent*> Claim(const AgentClaim& claim, const Uuid& session, Instant now);
  // The session ended. The same machine may claim the id at once; another one only after the
  // silence, since a lost connection says nothing about the agent behind it.
  void Release(const std::string& agent_id, const Uuid& session);
  // The agent has ended: any machine may claim the id at once.
  void Leave(const std::string& agent_id, const Uuid& session);
  void Heard(const std::string& agent_id, const Uuid& session, Instant now);
  bool Holds(const std::string& agent_id, const Uuid& session) const;

  // Adds a part; the report before is replaced once the last part is there. kLimit where it has too
  // many files.
  Status TakeReport(const std::string& agent_id, std::uint64_t report_id, bool last,
                    AgentReport part);

  // The partition with the fewest agents.
  PartitionIndex ChoosePartition(const Topic& topic) const;

  Agent* Find(const std::string& agent_id);
  const std::map<std::string, Agent>& agents() const { return agents_; }
  void ForgetTopic(const Uuid& topic_id);

  // As found in the store.
  void Restore(Agent agent);

 private:
  std::map<std::string, Agent> agents_;
};

// The row of an agent. Key: agent id. Value: version u8 = 2, epoch u64, last seen i64 ms, host,
// count u32 of topics, each topic id and partition i32, boot id, process id, count u8 of processes
// that were taken over from, each its id; strings are u32 length and bytes; big endian. Version 1
// ends behind the topics.
Bytes EncodeAgentRow(const Agent& agent);
Result<Agent> DecodeAgentRow(ByteView key, ByteView value);

}  // namespace logboom::broker
