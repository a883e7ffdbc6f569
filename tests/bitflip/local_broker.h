// A broker on a directory of the operating system, and one client of it, on one thread: the real
// storage, the real database, and time that is moved by hand.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "broker/broker.h"
#include "lib/file/posix_file_system.h"
#include "lib/protocol/protocol.h"
#include "lib/transport/inproc_transport.h"

namespace logboom::bitflip {

struct Reply {
  protocol::Response response;
  Bytes payload;

  bool ok() const { return !response.has_error(); }
};

enum class Compaction { kRests, kRuns };

// One owner, one thread. Destroyed without Stop() it has died as by kill -9.
class LocalBroker {
 public:
  static Result<std::unique_ptr<LocalBroker>> Start(const std::string& directory, TimestampMs now,
                                                    Compaction compaction);

  // Sends, and turns until the answer is there. Says hello where that is due, as `agent_id` where
  // it is not empty. A broker that does not answer gives STORAGE_FAILED.
  Reply Ask(protocol::Request request, Bytes payload = {});
  void SayHelloAs(const std::string& agent_id, const std::string& topic);
  void Pass(std::int64_t ms);
  TimestampMs now() const { return TimestampMs(wall_ms_); }
  // What a hello as agent has told.
  const protocol::AgentTopic& agent_topic() const { return agent_topic_; }

  // Orderly, with the copy of the database renewed.
  Status Stop();
  const broker::Broker& broker() const { return *broker_; }

 private:
  explicit LocalBroker(TimestampMs now) : wall_ms_(now.value()) {}
  Instant Now() const;
  void Turn(std::int64_t ms);
  void Hello();
  std::optional<Reply> Await(std::uint64_t id);
  Reply AskOnce(protocol::Request request, const Bytes& payload);

  file::PosixFileSystem fs_;
  SeededRandom random_{11};
  std::int64_t wall_ms_;
  std::int64_t monotonic_ms_ = 1'000;
  transport::InprocNetwork network_{transport::InprocWait::kReturnsAtOnce};
  std::unique_ptr<transport::ServerTransport> server_;
  std::unique_ptr<transport::ClientTransport> client_;
  std::unique_ptr<broker::MetadataStore> store_;
  std::unique_ptr<broker::Broker> broker_;
  Bytes session_;
  std::string agent_id_;
  std::string agent_topic_name_;
  protocol::AgentTopic agent_topic_;
  std::uint64_t last_id_ = 0;
};

}  // namespace logboom::bitflip
