// How long to wait before trying again: doubling from `first` to `last`.
#pragma once

#include <algorithm>
#include <chrono>

#include "lib/base/types.h"

namespace logboom::agent {

class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds first) : first_(first) {}

  void Failed(MonotonicMs now, std::chrono::milliseconds last) {
    wait_ = wait_.count() == 0 ? first_ : std::min(wait_ * 2, last);
    until_ = now + wait_.count();
  }
  void Succeeded() { *this = Backoff(first_); }
  bool Waits(MonotonicMs now) const { return wait_.count() > 0 && now < until_; }
  MonotonicMs until() const { return until_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds wait_{0};
  MonotonicMs until_;
};

}  // namespace logboom::agent
