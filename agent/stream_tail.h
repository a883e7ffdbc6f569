// All of one stream's work in its topic: what stands TopicTail is for files. Entries are read from
// the stream in order, put into batches, and let go when they are durable.
//
//   stream -> runs of entries -> batches -> acks -> Release
//
// Where the broker stands is where reading goes on, after each session's beginning and after each
// conflict. What a stream in memory does not have any more by then (a broker came back from a
// backup) becomes a gap.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/batch_assembler.h"
#include "agent/counters.h"
#include "agent/handover.h"
#include "agent/input_lines.h"
#include "agent/notices.h"
#include "agent/options.h"
#include "agent/row_sender.h"
#include "agent/shipper.h"
#include "agent/source_registry.h"
#include "agent/stream_repeats.h"
#include "agent/streams/record_stream.h"
#include "agent/topic_tail.h"
#include "lib/base/random.h"
#include "lib/client/agent_link.h"

namespace logboom::agent {

// One owner, one thread. Must outlive the link's sessions; `options` must outlive it.
class StreamTail {
 public:
  StreamTail(InputOptions input, const AgentOptions& options, std::unique_ptr<RecordStream> stream,
             Random& random, Notices& notices);

  // `restored`: the broker came back from a backup since the session before.
  void SessionStarted(const client::AgentTopic& topic, bool restored, client::AgentLink& link);
  void SessionLost();

  // All that is due, but for sending.
  void Step(client::AgentLink& link, Instant now);
  // Whether there is more to do at once.
  bool Ship(client::AgentLink& link, BatchAssembler& assembler, Instant now);
  // No more sending; what is under way may still be acked.
  void Pause() { paused_ = true; }
  // Nothing more is taken. What is held in memory alone is sent, and its sources are closed.
  void Finish();
  bool finishes() const { return finishes_; }

  // Nothing is under way; of one that finishes in memory: nor will anything be.
  bool idle() const;
  // Nothing will come any more, and all that came is acked.
  bool Ended() const;
  // Of `once`: all that was there is acked.
  bool Done() const;
  TopicBacklog backlog() const;
  MonotonicMs NextDue(MonotonicMs now) const;
  std::vector<int> descriptors() const { return stream_->descriptors(); }
  bool TakeTopicLost() { return shipper_.TakeTopicLost(); }

  // The end: what it read from.
  HandedStream HandOver();
  const std::string& topic() const { return input_.topic; }
  const std::string& name() const { return stream_->name(); }
  // That nobody can read again.
  std::int64_t bytes_not_acked() const;
  std::string address() const { return stream_->address(); }
  // Bytes are counted where positions are bytes.
  Counters counters() const;
  PositionUnit unit() const { return stream_->unit(); }
  void AddReports(std::vector<client::FileReport>& out) const;

 private:
  // A run of entries of one source, on its way into a batch.
  struct Run {
    Source* source = nullptr;  // none is open
    SourcePosition end;
    ShapingState* shaping = nullptr;
  };

  void ForgetTopic();
  void ListSources(client::AgentLink& link, bool with_final);
  void SourcesListed(client::AgentLink& link, bool with_final,
                     Result<std::vector<client::KnownSource>> known);
  void Resync(client::AgentLink& link, MonotonicMs now);
  void PollStream(Instant now);
  void Seek(MonotonicMs now);
  bool SeekEnd();
  // At once, so that a later start knows where it begins.
  void OpenAt(std::string_view path, const client::SpanEnd& begin);
  Source& AddSource(std::string_view path, const client::SpanEnd& begin);
  void GoOn(Source& source, const Resumed& resumed);
  void ReleaseDurable();
  void TellLeftOut(MonotonicMs now);
  void CloseEnded();
  std::vector<Source*> OpenSources();
  bool is_settled() const { return shipper_.idle() && !rows_.any_under_way(); }
  bool AllSettled() const;

  void NoteWaiting(MonotonicMs now);
  bool IsDue(MonotonicMs now) const;
  Source& SourceOf(const StreamEntry& entry);
  bool AddEntry(const StreamEntry& entry, Instant now);
  bool AddLine(const StreamEntry& entry, Instant now);
  bool IsRepeat(const StreamEntry& entry) const;
  bool AddRepeats(Instant now);
  bool AddCount(const StreamEntry& entry, Instant now);
  bool Add(const InputLine& line, std::span<const record::HeaderView> of_entry);
  bool Fill(client::AgentLink& link, Instant now);
  void BeginRun(Source& source, MonotonicMs now);
  void EndRun(MonotonicMs now);
  bool SendBatch(client::AgentLink& link, MonotonicMs now);

  const InputOptions input_;
  const AgentOptions& options_;
  std::unique_ptr<RecordStream> stream_;
  Random& random_;
  Notices& notices_;
  Counters counters_;
  SourceRegistry sources_;
  RowSender rows_;
  Shipper shipper_;

  bool has_session_ = false;
  bool online_ = false;  // positions are the broker's
  bool listing_ = false;
  bool listed_ = false;  // in this process, of this topic
  bool resync_due_ = false;
  bool restored_ = false;
  bool paused_ = false;
  bool finishes_ = false;
  bool seek_due_ = true;
  std::uint64_t session_ = 0;
  Uuid topic_id_;
  std::uint64_t log_tag_ = 0;
  MonotonicMs seek_at_;
  MonotonicMs list_again_at_;

  bool waiting_ = false;  // an entry waits for others, since then
  MonotonicMs waiting_since_;
  bool blocked_ = false;  // the window is full: only an answer helps
  TimestampMs last_line_{-1};

  // Of the Ship() under way.
  BatchAssembler* assembler_ = nullptr;
  Run run_;
  std::vector<Source*> batch_sources_;
  int batches_ = 0;
  InputLines lines_;
  StreamRepeats repeats_;                    // behind run_.end
  std::vector<record::HeaderView> headers_;  // reused
  std::string key_;
};

}  // namespace logboom::agent
