#include "lib/transport/wake_event.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "lib/base/check.h"

namespace logboom::transport {

namespace {

constexpr std::chrono::milliseconds kPollMax = std::chrono::hours{1};

}  // namespace

WakeEvent::WakeEvent() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(descriptor_ >= 0);
}

WakeEvent::~WakeEvent() { close(descriptor_); }

void WakeEvent::Set() const {
  const std::uint64_t one = 1;
  // Fails only where the counter is full: then it is set.
  [[maybe_unused]] const auto written = write(descriptor_, &one, sizeof(one));
}

void WakeEvent::Clear() const {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(descriptor_, &count, sizeof(count));
}

void WakeEvent::Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors) const {
  std::vector<pollfd> polled;
  polled.reserve(descriptors.size() + 1);
  polled.push_back({.fd = descriptor_, .events = POLLIN, .revents = 0});
  for (const int descriptor : descriptors) {
    polled.push_back({.fd = descriptor, .events = POLLIN, .revents = 0});
  }
  poll(polled.data(), polled.size(), PollTimeoutMs(timeout));
  Clear();
}

int PollTimeoutMs(std::chrono::milliseconds timeout) {
  return static_cast<int>(std::clamp(timeout, std::chrono::milliseconds{0}, kPollMax).count());
}

}  // namespace logboom::transport
