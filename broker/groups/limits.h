// The limits of consumer groups. The protocol tells clients the same ones (lib/protocol/limits.h);
// the server checks that they agree.
#pragma once

#include <cstddef>
#include <cstdint>

namespace logboom::broker {

inline constexpr std::size_t kGroupsMax = 10'000;
inline constexpr std::size_t kGroupMembersMax = 1'000;
inline constexpr std::size_t kAllMembersMax = 10'000;  // of all groups together
inline constexpr std::int64_t kGiveBackMsMax = 60'000;
inline constexpr std::size_t kOffsetMetadataBytesMax = 4'096;
// A broker that did not run for so long (a stopped process, a stuck disk) heard nobody: that is not
// the members' silence.
inline constexpr std::int64_t kUnheardMsMax = 1'000;

// Groups that are forgotten, or whose sleep is stored, at a time: the others wait a minute.
inline constexpr std::size_t kExpiredGroupsMax = 500;
// Of the search of one sticky assignment for what makes it more equal: some 20 ms.
inline constexpr std::size_t kStickyStepsMax = 1'000'000;

}  // namespace logboom::broker
