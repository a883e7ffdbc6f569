#include "agent/notices.h"

#include <utility>

namespace logboom::agent {
namespace {

// Said again once for each when the set is full: a message too many is better than memory without
// bound.
constexpr std::size_t kSaidMax = 10'000;

}  // namespace

void Notices::Say(Severity severity, std::string text) {
  if (severity == Severity::kError) {
    ++error_count_;
    last_error_ = text;
  }
  waiting_.push_back({severity, std::move(text)});
}

void Notices::SayOnce(const std::string& key, Severity severity, std::string text) {
  if (said_.size() >= kSaidMax) said_.clear();
  if (said_.insert(key).second) Say(severity, std::move(text));
}

std::vector<Notice> Notices::Take() { return std::exchange(waiting_, {}); }

}  // namespace logboom::agent
