// The agent's limits and times, all in one place. Those that a user may set are defaults of
// agent/options.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace logboom::agent {

// A longer line is sent in parts of this many bytes, all but the last with lb.more.
inline constexpr std::size_t kMaxLineBytes = 1'000'000;
// One read of a file; at most this much of one file before another has its turn. A whole line of
// kMaxLineBytes and its newline fit.
inline constexpr std::size_t kReadBytes = std::size_t{1} << 20U;
// So much of a file tells whether it is text.
inline constexpr std::size_t kBinaryHeadBytes = std::size_t{4} << 10U;
// A batch is sent once so much waits to be read, or the linger is over.
inline constexpr std::int64_t kBatchTargetBytes = std::int64_t{256} << 10U;
inline constexpr std::chrono::milliseconds kLinger{500};
// Batches of one topic that wait for their ack.
inline constexpr int kBatchesUnderWayMax = 16;
// A batch is started only with so much credit, so that it isn't cut to crumbs.
inline constexpr std::size_t kCreditMin = std::size_t{64} << 10U;
// Batches built in one step: the link must be polled in between.
inline constexpr int kBatchesPerStepMax = 4;
// Runs in one batch; far below what the protocol takes.
inline constexpr std::size_t kRunsPerBatchMax = 1'000;
// Rows in one progress request.
inline constexpr std::size_t kRowsPerRequestMax = 500;
// Names and values of an input's labels, in sum: they stand in each record, beside a whole line.
inline constexpr std::size_t kLabelBytesMax = std::size_t{16} << 10U;
// Names and values of what a line says of itself, and as much again of what its path says.
inline constexpr std::size_t kFieldBytesMax = std::size_t{8} << 10U;

// Of an input's keys of these names.
inline constexpr std::int64_t kSampleMax = 1'000'000'000;
inline constexpr std::int64_t kRateLimitMax = 1'000'000;

// A file that changes all the time is looked at this often, and the watch is asked this often.
// More often, where lines may wait for less than four times as long.
inline constexpr std::chrono::milliseconds kLookInterval{50};
inline constexpr std::chrono::milliseconds kLookIntervalMin{1};
// Names are listed again this often, whatever the watch says; sizes of quiet files are asked for.
inline constexpr std::chrono::milliseconds kRescanInterval{10'000};
inline constexpr std::chrono::milliseconds kSizeSweepInterval{60'000};
// Directories that can't be watched are listed this often, with sizes.
inline constexpr std::chrono::milliseconds kPollInterval{1'000};
// After the watch told of new or vanished names, before the directory is listed: several in a row
// are one listing.
inline constexpr std::chrono::milliseconds kRescanDelay{20};
// At least so long between two listings that the watch asked for.
inline constexpr std::chrono::milliseconds kRescanPause{250};
inline constexpr std::chrono::milliseconds kSweepInterval{1'000};

// Lines of an event that others may still join on are sent once their file has been quiet for so
// long.
inline constexpr std::chrono::milliseconds kMultilineTimeout{1'000};
// That lines were read and are not to be sent is told once it is so many bytes, or so long ago.
inline constexpr std::int64_t kLeftOutBytesMax = std::int64_t{16} << 20U;
inline constexpr std::chrono::milliseconds kLeftOutWait{5'000};
// An unterminated line is sent with lb.more once its file has been quiet for so long.
inline constexpr std::chrono::milliseconds kPartialTimeout{30'000};
// A file that left its patterns is final once quiet for so long. Of an unlinked one no new writer
// can come.
inline constexpr std::chrono::milliseconds kUnlinkedQuiet{5'000};
inline constexpr std::chrono::milliseconds kRenamedQuiet{300'000};
// A file acked to its end and quiet for so long is closed, and opened again when it changes.
inline constexpr std::chrono::milliseconds kIdleClose{300'000};
// A new file that looks like the beginning of another may be a copy in the making: it is read as a
// file of its own once it has stood still for so long.
inline constexpr std::chrono::milliseconds kCopySettles{5'000};

// The rest of a source is not given up while a file that can't be opened may hold it, for so long.
inline constexpr std::chrono::milliseconds kUnreadableWait{60'000};

// Watched files that are open at a time; never fewer of one topic than the second.
inline constexpr std::size_t kOpenFilesMax = 100'000;
inline constexpr std::size_t kOpenFilesOfTopicMin = 8;

// Unlinked files with unread bytes are held open up to this much in sum, and this long.
inline constexpr std::int64_t kHeldDeletedBytesMax = std::int64_t{1} << 30U;
inline constexpr std::chrono::milliseconds kHeldDeletedAgeMax{24 * 3'600'000};

// An agent gives back the memory that batches took so long after the last one, and what a report
// took that came after that.
inline constexpr std::chrono::milliseconds kRestAfter{10'000};
inline constexpr std::chrono::milliseconds kRestAfterReport{1'000};

// What an agent takes before it reads anything; agent.memory_max is no less.
inline constexpr std::int64_t kMemoryMaxMin = std::int64_t{32} << 20U;
// The share of it that may be under way to the broker.
inline constexpr std::int64_t kMemoryShareUnderWay = 4;
inline constexpr std::chrono::milliseconds kMemoryLookInterval{1'000};
inline constexpr int kCpuMaxPercentMax = 6'400;

inline constexpr std::chrono::milliseconds kReportInterval{5'000};
// Where nothing has changed since the last report.
inline constexpr std::chrono::milliseconds kQuietReportInterval{30'000};
// A wall clock that is further from the broker's is told of.
inline constexpr std::chrono::milliseconds kClockSkewMax{5'000};
// Without a first session for so long, somebody should know.
inline constexpr std::chrono::milliseconds kNoBrokerPause{3'000};
inline constexpr std::chrono::milliseconds kCheckpointInterval{1'000};
// At the end: how long acks of what is under way are waited for.
inline constexpr std::chrono::milliseconds kStopWait{5'000};

// Waits after a refusal double from the first to the last; the longer one where the broker said
// that trying again is of no use.
inline constexpr std::chrono::milliseconds kRefusedWaitMin{200};
inline constexpr std::chrono::milliseconds kRefusedWaitMax{5'000};
inline constexpr std::chrono::milliseconds kRefusedForGoodWaitMax{30'000};

// Equal bytes that prove, without any likeness of names, that one file goes on where another ended.
inline constexpr std::size_t kProofBytes = 64;
// The same for a file that stands where the other stood: programs begin their logs alike.
inline constexpr std::size_t kProofBytesSamePath = 1'024;
// Ends of spans kept for each source: they prove shorter copies.
inline constexpr std::size_t kRecentSpansMax = 8;

}  // namespace logboom::agent
