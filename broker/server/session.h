// One client connection between its hello and its end.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/transport/transport.h"

namespace logboom::broker {

// Answers that wait for a slow peer. Beyond this the peer loses its session.
inline constexpr std::size_t kQueuedMessagesMax = 256;
inline constexpr std::size_t kQueuedBytesMax = std::size_t{16} << 20U;
// Long polls of one session that wait at a time.
inline constexpr std::size_t kWaitingFetchesMax = 1024;

struct Session {
  Uuid id;
  transport::Peer peer;
  std::string program;
  std::string agent_id;  // empty: not an agent
  MonotonicMs last_heard;
  std::uint64_t credit_told = 0;  // the newest grant that an answer carried

  std::deque<transport::Message> queue;
  std::size_t queue_bytes = 0;
  std::size_t waiting_fetches = 0;
};

}  // namespace logboom::broker
