#include "tests/torture/driver/connection.h"

#include <algorithm>
#include <utility>

#include "lib/base/uuid.h"
#include "lib/protocol/api.h"
#include "lib/transport/zmq_transport.h"

namespace logboom::torture {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kWantedCredit = std::uint64_t{16} << 20U;
constexpr int kDrainTurns = 3;
constexpr std::uint64_t kHelloId = 1;

protocol::Request MakeHello(const std::string& agent_id, const std::vector<std::string>& topics,
                            Random& random) {
  protocol::Request request;
  protocol::HelloRequest& hello = *request.mutable_hello();
  hello.set_program("torture");
  protocol::AddSupportedApis(*hello.mutable_apis());
  protocol::AgentHello& agent = *hello.mutable_agent();
  agent.set_agent_id(agent_id);
  agent.set_host("torture");
  agent.set_boot_id("boot");
  agent.set_process_id(Uuid::Make(random).ToString());
  for (const std::string& topic : topics) agent.add_topics(topic);
  return request;
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& address,
                                                     const std::string& agent_id,
                                                     const std::vector<std::string>& topics,
                                                     Random& random) {
  ASSIGN_OR_RETURN(auto transport, transport::ConnectZmq(address));
  std::unique_ptr<Connection> connection(new Connection(std::move(transport)));
  connection->unsent_hello_ = MakeHello(agent_id, topics, random);
  return connection;
}

void Connection::Turn(milliseconds wait) {
  Receive();
  if (unsent_hello_) {
    // It can't even be queued before there is a connection.
    wait = milliseconds{1};
    if (Send(*unsent_hello_, {})) unsent_hello_.reset();
  }
  transport_->Wait(wait, {});
}

void Connection::Drain() {
  for (int i = 0; i < kDrainTurns; ++i) Turn(milliseconds{1});
  Receive();
}

void Connection::Receive() {
  while (auto message = transport_->Receive()) {
    Answer answer;
    if (!protocol::ParseResponse(message->envelope, answer.response)) continue;
    answer.payload = std::move(message->payload);
    Take(std::move(answer));
  }
}

void Connection::Take(Answer answer) {
  granted_bytes_ = std::max(granted_bytes_, answer.response.credit_granted_bytes());
  const std::uint64_t id = answer.response.request_id();
  if (id == kHelloId) {
    if (answer.ok()) {
      hello_ = answer.response.hello();
    } else {
      refused_ = answer.response.error().message();
    }
    return;
  }
  auto found = pending_.extract(id);
  if (!found.empty() && found.mapped()) found.mapped()(answer);
}

bool Connection::Send(protocol::Request request, const transport::Payload& payload) {
  request.set_request_id(last_id_ + 1);
  request.set_version(1);
  request.set_want_credit_bytes(kWantedCredit);
  if (hello_) request.set_session(hello_->session());
  const auto outcome =
      transport_->Send({.envelope = protocol::Encode(request), .payload = payload});
  if (outcome != transport::SendOutcome::kSent) return false;
  ++last_id_;
  sent_bytes_ += payload.size();
  return true;
}

bool Connection::Ask(protocol::Request request, const transport::Payload& payload, Taken taken) {
  if (!live() || sent_bytes_ + payload.size() > std::max(granted_bytes_, sent_bytes_)) return false;
  if (!Send(std::move(request), payload)) return false;
  pending_.emplace(last_id_, std::move(taken));
  return true;
}

bool Connection::WaitFor(const std::function<bool()>& holds, milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!holds()) {
    if (refused_ || std::chrono::steady_clock::now() >= deadline) return false;
    Turn(milliseconds{5});
  }
  return true;
}

Result<Answer> Connection::AskAndWait(const protocol::Request& request, milliseconds timeout) {
  auto taken = std::make_shared<std::optional<Answer>>();
  bool sent = false;
  const bool came = WaitFor(
      [&] {
        sent = sent || Ask(request, {}, [taken](const Answer& answer) { *taken = answer; });
        return taken->has_value();
      },
      timeout);
  if (!came) return Fail(ErrorCode::kTimeout, "no answer in {} ms", timeout.count());
  if (!(*taken)->ok()) return protocol::FromWire((*taken)->response.error());
  return *std::move(*taken);
}

}  // namespace logboom::torture
