#include "cli/connection_watch.h"

namespace logboom::cli {

void ConnectionWatch::Watch(Context& context, bool connected, const std::optional<Error>& why,
                            MonotonicMs now) {
  if (connected) {
    if (complained_) context.environment.complain(fmt::format("{} is back", address_));
    complained_ = false;
    silent_since_.reset();
    return;
  }
  if (!silent_since_) silent_since_ = now;
  if (complained_ || now - *silent_since_ < context.flags.timeout.count()) return;
  complained_ = true;
  context.environment.complain(fmt::format("{} does not answer{}{}; trying again", address_,
                                           why ? ": " : "", why ? why->message : ""));
}

}  // namespace logboom::cli
