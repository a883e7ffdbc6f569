// What one thread sets to end the wait of another: an eventfd. Internal to this room.
#pragma once

#include <chrono>
#include <span>

namespace logboom::transport {

// Stays set until it is cleared. Set() from any thread.
class WakeEvent {
 public:
  WakeEvent();
  ~WakeEvent();
  WakeEvent(const WakeEvent&) = delete;
  WakeEvent& operator=(const WakeEvent&) = delete;

  void Set() const;
  void Clear() const;
  int descriptor() const { return descriptor_; }

  // Until it is set, one of `descriptors` is readable, or `timeout` is over; clears it.
  void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors) const;

 private:
  int descriptor_;
};

// What poll(2) takes: never negative (that would mean for ever), never too large.
int PollTimeoutMs(std::chrono::milliseconds timeout);

}  // namespace logboom::transport
