// What happened in a run, in order: a hash over all of it, and the last of it as text.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "lib/base/types.h"

namespace logboom::sim {

// One owner, one thread. Two runs with the same hash went the same way.
class Trace {
 public:
  // With LOGBOOM_SIM_TRACE in the environment every event is printed as it happens.
  Trace();

  template <typename... Args>
  void Event(MonotonicMs now, fmt::format_string<Args...> format, Args&&... args) {
    Add(fmt::format("{:>9} ", now.value()) + fmt::format(format, std::forward<Args>(args)...));
  }
  std::uint64_t hash() const { return hash_; }
  // The last events, a line each.
  std::string Tail() const;

 private:
  static constexpr std::size_t kKept = 60;

  void Add(std::string event);

  bool prints_;
  std::uint64_t hash_ = 0;
  std::deque<std::string> last_;
};

}  // namespace logboom::sim
