// What an agent says to its broker, in values: no protobuf behind this line. Driven from one thread
// by Poll(); nothing here waits, sleeps, or reads a clock.
//
// A session ends whenever the connection does or the broker says so. Then every produce and
// progress under way is forgotten, without a callback; after the next hello SessionStarted is
// called, and the agent reads on from the durable positions that it looks up.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/client/rows.h"
#include "lib/record/span.h"
#include "lib/transport/transport.h"

namespace logboom::client {

struct AgentHello {
  std::string agent_id;
  std::string host;
  std::string boot_id;
  std::string process_id;
  std::vector<std::string> topics;
  std::map<std::string, std::string> labels;
  std::string program_version;
};

// Where all of the agent's bytes for a topic go.
struct AgentTopic {
  std::string name;
  Uuid topic_id;
  PartitionIndex partition;
  std::uint64_t log_tag = 0;
  std::optional<Error> error;  // this topic can't be had; the others can
};

struct AgentSession {
  std::string broker_name;
  Uuid cluster_id;
  std::uint32_t restore_count = 0;  // another one: the broker came back from a backup
  std::uint64_t agent_epoch = 0;
  std::size_t batch_bytes_max = 0;
  std::vector<AgentTopic> topics;  // in the order of AgentHello::topics
};

struct SpanEnd {
  SourcePosition end;
  std::uint64_t window = 0;
};

// A source as the broker knows it.
struct KnownSource {
  Uuid source_id;
  bool final = false;
  record::SourceIdentity identity;  // agent_id is this agent's
  SourcePosition durable;
  std::uint64_t window = 0;     // of the bytes before `durable`
  std::vector<SpanEnd> recent;  // newest last
};

struct SourcePositions {
  Uuid source_id;
  SourcePosition appended;  // -1: the broker does not know the source
  SourcePosition durable;
};

struct ProduceSpan {
  record::SourceSpan span;
  // In the first span of a source.
  std::optional<record::SourceIdentity> identity;
};

struct ProduceOutcome {
  enum class Kind {
    kDurable,   // all spans are durable now (appended, or duplicates)
    kConflict,  // nothing was appended; `positions` has every source of the request: cut anew from
                // there
    kRefused,   // nothing was appended, and the same request will fail again (or is not worth
                // retrying before a while: `error` says so)
  };
  Kind kind = Kind::kDurable;
  std::vector<SourcePositions> positions;
  std::optional<Error> error;
  bool retriable = false;  // of kRefused: NO_SPACE, BUSY
};

struct FileReport {
  std::string path;
  std::string topic;
  std::int64_t size_bytes = 0;
  SourcePosition read;
  SourcePosition acked;
  TimestampMs last_line{-1};
  std::string state;  // reading, idle, rotated, copy, waiting, unreadable, binary
};

struct AgentReport {
  TimestampMs started;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_acked = 0;
  std::uint64_t records_acked = 0;
  std::uint64_t errors = 0;
  std::string last_error;
  std::uint64_t memory_bytes = 0;
  std::uint64_t lines_dropped = 0;  // left out, as inputs are told to
  std::vector<FileReport> files;
};

// What is told to the agent; called from inside Poll().
class AgentLinkEvents {
 public:
  virtual ~AgentLinkEvents() = default;
  virtual void SessionStarted(const AgentSession& session) = 0;
  // Everything under way is forgotten. `why` is for the log.
  virtual void SessionLost(const Error& why) = 0;
  // Another process of this machine holds the agent id now: end with exit code 3.
  virtual void Fenced(const Error& why) = 0;
  // Another machine holds the agent id; hello is said again every 5 s by itself.
  virtual void AgentIdInUse(const Error& why) = 0;
};

class AgentLink {
 public:
  // `random` jitters the reconnects (full jitter, 0.1 s to 30 s), and must outlive the link.
  AgentLink(std::unique_ptr<transport::ClientTransport> transport, AgentHello hello,
            AgentLinkEvents& events, Random& random);
  ~AgentLink();

  // Receives, answers, times out, says hello: all that is due at `now`. Call it often, and after
  // Wait().
  void Poll(Instant now);
  // Until something may have come, a descriptor is readable, or `timeout` is over.
  void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors);

  bool connected() const;  // a session is live
  // Why there is none; nothing where there is one, or where nothing was tried yet.
  std::optional<Error> last_error() const;
  // This machine's wall clock less the broker's, as the last report's answer told; nothing before
  // one did.
  std::optional<std::chrono::milliseconds> clock_skew() const;
  // Payload bytes that may be sent now.
  std::size_t credit_bytes() const;
  // What the agent would like to have under way in sum; carried by the next request, or by a
  // keep-alive where it rises from 0.
  void SetWantedCredit(std::size_t bytes);

  // One batch. False where it was not taken (no session, no credit, queue full): keep it and try
  // again after Poll(). `batch` is shared, not copied.
  bool Produce(const Uuid& topic_id, PartitionIndex partition,
               const std::vector<ProduceSpan>& spans, transport::Payload batch,
               std::function<void(ProduceOutcome)> done);

  // All sources of this agent in a topic, over as many pages as it takes. The error is for the log:
  // the session has ended, or the broker refused.
  void ListSources(const Uuid& topic_id, bool with_final,
                   std::function<void(Result<std::vector<KnownSource>>)> done);

  // At most one row for each source. Answered when all are durable; kConflict as for Produce.
  bool Progress(const Uuid& topic_id, PartitionIndex partition, std::vector<ProgressRow> rows,
                std::function<void(ProduceOutcome)> done);

  // Sent where there is a session; lost otherwise. Split into parts as needed.
  void Report(const AgentReport& report);

  // No more sessions after this one. Ends it in good order, once the reports are sent: the agent's
  // id is then free for another machine at once. True when that is done, or where there is no
  // session; else call it again after Poll().
  bool SayGoodbye();

  // A new list of topics, from the next hello on, which is said at once.
  void SetTopics(std::vector<std::string> topics);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace logboom::client
