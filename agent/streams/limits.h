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

// Entries of the journal that one look may pass over, when reading goes on in the middle of it.
inline constexpr int kJournalSkipsMax = 2'000;
// A journal that does not tell of its changes is asked this often.
inline constexpr std::chrono::milliseconds kJournalPollInterval{1'000};
// Names and values of an entry's fields that become headers, in sum.
inline constexpr std::size_t kJournalFieldBytesMax = std::size_t{8} << 10U;

}  // namespace logboom::agent
