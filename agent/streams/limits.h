// The limits and times of inputs that are no files.
#pragma once

#include <chrono>
#include <cstddef>

namespace logboom::agent {

// What a stream holds in memory until the broker has it. Beyond it nothing is taken: a pipe and a
// connection make their writer wait, of datagrams the kernel drops those that find no room.
inline constexpr std::size_t kStreamHeldBytesMax = std::size_t{4} << 20U;
// And at its end, of what is there already.
inline constexpr std::size_t kStreamLastBytesMax = 4 * kStreamHeldBytesMax;
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

// One datagram: UDP has no longer ones, of a unix socket the rest is cut off.
inline constexpr std::size_t kSyslogUdpBytesMax = std::size_t{64} << 10U;
inline constexpr std::size_t kSyslogUnixBytesMax = std::size_t{256} << 10U;
// Connections of one listener for syslog.
inline constexpr std::size_t kSyslogConnectionsMax = 1'000;
// Where there are as many, a connection that was quiet for so long makes room for a new one.
inline constexpr std::chrono::milliseconds kSyslogQuietMax{60'000};
// Of all messages of a listener that are not whole yet. Beyond it the longest is sent as it is, and
// its rest as another message.
inline constexpr std::size_t kSyslogPartialBytesMax = std::size_t{4} << 20U;
// Datagrams and reads of one look.
inline constexpr int kSyslogReadsMax = 256;
// What was lost is told of this often.
inline constexpr std::chrono::milliseconds kSyslogLossInterval{60'000};

}  // namespace logboom::agent
