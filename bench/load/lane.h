// One connection to a broker that sends requests made by hand.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/client/session.h"

namespace logboom::load {

Instant Now();
std::int64_t MonotonicUs();

// One owner, one thread. A session that ends ends the bench: its figures would mean nothing.
class Lane : public client::SessionEvents {
 public:
  // Says hello and waits until the session lives. kTimeout after ten seconds.
  static Result<std::unique_ptr<Lane>> Open(const std::string& address);

  client::Session& session() { return *session_; }
  // Polls, waits up to `wait` for something to come, and polls again. The error that ended the
  // session, if any.
  Status Turn(std::chrono::milliseconds wait);
  void Fail(const Error& why) {
    if (!failed_) failed_ = why;
  }

  void SessionStarted(const protocol::HelloResponse&) override {}
  void SessionLost(const Error& why) override { Fail(why); }
  void HelloRefused(const protocol::Error& why) override { Fail(protocol::FromWire(why)); }
  void SessionFenced(const protocol::Error& why) override { Fail(protocol::FromWire(why)); }

 private:
  Lane() = default;
  SystemRandom random_;
  std::unique_ptr<client::Session> session_;
  std::optional<Error> failed_;
};

}  // namespace logboom::load
