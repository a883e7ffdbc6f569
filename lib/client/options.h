// What the clients of this room have in common. All of them are driven from one thread by Poll():
// none starts a thread, reads a clock or sleeps. Calls that wait take a Clock.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "lib/base/types.h"

namespace logboom::client {

using Clock = std::function<Instant()>;

// What a client says of itself in its hello.
struct ClientIdentity {
  std::string program = "logboom";
  std::string program_version;
};

}  // namespace logboom::client
