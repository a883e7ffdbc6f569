// A client's transport that notes for how long the client would have waited.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/transport/transport.h"

namespace logboom::client {

using Waits = std::vector<std::chrono::milliseconds>;

// `waits` outlives it. Nobody waits: time passes by hand.
class NotedTransport final : public transport::ClientTransport {
 public:
  NotedTransport(std::unique_ptr<transport::ClientTransport> inner, Waits& waits)
      : inner_(std::move(inner)), waits_(waits) {}

  transport::SendOutcome Send(transport::Message message) override {
    return inner_->Send(std::move(message));
  }
  std::optional<transport::Message> Receive() override { return inner_->Receive(); }
  void Reconnect() override { inner_->Reconnect(); }
  void Wait(std::chrono::milliseconds timeout, std::span<const int> /*descriptors*/) override {
    waits_.push_back(timeout);
  }
  void WakeUp() override { inner_->WakeUp(); }
  std::string address() const override { return inner_->address(); }

 private:
  std::unique_ptr<transport::ClientTransport> inner_;
  Waits& waits_;
};

}  // namespace logboom::client
