// The one ZeroMQ context of the process. Internal to this room.
#pragma once

#include <memory>

namespace zmq {
class context_t;
}

namespace logboom::transport {

// Made for the first socket, ended (it waits for its I/O thread) with the last that holds it.
std::shared_ptr<zmq::context_t> SharedZmqContext();

}  // namespace logboom::transport
