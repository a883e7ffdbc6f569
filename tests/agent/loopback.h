// Who sends to an agent's listener on this machine.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "agent/streams/syslog_socket.h"
#include "lib/base/bytes.h"

namespace logboom::agent {

// Of "syslog+udp://127.0.0.1:4711".
inline std::uint16_t PortOf(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

// `type`: SOCK_STREAM or SOCK_DGRAM.
inline Socket ConnectTo(std::uint16_t port, int type) {
  Socket socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(socket.descriptor(), reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  return socket;
}

inline void SendTo(const Socket& socket, ByteView bytes) {
  ASSERT_EQ(send(socket.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

}  // namespace logboom::agent
