// What the window asks of whatever brings it its batches: the network thread, or a test's stand-in.
#pragma once

#include <cstdint>
#include <string>

namespace logboom::gui {

class Feed {
 public:
  virtual ~Feed() = default;
  // Returns the number that the batches of this topic's lines carry; what was followed before is
  // let go.
  virtual std::uint64_t Follow(std::string topic) = 0;
  // Brokers that are down are tried at once.
  virtual void RetryNow() = 0;
};

}  // namespace logboom::gui
