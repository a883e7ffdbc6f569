#include "bench/load/lane.h"

#include "lib/transport/zmq_transport.h"

namespace logboom::load {
namespace {

constexpr std::chrono::milliseconds kOpenTimeout{10'000};

}  // namespace

std::int64_t MonotonicUs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

Instant Now() {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {TimestampMs{std::chrono::duration_cast<std::chrono::milliseconds>(wall).count()},
          MonotonicMs{MonotonicUs() / 1000}};
}

Result<std::unique_ptr<Lane>> Lane::Open(const std::string& address) {
  ASSIGN_OR_RETURN(std::unique_ptr<transport::ClientTransport> transport,
                   transport::ConnectZmq(address));
  std::unique_ptr<Lane> lane(new Lane);
  lane->session_ = std::make_unique<client::Session>(
      std::move(transport),
      [] {
        protocol::HelloRequest hello;
        hello.set_program("bench");
        return hello;
      },
      *lane, lane->random_);
  const MonotonicMs begin = Now().monotonic;
  while (!lane->session_->live()) {
    RETURN_IF_ERROR(lane->Turn(std::chrono::milliseconds(20)));
    if (Now().monotonic - begin > kOpenTimeout.count()) {
      return logboom::Fail(ErrorCode::kTimeout, "no session with {}", address);
    }
  }
  return lane;
}

Status Lane::Turn(std::chrono::milliseconds wait) {
  session_->Poll(Now());
  if (wait.count() > 0) {
    session_->Wait(wait, {});
    session_->Poll(Now());
  }
  if (failed_) return *failed_;
  return Ok();
}

}  // namespace logboom::load
