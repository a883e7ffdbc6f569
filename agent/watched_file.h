// One file that an input found, in one topic: a handle on it, what was seen of it, and the source
// whose bytes it holds. Owned by the topic's FileTable; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/options.h"
#include "agent/source.h"
#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::agent {

enum class Place {
  kInPattern,
  kRenamedAway,  // out of the patterns, or never in them: a copy found beside its original
  kUnlinked,     // no name; readable as long as the handle is open
};

enum class FileState {
  kUnplaced,    // which source it continues, if any, is not decided yet
  kReading,     // `source` is read from it
  kWaiting,     // its source is opened once `waits_for` allows, or its first row is acked
  kCopy,        // of `content_source`, whose file still stands: not read
  kFinished,    // nothing in it that the broker has not: not read
  kUnreadable,  // can't be opened
  kBinary,      // no text: not read
};

struct WatchedFile {
  std::string path;  // where it was seen last
  const InputOptions* input = nullptr;
  file::FileIdentity identity;
  std::unique_ptr<file::File> handle;  // none: quiet and acked, or unreadable
  Place place = Place::kInPattern;
  FileState state = FileState::kUnplaced;

  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t set_back_ns = 0;  // by how much the wall clock was set back since then
  MonotonicMs found_at;
  MonotonicMs changed_at;
  MonotonicMs left_at;  // its patterns
  TimestampMs last_line{-1};

  Source* source = nullptr;      // of kReading, and of kWaiting for a row
  Source* waits_for = nullptr;   // of kWaiting: the source before it in this log
  Source* read_after = nullptr;  // what it wrote before, under the same name: that is read first
  // Whose bytes it holds, where it is not read: of kCopy, and of kUnplaced, if that is known.
  Uuid content_source;
  std::int64_t finished_size = 0;  // of kCopy, kFinished: the size that was proven

  bool look_due = false;
  bool look_queued = false;
  MonotonicMs looked_at;
  bool active = false;        // in the reading queue
  MonotonicMs waiting_since;  // bytes to be read, for the linger
  // All but an unterminated rest was read when the file had this size.
  std::int64_t rest_at_size = -1;
  bool rest_holds_lines = false;  // of an event that others may join on
  bool send_event = false;
  bool send_rest_with_more = false;
  bool send_rest_as_line = false;
  // Its source ends where the file ends: nobody writes to it.
  bool drain_then_close = false;
  // What was read to its end is to be sent, as far as it goes.
  bool sends_rest() const { return send_event || send_rest_with_more || send_rest_as_line; }

  std::optional<std::uint64_t> beginning;  // the FileTable's

  bool named = false;       // by an include without a wildcard: read whatever it holds
  bool found_text = false;  // since it was found, or last emptied
  // Of kUnplaced: it was open when sources looked for their files, and is none of theirs.
  bool examined = false;
  // Before it has a source: its head when first seen, and the most that was seen of it.
  FileHead first_head;
  std::shared_ptr<const char> first_bytes;  // of that head; null once it has a source
  client::SpanEnd seen_end;                 // how far it reached when it was looked at, unread
  std::int64_t unplaced_size_max = 0;
  std::int64_t unplaced_modified_ns = 0;
  bool unplaced_truncated = false;
  bool found_at_start = false;
  bool found_old = false;          // past its input's ignore_older
  std::int64_t size_at_start = 0;  // when it was found

  // `now_ns`: cut to its millisecond. What lies ahead of that was written before the clock was set
  // back, and no later than what is written now.
  void SetModified(std::int64_t ns, std::int64_t now_ns) {
    constexpr std::int64_t kMillisecondNs = 1'000'000;
    if (ns != modified_ns) set_back_ns = ns > now_ns + kMillisecondNs ? ns - now_ns : 0;
    modified_ns = ns;
  }
  // When it was written to last, as the clock is set now.
  std::int64_t written_ns() const { return modified_ns - set_back_ns; }
  bool standing() const { return handle != nullptr || place == Place::kInPattern; }
};

}  // namespace logboom::agent
