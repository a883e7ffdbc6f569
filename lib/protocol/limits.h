// The limits of the protocol. Both sides keep them; each is tested at the limit and one past it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace logboom::protocol {

inline constexpr std::size_t kTopicNameBytesMax = 249;  // Kafka's
inline constexpr std::size_t kAgentIdBytesMax = 255;
inline constexpr std::int32_t kPartitionsMax = 1'024;  // of one topic

inline constexpr std::size_t kGroupNameBytesMax = 249;
inline constexpr std::size_t kMemberIdBytesMax = 255;
inline constexpr int kGroupTopicsMax = 1'000;  // that one member wants
inline constexpr int kGroupMembersMax = 1'000;
inline constexpr std::size_t kAllMembersMax = 10'000;  // of all groups together
inline constexpr int kCommitOffsetsMax = 10'000;       // partitions of one commit
inline constexpr std::size_t kGroupsMax = 10'000;
inline constexpr std::size_t kOffsetMetadataBytesMax = 4'096;  // Kafka's
// A member that is silent for so long has left, unless it asked for another time between the two.
inline constexpr std::chrono::milliseconds kMemberSilenceDefault{15'000};
inline constexpr std::chrono::milliseconds kMemberSilenceMin{6'000};
inline constexpr std::chrono::milliseconds kMemberSilenceMax{30 * 60'000};
inline constexpr std::chrono::milliseconds kHeartbeatInterval{1'000};
// A member counts as gone that has known for so long that it must give a partition back, and has
// not.
inline constexpr std::chrono::milliseconds kGiveBackMax{60'000};

// The longest that a fetch may wait for its first byte.
inline constexpr std::chrono::milliseconds kFetchWaitMax{30'000};
// The most payload that one fetch returns, save that one batch is returned whatever its size.
inline constexpr std::uint32_t kFetchBytesMax = 1U << 20U;

// Both frames of a message stay below the transport's 2 MiB: answers that could be longer are
// pages, and reports are sent in parts, cut at this many envelope bytes.
inline constexpr std::size_t kPageBytesMax = std::size_t{512} << 10U;
inline constexpr int kSourcesPageMax = 1'000;
inline constexpr int kFilesPageMax = 1'000;
// Runs of sources in one produce, and rows in one source-progress request.
inline constexpr int kSpansMax = 4'096;
inline constexpr int kProgressRowsMax = 1'000;
inline constexpr int kHelloTopicsMax = 1'000;
// Fields of one request, all entries of its lists counted: looked at before anything is allocated
// for them (an empty entry takes two bytes on the wire, and a hundred in memory).
inline constexpr int kRequestFieldsMax = 65'536;
// Commits of one session that wait for the store, and the bytes of those of all sessions: more are
// BUSY.
inline constexpr std::size_t kCommitsUnderWayMax = 16;
inline constexpr std::size_t kCommitBytesUnderWayMax = std::size_t{64} << 20U;

// A client that has said nothing for so long keeps its session alive with a request of its own; a
// broker that hears nothing for kSessionSilenceMax forgets the session.
inline constexpr std::chrono::milliseconds kKeepAliveInterval{5'000};
inline constexpr std::chrono::milliseconds kSessionSilenceMax{30'000};
// A client that awaits an answer asks after so long whether its session still stands.
inline constexpr std::chrono::milliseconds kProbeInterval{1'000};
// A client that hears nothing for so long takes the connection for dead.
inline constexpr std::chrono::milliseconds kBrokerSilenceMax{15'000};

}  // namespace logboom::protocol
