// Telling the world that the daemon serves, and that it is about to end.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace logboom::daemon {

// Prints one line on stderr, whatever the log level: `logboom-broker: ready tcp://127.0.0.1:19550
// http://127.0.0.1:19561/metrics`, and tells systemd READY=1. Call it once, when every address
// answers; addresses carry the port that was picked.
void Ready(std::string_view program, std::span<const std::string> addresses);

// Tells systemd STOPPING=1: the end has begun, and may take a while.
void Stopping();

// One datagram to $NOTIFY_SOCKET, as sd_notify(3): "READY=1". Fine without doing anything where
// systemd did not start us; kIo where it can't be sent.
Status NotifySystemd(std::string_view state);

}  // namespace logboom::daemon
