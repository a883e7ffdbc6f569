// The broker's front: takes requests from a transport, checks who may do what, translates between
// the protocol's messages and the engine's types, and answers. Below it nothing knows the wire.
//
// One owner, one thread: Handle() for each message, Tick() after. Nothing waits; requests that must
// wait (produce, hello, long poll) are answered from a later Tick(). Errors go to the client that
// asked; a peer that breaks the rules of the protocol loses its session.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "broker/engine/log_engine.h"
#include "broker/groups/groups.h"
#include "broker/security/authorise.h"
#include "broker/server/call.h"
#include "broker/server/credit_pool.h"
#include "broker/server/eviction_book.h"
#include "broker/server/group_handlers.h"
#include "broker/server/session.h"
#include "broker/server/snapshot_handler.h"
#include "broker/sources/sources.h"
#include "lib/base/random.h"
#include "lib/base/types.h"
#include "lib/protocol/messages.pb.h"
#include "lib/record/batch_view.h"
#include "lib/transport/transport.h"

namespace logboom::broker {

struct ServerOptions {
  std::string broker_name;
  std::string program_version;
  bool auto_create_topics = true;
  std::uint32_t restore_count = 0;  // told to everybody who says hello
  CreditLimits credit;
  SnapshotLimits snapshots;
};

// A lasting state that an operator should know, for the status page.
struct Condition {
  std::string name;
  std::string message;
  TimestampMs since;
};

// What the status page tells and the server does not know itself.
struct BrokerFacts {
  std::string data_directory;
  std::string sync_method;
  std::int64_t disk_total_bytes = 0;
  std::int64_t disk_available_bytes = 0;
  std::int64_t log_bytes = 0;
  std::int64_t disk_budget_bytes = 0;
  std::int64_t sync_p99_us = 0;
  std::uint64_t memory_bytes = 0;
  std::vector<Condition> conditions;
};

// UNSUPPORTED, with the versions of that API where there is such an API.
protocol::Error Unsupported(protocol::Request::BodyCase body, std::string_view message);

class Server final : private Answers {
 public:
  Server(LogEngine& engine, Sources& sources, Groups& groups, transport::ServerTransport& transport,
         Random& random, ServerOptions options, std::function<BrokerFacts()> facts, Instant now);
  ~Server();

  void Handle(transport::Inbound inbound, Instant now);
  void Tick(Instant now);
  // How long the loop may wait for the next message.
  std::chrono::milliseconds NextTimeout(Instant now) const;

  // No new requests are taken (SHUTTING_DOWN); what is under way is answered.
  void StartShutdown() { shutting_down_ = true; }
  // Nothing that a client waits for is on its way, but for long polls.
  bool quiet() const { return produces_under_way_ == 0; }

  std::size_t session_count() const { return sessions_.size(); }

 private:
  static constexpr MonotonicMs kNever{std::numeric_limits<std::int64_t>::max()};

  struct WaitingFetch {
    Call call;
    TopicPartition where;
    Offset from;
    std::size_t bytes_max = 0;
    LeaderEpoch leader_epoch;  // that the reader knows; -1: none
    bool with_rows = false;
    MonotonicMs deadline;
  };
  // What happened in a second, for rates.
  struct RateSample {
    MonotonicMs at;
    std::uint64_t bytes = 0;
    std::uint64_t records = 0;
  };

  // server.cpp
  void Dispatch(const Call& call, const protocol::Request& request, transport::Payload payload);
  void SendAnswer(const Call& call, protocol::Response response, Bytes payload) override;
  void AnswerPeer(const transport::Peer& peer, std::uint64_t request_id, protocol::Error error);
  void AnswerPeer(const transport::Peer& peer, std::uint64_t request_id, protocol::ErrorCode code,
                  std::string_view message);
  const Topic* TopicOf(const Call& call, ByteView topic_id, std::int32_t partition,
                       Operation operation);
  void SendTo(Session& session, transport::Message message);
  void Flush(Session& session);
  void EndSession(Uuid id);
  void HandleGoodbye(const Call& call);
  void EndSilentSessions(Instant now);
  void TellRaisedCredit();

  // hello_handler.cpp
  struct HelloTask;
  void HandleHello(const transport::Peer& peer, const protocol::Request& request, Instant now);
  void HelloAgent(const std::shared_ptr<HelloTask>& task);
  void HelloTopic(const std::shared_ptr<HelloTask>& task, std::size_t index);
  void HelloSettle(const std::shared_ptr<HelloTask>& task);
  void HelloAnswer(const std::shared_ptr<HelloTask>& task);
  void EnsureTopic(const std::string& name, const Principal& principal, DoneCallback done);

