// Keeps Logboom from feeding itself: what its own programs write into the journal is read back, and
// sending it may make them write again. One line a second of each is let through, the rest dropped.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace logboom::agent {

// One owner, one thread.
class OwnUnits {
 public:
  // `unit` wrote a line at `time_us`, of the journal's clock: so that the same lines are dropped
  // however late they are read.
  bool MustDrop(std::string_view unit, std::int64_t time_us);
  // Reading goes on elsewhere.
  void Forget() { last_second_.clear(); }

 private:
  std::map<std::string, std::int64_t, std::less<>> last_second_;
};

}  // namespace logboom::agent
