// Tells a reader once that a broker is gone, and once that it is back: it comes back by itself.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cli/environment.h"
#include "lib/base/result.h"
#include "lib/base/types.h"

namespace logboom::cli {

// One owner, one thread.
class ConnectionWatch {
 public:
  explicit ConnectionWatch(std::string address) : address_(std::move(address)) {}

  // Complains after --timeout. `why`: of a connection that is not there.
  void Watch(Context& context, bool connected, const std::optional<Error>& why, MonotonicMs now);
  bool SilentFor(std::chrono::milliseconds silence, MonotonicMs now) const {
    return silent_since_ && now - *silent_since_ >= silence.count();
  }
  const std::string& address() const { return address_; }

 private:
  std::string address_;
  std::optional<MonotonicMs> silent_since_;
  bool complained_ = false;
};

}  // namespace logboom::cli
