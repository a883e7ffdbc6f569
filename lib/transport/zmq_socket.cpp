#include "lib/transport/zmq_socket.h"

#include <cerrno>
#include <cstring>
#include <utility>
#include <zmq.hpp>

namespace logboom::transport {

namespace {

constexpr int kHandshakeMs = 5'000;
// Of a peer that vanished without a word: by the kernel, whether or not anything is sent. ZeroMQ's
// own heartbeats abort the process where a connection breaks while its input waits for the
// application (libzmq issues 4364, 3937), which any peer can bring about.
constexpr int kTcpSilenceMaxMs = 6'000;
constexpr int kTcpKeepAliveIdleS = 2;
constexpr int kTcpKeepAliveIntervalS = 2;
constexpr int kTcpKeepAliveCount = 2;

// Called by ZeroMQ's thread.
void ReleaseOwner(void* /*data*/, void* hint) { delete static_cast<std::shared_ptr<void>*>(hint); }

zmq::message_t PayloadFrame(const Payload& payload) {
  if (payload.size() < kZeroCopyBytesMin) return zmq::message_t(payload.data(), payload.size());
  auto hint = std::make_unique<std::shared_ptr<void>>(payload.owner());
  zmq::message_t frame(payload.data(), payload.size(), &ReleaseOwner, hint.get());
  static_cast<void>(hint.release());  // the frame's now
  return frame;
}

bool SendFrame(zmq::socket_t& socket, zmq::message_t frame, bool more) {
  const auto flags =
      more ? zmq::send_flags::dontwait | zmq::send_flags::sndmore : zmq::send_flags::dontwait;
  return socket.send(frame, flags).has_value();
}

bool SendAll(zmq::socket_t& socket, const std::string* peer_key, const Message& message) {
  if (peer_key != nullptr && !SendFrame(socket, zmq::message_t(*peer_key), true)) return false;
  const bool has_payload = !message.payload.empty();
  if (!SendFrame(socket, zmq::message_t(message.envelope), has_payload)) return false;
  return !has_payload || SendFrame(socket, PayloadFrame(message.payload), false);
}

Payload TakePayload(zmq::message_t&& frame) {
  auto owner = std::make_shared<zmq::message_t>(std::move(frame));
  char* data = owner->data<char>();
  const std::size_t size = owner->size();
  return Payload(std::move(owner), data, size);
}

}  // namespace

void SetCommonOptions(zmq::socket_t& socket, const Queues& queues) {
  socket.set(zmq::sockopt::sndhwm, queues.send_messages_max);
  socket.set(zmq::sockopt::rcvhwm, queues.receive_messages_max);
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(kMessageBytesMax));
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
  socket.set(zmq::sockopt::tcp_maxrt, kTcpSilenceMaxMs);
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, kTcpKeepAliveIdleS);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, kTcpKeepAliveIntervalS);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, kTcpKeepAliveCount);
}

std::optional<Frames> ReceiveFrames(zmq::socket_t& socket, std::size_t frames_max) {
  Frames frames;
  try {
    bool more = true;
    while (more) {
      zmq::message_t frame;
      if (!socket.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
      more = frame.more();
      ++frames.frame_count;
      if (frames.kept.size() < frames_max) frames.kept.push_back(std::move(frame));
    }
  } catch (const zmq::error_t&) {
    return std::nullopt;  // EINTR: nothing was taken; others mean that the socket is ending
  }
  return frames;
}

std::optional<Message> TakeMessage(Frames& frames, std::size_t first) {
  const std::size_t count = frames.frame_count - first;
  if (frames.frame_count < first + 1 || count > 2) return std::nullopt;
  zmq::message_t& envelope = frames.kept[first];
  const std::size_t payload_bytes = count == 2 ? frames.kept[first + 1].size() : 0;
  if (envelope.size() == 0 || envelope.size() + payload_bytes > kMessageBytesMax) {
    return std::nullopt;
  }
  Message message;
  message.envelope = envelope.to_string();
  if (payload_bytes > 0) message.payload = TakePayload(std::move(frames.kept[first + 1]));
  return message;
}

SendOutcome SendFrames(zmq::socket_t& socket, const std::string* peer_key, const Message& message) {
  try {
    return SendAll(socket, peer_key, message) ? SendOutcome::kSent : SendOutcome::kFull;
  } catch (const zmq::error_t& error) {
    return error.num() == EHOSTUNREACH ? SendOutcome::kGone : SendOutcome::kFull;
  }
}

void WaitForInput(zmq::socket_t* socket, const WakeEvent& wake, std::chrono::milliseconds timeout,
                  std::span<const int> descriptors) {
  std::vector<zmq::pollitem_t> items;
  items.reserve(descriptors.size() + 2);
  items.push_back({nullptr, wake.descriptor(), ZMQ_POLLIN, 0});
  if (socket != nullptr) items.push_back({socket->handle(), 0, ZMQ_POLLIN, 0});
  for (const int descriptor : descriptors) items.push_back({nullptr, descriptor, ZMQ_POLLIN, 0});
  try {
    zmq::poll(items, std::chrono::milliseconds{PollTimeoutMs(timeout)});
  } catch (const zmq::error_t&) {
    return;  // EINTR, or a descriptor that is none: the caller looks for itself
  }
  if ((items.front().revents & ZMQ_POLLIN) != 0) wake.Clear();
}

Error ZmqError(const zmq::error_t& error, std::string_view what) {
  return ErrnoError(error.num(), what);
}

}  // namespace logboom::transport
