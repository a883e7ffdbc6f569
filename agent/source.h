// One incarnation of a file in one topic, as the agent sees it: who it is, and how far it has come.
//
//   begin <= durable <= sent <= read <= what the file holds
//
// `durable` is acked; between `durable` and `sent` bytes are under way, and nowhere else: the file
// is the buffer. Of what stands between `sent` and `read` nothing is to be sent; the span or row
// that comes next says so. Owned by the topic's SourceRegistry; one thread; nothing survives a
// crash but what the broker has and what the checkpoint repeats of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/origin.h"
#include "agent/shaping.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/client/agent_link.h"
#include "lib/file/file_system.h"
#include "lib/record/span.h"

namespace logboom::agent {

struct InputOptions;
struct WatchedFile;

// A row to be sent once all bytes ahead of it are durable.
struct WantedRow {
  client::RowKind kind = client::RowKind::kProgress;
  SourcePosition end;
  bool end_is_exact = true;
  std::string reason;
  std::uint64_t window = 0;  // before `end`
};

struct Source {
  Uuid id;
  Origin origin;
  // The file that held its bytes last: its origin's, or a copy.
  file::FileIdentity file;
  WatchedFile* bound = nullptr;
  const InputOptions* input = nullptr;  // that found its file; its labels

  bool opened = false;  // the broker knows it
  // In a span of this session, or of what came since reading began anew. Once in each, though the
  // broker knows the source: where it was opened by a row, or what stands ahead of the span was let
  // go, its spans alone tell who it is once the database is lost.
  bool identity_sent = false;
  bool final = false;
  // No input reads a file under any name that is known of it: one did, under a configuration before
  // this one. It stays open at the broker, as it is, until an input reads it again.
  bool foreign = false;

  client::SpanEnd begin;
  client::SpanEnd durable;
  client::SpanEnd read;
  bool read_window_known = true;
  SourcePosition sent;
  std::uint32_t left_out = 0;  // lines between `sent` and `read`
  MonotonicMs left_out_since;
  std::vector<client::SpanEnd> under_way;  // ends handed to the link, oldest first
  std::vector<client::SpanEnd> recent;     // ends that are durable, newest last
  // The highest that any broker called durable.
  SourcePosition durable_max;
  // The largest size that its file was seen with; bytes up to there were written.
  std::int64_t size_seen = 0;
  // When its file was written to last, as far as this process saw it whole. A copy that was made
  // later is not older, by whatever means it was made.
  std::int64_t modified_seen_ns = 0;

  std::unique_ptr<WantedRow> row;
  bool close_wanted = false;
  bool given_up = false;  // the rest of it is in no file: a gap and a close are wanted
  bool row_under_way = false;
  MonotonicMs row_not_before;

  bool checkpoint_due = true;

  struct Shaped {
    ShapingState now;
    ShapingState to_rewind;  // of a moment when no more than `durable` was read, or little
  };
  std::unique_ptr<Shaped> shaped;  // of an input that shapes its lines, once it was read

  // A name of `file`.
  const std::string& path() const { return path_.empty() ? origin.path : path_; }
  void SetPath(const std::string& path) { path_ = path == origin.path ? std::string() : path; }

  bool settled() const { return under_way.empty() && !row_under_way; }
  bool acked_to_end_of_sent() const { return under_way.empty() && durable.end == sent; }
  // Bytes were read of which nothing is to be sent, and nobody knows it yet.
  bool has_left_out() const { return read.end > sent; }
  // Acked, or read and not to be sent.
  SourcePosition covered() const { return acked_to_end_of_sent() ? read.end : durable.end; }
  bool acked_to_end_of_read() const { return under_way.empty() && durable.end == read.end; }

  // For its next span, where that is the first of the session.
  std::optional<record::SourceIdentity> IdentityToSend() const;
  // Its first byte is to be that one; nothing of it was sent.
  void BeginAt(const client::SpanEnd& end);
  // It is read by an input that shapes its lines, and has had unread bytes since then. What is
  // remembered of them.
  ShapingState& BeginShaping(MonotonicMs waiting_since);
  // Bytes up to `end` were handed to the link.
  void Sent(const client::SpanEnd& end);
  // Bytes up to `end` were read, and nothing of them is sent: `lines` behind `sent`.
  void LeftOut(const client::SpanEnd& end, std::uint32_t lines, MonotonicMs now);
  // The broker has everything up to `end`, durably.
  void Acked(const client::SpanEnd& end);
  // What the broker says in a look-up. Forgets all that is under way; and where the broker has lost
  // what stood ahead of rows that are wanted, those rows: its file may still hold it.
  void Restart(const client::SpanEnd& broker_durable);
  // Everything under way is gone: reading goes on at the durable position.
  void Rewind();
  // A conflict's answer: reading goes on at `appended`, a record boundary of the broker's log.
  void RewindTo(SourcePosition appended);
  // The broker does not know the source (any more): from its begin, with identity.
  void Reopen();
  // It was final, and a broker that came back does not know that: it is to be ended anew.
  void Revive();

 private:
  void StandAt(const client::SpanEnd& broker_durable);
  void ReadOnFrom(const client::SpanEnd& end);
  void ReadAgainFrom(const client::SpanEnd& end);

  std::string path_;  // empty: its origin's
};

// A new source of a file as it is now.
Source NewSource(const Uuid& id, const Origin& origin, const client::SpanEnd& begin);

}  // namespace logboom::agent
