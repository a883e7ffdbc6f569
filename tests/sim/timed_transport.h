// A client's transport that adds up how long the client would have waited: so the simulator knows
// when to call it again. A client with two of them waits for one after the other.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "lib/transport/transport.h"

namespace logboom::sim {

// `due_ms` outlives it. Its owner sets it to 0 before the client waits.
class TimedTransport final : public transport::ClientTransport {
 public:
  TimedTransport(std::unique_ptr<transport::ClientTransport> inner, std::int64_t& due_ms)
      : inner_(std::move(inner)), due_ms_(due_ms) {}

  transport::SendOutcome Send(transport::Message message) override {
    return inner_->Send(std::move(message));
  }
  std::optional<transport::Message> Receive() override { return inner_->Receive(); }
  void Reconnect() override { inner_->Reconnect(); }
  void Wait(std::chrono::milliseconds timeout, std::span<const int>) override {
    due_ms_ += timeout.count();
  }
  void WakeUp() override { inner_->WakeUp(); }
  std::string address() const override { return inner_->address(); }

 private:
  std::unique_ptr<transport::ClientTransport> inner_;
  std::int64_t& due_ms_;
};

}  // namespace logboom::sim
