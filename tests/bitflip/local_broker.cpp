#include "tests/bitflip/local_broker.h"

#include <utility>
#include <vector>

#include "broker/metadata/sqlite_store.h"

namespace logboom::bitflip {
namespace {

constexpr const char* kAddress = "in process";
constexpr int kTurnsMax = 200;
constexpr std::size_t kCompactedBatchBytes = 30'000;
constexpr std::uint64_t kCreditBytes = std::uint64_t{8} << 20U;

broker::BrokerSeams Seams(file::FileSystem& fs, Random& random, TimestampMs now,
                          std::unique_ptr<broker::MetadataStore>& store) {
  return {fs,
          random,
          [&fs, now, &store](const std::string& directory, std::vector<std::string>& notes)
              -> Result<std::unique_ptr<broker::MetadataStore>> {
            ASSIGN_OR_RETURN(
                broker::OpenedStore opened,
                broker::OpenSqliteStore(fs, directory, directory + "/quarantine", now));
            notes = std::move(opened.report.notes);
            return std::move(opened.store);
          },
          [&store](std::unique_ptr<broker::MetadataStore> opened) {
            store = std::move(opened);
            return broker::MakeInlineMetadataWriter(*store);
          },
          [&fs](const std::string& directory, broker::SyncMethod method) {
            return broker::MakeInlineCommitter(fs, directory, method);
          },
          [] { return broker::MakeInlineBackgroundWorker(); },
          [] { return std::uint64_t{0}; }};
}

}  // namespace

Result<std::unique_ptr<LocalBroker>> LocalBroker::Start(const std::string& directory,
                                                        TimestampMs now, Compaction compaction) {
  std::unique_ptr<LocalBroker> local(new LocalBroker(now));
  broker::BrokerOptions options;
  options.data_directory = directory;
  options.broker_name = "local";
  options.program_version = "test";
  options.sync_method = broker::SyncMethod::kFdatasync;
  options.reserve_bytes = 0;
  // So that a compacted segment holds several batches.
  options.cleaning.limits.batch_raw_bytes = kCompactedBatchBytes;
  if (compaction == Compaction::kRests) options.cleaning.bytes_per_second = 0;
  ASSIGN_OR_RETURN(local->broker_,
                   broker::Broker::Open(std::move(options),
                                        Seams(local->fs_, local->random_, now, local->store_),
                                        local->Now(), nullptr));
  local->server_ = local->network_.MakeServer(kAddress);
  local->client_ = local->network_.MakeClient(kAddress);
  local->broker_->Serve(*local->server_, local->Now());
  return local;
}

Instant LocalBroker::Now() const { return {TimestampMs(wall_ms_), MonotonicMs(monotonic_ms_)}; }

void LocalBroker::Turn(std::int64_t ms) {
  wall_ms_ += ms;
  monotonic_ms_ += ms;
  broker_->Poll(Now());
}

void LocalBroker::Pass(std::int64_t ms) {
  for (std::int64_t step = 0; step < 10; ++step) Turn(ms / 10);
}

std::optional<Reply> LocalBroker::Await(std::uint64_t id) {
  for (int turn = 0; turn < kTurnsMax && !broker_->failure(); ++turn) {
    Turn(1);
    while (auto message = client_->Receive()) {
      Reply reply;
      if (!protocol::ParseResponse(message->envelope, reply.response)) continue;
      if (reply.response.request_id() != id) continue;
      reply.payload = Bytes(message->payload.view());
      return reply;
    }
  }
  return std::nullopt;
}

Reply LocalBroker::AskOnce(protocol::Request request, const Bytes& payload) {
  if (!request.has_hello()) request.set_session(session_);
  request.set_request_id(++last_id_);
  request.set_version(1);
  request.set_want_credit_bytes(kCreditBytes);
  transport::Message message{protocol::Encode(request), {}};
  if (!payload.empty()) message.payload = transport::Payload(Bytes(payload));
  client_->Send(std::move(message));
  if (auto reply = Await(last_id_)) return *std::move(reply);
  Reply none;
  *none.response.mutable_error() = protocol::MakeError(
      protocol::STORAGE_FAILED, broker_->failure() ? broker_->failure()->message : "no answer");
  return none;
}

void LocalBroker::Hello() {
  protocol::Request request;
  protocol::HelloRequest& hello = *request.mutable_hello();
  hello.set_program("test");
  hello.set_program_version("1");
  protocol::AddSupportedApis(*hello.mutable_apis());
  if (!agent_id_.empty()) {
    hello.mutable_agent()->set_agent_id(agent_id_);
    hello.mutable_agent()->set_host("host");
    hello.mutable_agent()->set_boot_id("boot");
    hello.mutable_agent()->set_process_id("process");
    hello.mutable_agent()->add_topics(agent_topic_name_);
  }
  const Reply reply = AskOnce(std::move(request), {});
  session_ = reply.response.hello().session();
  if (reply.response.hello().agent_topics_size() > 0) {
    agent_topic_ = reply.response.hello().agent_topics(0);
  }
  Turn(1);  // credit is granted in the next turn
}

void LocalBroker::SayHelloAs(const std::string& agent_id, const std::string& topic) {
  agent_id_ = agent_id;
  agent_topic_name_ = topic;
  Hello();
}

Reply LocalBroker::Ask(protocol::Request request, Bytes payload) {
  if (session_.empty()) Hello();
  Reply reply = AskOnce(request, payload);
  if (reply.ok() || reply.response.error().code() != protocol::NO_SESSION) return reply;
  Hello();
  return AskOnce(std::move(request), payload);
}

Status LocalBroker::Stop() {
  broker_->StartShutdown();
  for (int turn = 0; turn < kTurnsMax && !broker_->Finished() && !broker_->failure(); ++turn) {
    Turn(1);
  }
  if (!broker_->Finished()) return Fail(ErrorCode::kIo, "the broker does not stop");
  RETURN_IF_ERROR(broker_->Close());
  return store_->RenewCopy();
}

}  // namespace logboom::bitflip
