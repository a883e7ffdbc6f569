#include <cerrno>
#include <utility>
#include <zmq.hpp>

#include "lib/transport/address.h"
#include "lib/transport/zmq_context.h"
#include "lib/transport/zmq_socket.h"
#include "lib/transport/zmq_transport.h"

namespace logboom::transport {

namespace {

// Routing id, envelope, payload.
constexpr std::size_t kFramesMax = 3;

// What authentication said of the connection that a frame came by.
std::string UserIdOf(zmq::message_t& frame) {
  const char* user_id = zmq_msg_gets(frame.handle(), "User-Id");
  return user_id == nullptr ? std::string() : std::string(user_id);
}

class ZmqServer final : public ServerTransport {
 public:
  // Throws zmq::error_t.
  explicit ZmqServer(const ZmqServerOptions& options)
      : context_(SharedZmqContext()), socket_(*context_, zmq::socket_type::router) {
    SetCommonOptions(socket_, {options.queue_messages_max, options.queue_messages_max});
    socket_.set(zmq::sockopt::router_mandatory, true);
    socket_.set(zmq::sockopt::router_handover, false);
    socket_.set(zmq::sockopt::backlog, options.backlog);
  }

  // Throws zmq::error_t.
  void Listen(const TcpAddress& address) {
    if (address.is_ipv6()) socket_.set(zmq::sockopt::ipv6, true);
    socket_.bind(address.ToString());
    address_ = socket_.get(zmq::sockopt::last_endpoint);
  }

  std::optional<Inbound> Receive() override {
    while (auto frames = ReceiveFrames(socket_, kFramesMax)) {
      if (auto inbound = Take(*frames)) return inbound;
      ++malformed_count_;
    }
    return std::nullopt;
  }

  SendOutcome Send(const Peer& peer, Message message) override {
    return SendFrames(socket_, &peer.key, message);
  }

  void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors) override {
    WaitForInput(&socket_, wake_, timeout, descriptors);
  }
  void WakeUp() override { wake_.Set(); }
  std::string address() const override { return address_; }
  std::uint64_t malformed_count() const override { return malformed_count_; }

 private:
  static std::optional<Inbound> Take(Frames& frames) {
    Inbound inbound;
    inbound.peer.key = frames.kept[0].to_string();
    inbound.peer.user_id = UserIdOf(frames.kept[0]);
    inbound.peer.authenticated_by = "none";
    auto message = TakeMessage(frames, 1);
    if (!message) return std::nullopt;
    inbound.message = *std::move(message);
    return inbound;
  }

  std::shared_ptr<zmq::context_t> context_;  // outlives the socket
  zmq::socket_t socket_;
  WakeEvent wake_;
  std::string address_;
  std::uint64_t malformed_count_ = 0;
};

Error ListenError(const zmq::error_t& error, const std::string& address) {
  switch (error.num()) {
    case EADDRINUSE:
      return Fail(ErrorCode::kBusy,
                  "another program listens on {}: stop it, or listen on another port", address);
    case EADDRNOTAVAIL:
    case ENODEV:
      return Fail(ErrorCode::kInvalid,
                  "cannot listen on {}: its host is no IP address or interface of this machine",
                  address);
    case EACCES:
      return Fail(
          ErrorCode::kPermission,
          "cannot listen on {}: permission denied; ports below 1024 need CAP_NET_BIND_SERVICE",
          address);
    default: return ZmqError(error, fmt::format("cannot listen on {}", address));
  }
}

}  // namespace

Result<std::unique_ptr<ServerTransport>> ListenZmq(const ZmqServerOptions& options) {
  ASSIGN_OR_RETURN(const TcpAddress address, ParseTcpAddress(options.address));
  try {
    auto server = std::make_unique<ZmqServer>(options);
    server->Listen(address);
    return std::unique_ptr<ServerTransport>(std::move(server));
  } catch (const zmq::error_t& error) {
    return ListenError(error, options.address);
  }
}

}  // namespace logboom::transport
