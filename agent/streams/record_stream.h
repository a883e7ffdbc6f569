// Where records come from that stand in no file: standard input, syslog, the journal. The seam
// between such an input and what sends it (agent/stream_tail.h).
//
// A stream has sources, as a file is one: what it gives of a source has positions that only rise,
// and each entry ends at one. The journal keeps its entries, and reads again from any position; the
// others hold what they took in memory until they are told that it is durable.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/streams/losses.h"
#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/client/agent_link.h"
#include "lib/record/batch_builder.h"

namespace logboom::agent {

// Its views are valid until the stream is called again.
struct StreamEntry {
  std::string_view source;  // the path of its identity
  SourcePosition begin;
  SourcePosition end;
  ByteView value;
  bool more = false;      // goes on in the next entry of the same source
  bool own_unit = false;  // of what Logboom itself writes: read and counted, but not to be sent
  // Of its own; nothing: that of reading.
  std::optional<TimestampMs> time = {};
  // As those of Piece.
  ByteView stream = {};
  bool as_is = false;
  std::span<const record::HeaderView> headers = {};
};

// How far a source has come, and ends of it before that which the broker has, oldest first.
struct StreamPlace {
  std::string source;
  client::SpanEnd at;
  bool window_known = true;
  std::vector<client::SpanEnd> recent = {};
};

// What became of a place that was asked for.
struct Resumed {
  // False: the stream has no such source any more, or another one under its name.
  bool is_same = true;
  // Where it goes on; beyond what was asked for: what lies between is gone.
  client::SpanEnd at = {};
  // Where the other one begins, if it is known.
  std::optional<client::SpanEnd> successor = {};
};

enum class PositionUnit { kBytes, kEntries };

// One owner, one thread. Nothing of it survives a crash but what the broker has, and the journal.
class RecordStream {
 public:
  virtual ~RecordStream() = default;

  // "stdin": in the records' keys, in reports and messages.
  virtual const std::string& name() const = 0;
  // Whether `path` names a source of this stream, or of one that an earlier process had.
  virtual bool Owns(std::string_view path) const = 0;
  virtual PositionUnit unit() const = 0;
  // Where it listens; empty: nowhere.
  virtual std::string address() const { return ""; }

  // Takes what has come, as far as memory allows. The error is for the log: it is tried again.
  virtual Status Poll(Instant now) = 0;
  // Readable: Poll() would take something.
  virtual std::vector<int> descriptors() const = 0;
  // When Poll() has something to do without a descriptor.
  virtual MonotonicMs NextDue(MonotonicMs now) const = 0;

  // The next entry; null: none now. The same until Advance().
  virtual const StreamEntry* Peek() = 0;
  virtual void Advance() = 0;
  // At the end of the entry that was last advanced over: as record::SourceSpan::window, or a hash
  // that stands for the entry.
  virtual std::uint64_t window() const = 0;

  // Reading goes on at these places. Sources that are not named go on at the first entry there is.
  // The answers are in the order of the places. The error is for the log: it is tried again.
  virtual Result<std::vector<Resumed>> Seek(std::span<const StreamPlace> places) = 0;
  // Reading goes on behind all there is. Returns where its sources end.
  virtual Result<std::vector<StreamPlace>> SeekEnd() = 0;
  // All of `source` before `durable` may be forgotten.
  virtual void Release(std::string_view source, SourcePosition durable) = 0;

  // Takes no more than what is there already, and leaves where it listened. What it holds is given
  // still; then it has ended. Of one that holds nothing itself it is no use.
  virtual void End() {}
  // No entry will come any more.
  virtual bool ended() const { return false; }
  // Bytes that are held and were not given yet.
  virtual std::size_t unread_bytes() const { return 0; }
  // What was lost before it could be read, said once: for the log.
  virtual std::vector<std::string> TakeWarnings() { return {}; }
  // The same in numbers, since the last call.
  virtual Losses TakeLosses() { return {}; }
};

}  // namespace logboom::agent
