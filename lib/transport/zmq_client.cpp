#include <utility>
#include <zmq.hpp>

#include "lib/transport/address.h"
#include "lib/transport/zmq_context.h"
#include "lib/transport/zmq_socket.h"
#include "lib/transport/zmq_transport.h"

namespace logboom::transport {

namespace {

// What comes in is never held back: there is no more of it than was asked for, and an input that
// waits while the connection breaks aborts the process once it goes on (libzmq issue 3937).
constexpr Queues kQueues{.send_messages_max = 16, .receive_messages_max = 0};
constexpr int kReconnectMs = 100;
constexpr int kReconnectMaxMs = 30'000;
constexpr int kConnectTimeoutMs = 5'000;
constexpr int kLingerMs = 100;
// Envelope, payload.
constexpr std::size_t kFramesMax = 2;

class ZmqClient final : public ClientTransport {
 public:
  // Throws zmq::error_t.
  explicit ZmqClient(TcpAddress address)
      : address_(std::move(address)), context_(SharedZmqContext()), socket_(Open()) {}

  // What was sent last, a goodbye for one, gets a moment to leave.
  ~ZmqClient() override {
    if (socket_) socket_->set(zmq::sockopt::linger, kLingerMs);
  }
  ZmqClient(const ZmqClient&) = delete;
  ZmqClient& operator=(const ZmqClient&) = delete;

  SendOutcome Send(Message message) override {
    if (!EnsureOpen()) return SendOutcome::kFull;
    // kGone is a server's answer: here the connection always comes back.
    return SendFrames(*socket_, nullptr, message) == SendOutcome::kSent ? SendOutcome::kSent
                                                                        : SendOutcome::kFull;
  }

  std::optional<Message> Receive() override {
    if (!socket_) return std::nullopt;
    while (auto frames = ReceiveFrames(*socket_, kFramesMax)) {
      if (auto message = TakeMessage(*frames, 0)) return message;
    }
    return std::nullopt;
  }

  void Reconnect() override {
    socket_.reset();
    EnsureOpen();
  }

  void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors) override {
    WaitForInput(socket_ ? &*socket_ : nullptr, wake_, timeout, descriptors);
  }
  void WakeUp() override { wake_.Set(); }
  std::string address() const override { return address_.ToString(); }

 private:
  // The socket has no routing id of its own: the server gives each connection a random one.
  zmq::socket_t Open() {
    zmq::socket_t socket(*context_, zmq::socket_type::dealer);
    SetCommonOptions(socket, kQueues);
    // Without it messages would be queued for a server that is not there, and sent to the next.
    socket.set(zmq::sockopt::immediate, true);
    socket.set(zmq::sockopt::reconnect_ivl, kReconnectMs);
    socket.set(zmq::sockopt::reconnect_ivl_max, kReconnectMaxMs);
    socket.set(zmq::sockopt::connect_timeout, kConnectTimeoutMs);
    if (address_.is_ipv6()) socket.set(zmq::sockopt::ipv6, true);
    socket.connect(address_.ToString());
    return socket;
  }

  // Where the system had no descriptors left, the next call tries again.
  bool EnsureOpen() {
    if (socket_) return true;
    try {
      socket_.emplace(Open());
      return true;
    } catch (const zmq::error_t&) {
      return false;
    }
  }

  TcpAddress address_;
  std::shared_ptr<zmq::context_t> context_;  // outlives the socket
  std::optional<zmq::socket_t> socket_;
  WakeEvent wake_;
};

}  // namespace

Result<std::unique_ptr<ClientTransport>> ConnectZmq(const std::string& address) {
  ASSIGN_OR_RETURN(TcpAddress parsed, ParseTcpAddress(address));
  if (parsed.port == 0 || parsed.host.front() == '*') {
    return Fail(ErrorCode::kInvalid, "address '{}': a client needs the server's host and port",
                address);
  }
  try {
    return std::unique_ptr<ClientTransport>(std::make_unique<ZmqClient>(std::move(parsed)));
  } catch (const zmq::error_t& error) {
    return ZmqError(error, fmt::format("cannot connect to {}", address));
  }
}

}  // namespace logboom::transport