  // produce_handler.cpp
  void HandleProduce(const Call& call, const protocol::ProduceRequest& request,
                     transport::Payload payload);
  void ProducePlain(const Call& call, const TopicPartition& where, protocol::Acks acks,
                    const record::BatchHeader& header, transport::Payload payload);
  void ProduceSpans(const Call& call, const TopicPartition& where,
                    const protocol::ProduceRequest& request, const record::BatchHeader& header,
                    transport::Payload payload);
  void HandleInitProducerId(const Call& call);
  // False: not to be appended, and answered, or its answer is on the way.
  bool IsNewOfProducer(const Call& call, const TopicPartition& where, protocol::Acks acks,
                       const record::BatchHeader& header, std::size_t payload_bytes);
  // Answers a plain produce once its batch is as safe as `acks` asks for.
  void AnswerProduced(const Call& call, const TopicPartition& where, protocol::Acks acks,
                      protocol::ProduceResponse produced, std::size_t payload_bytes);
  void HandleSourceProgress(const Call& call, const protocol::SourceProgressRequest& request);
  void HandleListSources(const Call& call, const protocol::ListSourcesRequest& request);
  void AnswerOutcome(const Call& call, const SourceOutcome& outcome, protocol::Response response);
  bool HoldsAgent(const Call& call);

  // fetch_handler.cpp
  void HandleFetch(const Call& call, const protocol::FetchRequest& request);
  // False: there is nothing to answer with yet.
  bool TryFetch(const WaitingFetch& fetch);
  void AnswerOutOfRange(const WaitingFetch& fetch, const PartitionState& state,
                        std::string_view message);
  void AnswerFetch(const WaitingFetch& fetch, const PartitionState& state, FetchedBytes fetched);
  void AddRows(const WaitingFetch& fetch, const PartitionState& state, FetchedBytes& fetched,
               protocol::FetchResponse& body);
  void WakeFetches(const TopicPartition& where);
  void EndDueFetches(Instant now);
  void HandleListOffsets(const Call& call, const protocol::ListOffsetsRequest& request);

  // topic_handlers.cpp
  void HandleMetadata(const Call& call, const protocol::MetadataRequest& request);
  // `failed`: why a topic could not be made.
  void AnswerMetadata(const Call& call, const std::vector<std::string>& names,
                      const std::map<std::string, Error>& failed);
  void HandleCreateTopic(const Call& call, const protocol::CreateTopicRequest& request);
  void HandleAlterTopic(const Call& call, const protocol::AlterTopicRequest& request);
  void HandleDeleteTopic(const Call& call, const protocol::DeleteTopicRequest& request);

  // trim_handler.cpp
  void HandleTrimTopic(const Call& call, const protocol::TrimTopicRequest& request);
  Result<Offset> TrimOffset(const TopicPartition& where,
                            const protocol::TrimTopicRequest& request) const;

  // backup_handler.cpp
  void HandleBackup(const Call& call, const protocol::BackupRequest& request);

  // agent_handlers.cpp
  void HandleAgentReport(const Call& call, const protocol::AgentReportRequest& request);
  void HandleListAgents(const Call& call);
  void HandleDescribeAgent(const Call& call, const protocol::DescribeAgentRequest& request);
  void HandleStatus(const Call& call);
  void FillStatus(Instant now, protocol::StatusResponse& out) const;
  void SampleRates(Instant now);
  void NoteEvictions();

  LogEngine& engine_;
  Sources& sources_;
  Groups& groups_;
  transport::ServerTransport& transport_;
  Random& random_;
  ServerOptions options_;
  std::function<BrokerFacts()> facts_;
  TimestampMs started_;
  bool shutting_down_ = false;
  EvictionBook evictions_;
  GroupHandlers group_handlers_;
  SnapshotHandler snapshots_;

  std::unordered_map<Uuid, Session> sessions_;
  std::unordered_map<Bytes, Uuid> session_of_peer_;
  std::unordered_set<Uuid> backlogged_;  // sessions whose queue is not empty
  CreditPool credit_;
  std::uint64_t produces_under_way_ = 0;
  std::unordered_map<TopicPartition, std::vector<WaitingFetch>> waiting_fetches_;
  MonotonicMs next_fetch_deadline_ = kNever;
  // Partitions whose durable end rose since the last Tick.
  std::vector<TopicPartition> risen_;
  record::BatchReader batch_reader_;
  std::vector<RateSample> rates_;
  std::uint64_t requests_ = 0;
  std::uint64_t errors_ = 0;
  MonotonicMs next_silence_check_;
  MonotonicMs next_rate_sample_;
};

}  // namespace logboom::broker
