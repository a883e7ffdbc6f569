// A broker of a few lines, driven by the test: it answers hellos and keep-alives and gives producer
// ids by itself, unless told otherwise, and hands the test everything else.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/protocol/protocol.h"
#include "lib/transport/inproc_transport.h"

namespace logboom::client {

inline constexpr const char* kBrokerAddress = "broker";

struct Asked {
  transport::Peer peer;
  protocol::Request request;
  transport::Payload payload;
};

class FakeBroker {
 public:
  explicit FakeBroker(transport::InprocNetwork& network)
      : FakeBroker(network.MakeServer(kBrokerAddress)) {}
  explicit FakeBroker(std::unique_ptr<transport::ServerTransport> transport)
      : transport_(std::move(transport)) {}

  bool answers_hello = true;
  bool answers_keep_alive = true;
  bool answers_producer_id = true;
  std::int64_t next_producer_id = 500;
  std::uint64_t credit_bytes = 1U << 20U;  // granted by each hello
  std::optional<protocol::Error> refusal;  // of hellos
  protocol::HelloResponse hello;           // what it says of itself; the session is filled in

  std::deque<Asked> hellos;
  std::deque<Asked> keep_alives;
  // All the rest; or on_asked is called with it, where there is one.
  std::deque<Asked> asked;
  std::function<void(const Asked&)> on_asked;

  // Takes what has come.
  void Step() {
    while (auto inbound = transport_->Receive()) Take(*std::move(inbound));
  }

  std::string address() const { return transport_->address(); }

  // The oldest request that the test has not yet taken; it must be there and of that kind.
  Asked Take(protocol::Request::BodyCase kind) {
    Step();
    if (asked.empty()) {
      ADD_FAILURE() << "no request has come";
      return {};
    }
    Asked next = std::move(asked.front());
    asked.pop_front();
    EXPECT_EQ(next.request.body_case(), kind);
    return next;
  }

  void Answer(const Asked& to, protocol::Response response, transport::Payload payload = {}) {
    response.set_request_id(to.request.request_id());
    Send(to.peer, response, std::move(payload));
  }
  void Refuse(const Asked& to, protocol::ErrorCode code, const std::string& message = "no") {
    protocol::Response response;
    *response.mutable_error() = protocol::MakeError(code, message);
    Answer(to, response);
  }
  void Send(const transport::Peer& peer, const protocol::Response& response,
            transport::Payload payload = {}) {
    transport_->Send(peer, {.envelope = protocol::Encode(response), .payload = std::move(payload)});
  }
  void AcceptHello(const Asked& to) {
    protocol::Response response;
    *response.mutable_hello() = hello;
    response.mutable_hello()->set_session(fmt::format("session-{:08}", ++last_session_));
    response.set_credit_granted_bytes(credit_bytes);
    Answer(to, response);
  }

  std::string session() const { return fmt::format("session-{:08}", last_session_); }

 private:
  void Take(transport::Inbound inbound) {
    Asked request{.peer = inbound.peer, .request = {}, .payload = inbound.message.payload};
    ASSERT_TRUE(protocol::ParseRequest(inbound.message.envelope, request.request));
    if (request.request.has_hello()) return TakeHello(std::move(request));
    if (request.request.has_keep_alive()) return TakeKeepAlive(std::move(request));
    if (request.request.has_init_producer_id() && answers_producer_id) return GiveId(request);
    if (on_asked) return on_asked(request);
    asked.push_back(std::move(request));
  }
  void TakeHello(Asked request) {
    if (refusal) {
      protocol::Response response;
      *response.mutable_error() = *refusal;
      Answer(request, response);
    } else if (answers_hello) {
      AcceptHello(request);
    }
    hellos.push_back(std::move(request));
  }
  void TakeKeepAlive(Asked request) {
    if (answers_keep_alive) {
      protocol::Response response;
      response.mutable_keep_alive();
      Answer(request, response);
    }
    keep_alives.push_back(std::move(request));
  }

  void GiveId(const Asked& request) {
    protocol::Response response;
    response.mutable_init_producer_id()->set_producer_id(next_producer_id++);
    Answer(request, response);
  }

  std::unique_ptr<transport::ServerTransport> transport_;
  int last_session_ = 0;
};

// Time that a test moves by hand.
struct FakeTime {
  Instant now{.wall = TimestampMs(1'700'000'000'000), .monotonic = MonotonicMs(1'000)};
  void Pass(std::int64_t ms) {
    now.wall += ms;
    now.monotonic += ms;
  }
};

inline Uuid IdOf(char fill) { return *Uuid::FromBytes(std::string(Uuid::kSize, fill)); }
inline std::string IdBytes(char fill) { return std::string(Uuid::kSize, fill); }

}  // namespace logboom::client
