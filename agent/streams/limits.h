// The limits and times of inputs that are no files.
#pragma once

#include <chrono>
#include <cstddef>

namespace logboom::agent {

// What a stream holds in memory until the broker has it. Beyond it nothing is taken: a pipe and a
// connection make their writer wait, of datagrams the kernel drops those that find no room.
inline constexpr std::size_t kStreamHeldBytesMax = std::size_t{4} << 20U;
// One read from a pipe or a socket.
inline constexpr std::size_t kStreamReadBytes = std::size_t{64} << 10U;
// A stream that fails is tried again this often.
inline constexpr std::chrono::milliseconds kStreamRetry{1'000};

}  // namespace logboom::agent
