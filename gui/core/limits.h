// Limits of the console, in one place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace logboom::gui {

// What the live tail keeps; what is older is dropped from the front.
inline constexpr std::size_t kTailRowsMax = 200'000;
inline constexpr std::size_t kTailBytesMax = std::size_t{64} << 20U;
// Of one line; the rest is counted at its end. A line of a megabyte would stop the painting.
inline constexpr std::size_t kLineBytesMax = std::size_t{16} << 10U;
// Lines that wait while the window is busy; above it the oldest are dropped and counted.
inline constexpr std::size_t kWaitingRowsMax = 20'000;
inline constexpr std::size_t kWaitingBytesMax = std::size_t{8} << 20U;
// So far behind the end of a partition the tail skips to it, and says so.
inline constexpr std::int64_t kTailBehindMax = 200'000;
// Lines of the past that the live tail opens with.
inline constexpr std::int64_t kTailHistoryRows = 500;
// The past is shown when all of it is there, in the order of time; or as much of it after this.
inline constexpr std::chrono::milliseconds kTailHistoryPatience{2'000};

// At most one call into the window's thread each interval, and so many not yet taken.
inline constexpr std::chrono::milliseconds kBatchInterval{33};
inline constexpr unsigned kBatchesUnderWayMax = 2;

// What charts show.
inline constexpr std::chrono::minutes kHistorySpan{10};
inline constexpr std::chrono::milliseconds kHistoryStep{1'000};
// Rates are over so long.
inline constexpr std::chrono::milliseconds kRateWindow{5'000};

// Before a broker that never answered counts as down, and one that stopped to.
inline constexpr std::chrono::milliseconds kConnectPatience{3'000};
inline constexpr std::chrono::milliseconds kLostPatience{1'000};
// A live session without a new snapshot for so long counts as down.
inline constexpr std::chrono::milliseconds kSilencePatience{6'000};

}  // namespace logboom::gui
