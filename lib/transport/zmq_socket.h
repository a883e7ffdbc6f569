// What server and client sockets have in common: options, frames, waiting. Internal to this room.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/transport/transport.h"
#include "lib/transport/wake_event.h"

namespace zmq {
class error_t;
class message_t;
class socket_t;
}  // namespace zmq

namespace logboom::transport {

// Messages that wait for each peer; 0: any number.
struct Queues {
  int send_messages_max;
  int receive_messages_max;
};

// Limits and timers that both sides set. May throw zmq::error_t.
void SetCommonOptions(zmq::socket_t& socket, const Queues& queues);

// The frames of one whole message; nothing where none waits. Frames above `frames_max` are read and
// dropped, and `frame_count` tells that there were more.
struct Frames {
  std::vector<zmq::message_t> kept;
  std::size_t frame_count = 0;
};
std::optional<Frames> ReceiveFrames(zmq::socket_t& socket, std::size_t frames_max);

// Takes the frames from `first` on as envelope and payload; nothing where they are malformed:
// another count than one or two, an empty envelope, or too large in sum.
std::optional<Message> TakeMessage(Frames& frames, std::size_t first);

// Envelope and payload as the last frames of a message. kFull where the queue is full, kGone where
// ZeroMQ does not know the peer. Payloads of kZeroCopyBytesMin and more are not copied: ZeroMQ's
// thread lets go of their owner once they are sent.
inline constexpr std::size_t kZeroCopyBytesMin = 4'096;
SendOutcome SendFrames(zmq::socket_t& socket, const std::string* peer_key, const Message& message);

// Until a message may be there, `wake` is set (it is cleared), a descriptor is readable, or
// `timeout` is over. `socket` may be null.
void WaitForInput(zmq::socket_t* socket, const WakeEvent& wake, std::chrono::milliseconds timeout,
                  std::span<const int> descriptors);

Error ZmqError(const zmq::error_t& error, std::string_view what);

}  // namespace logboom::transport
