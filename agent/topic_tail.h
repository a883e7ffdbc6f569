// All of one topic's work: its files found and looked at, placed, read, shipped, and closed.
//
//   watch, scan -> looks -> placement -> turns -> batches -> acks
//
// Lines are never kept: while the linger runs they stay in the file, and a batch is read, built and
// sent in one go. A lost session therefore costs nothing but reading again.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/checkpoint.h"
#include "agent/departures.h"
#include "agent/discovery.h"
#include "agent/file_turn.h"
#include "agent/handover.h"
#include "agent/placement.h"
#include "agent/reading_pace.h"
#include "agent/shipper.h"
#include "agent/topic_parts.h"
#include "lib/client/agent_link.h"
#include "lib/file/directory_watch.h"

namespace logboom::agent {

struct TopicBacklog {
  std::int64_t unread_bytes = 0;
  std::size_t bytes_under_way = 0;
};

// One owner, one thread. Must outlive the link's sessions.
class TopicTail final : private BatchTarget {
 public:
  TopicTail(std::string topic, const AgentOptions& options, std::vector<CompiledInput> inputs,
            file::FileSystem& fs, file::DirectoryWatch* watch, Random& random, ReadingPace& pace,
            Counters& counters, Notices& notices);

  // Before the first session. `known_inputs` have been used before.
  void Remember(const std::vector<CheckpointRow>& rows, const std::set<std::string>& known_inputs);
  // Files of the agent before this one, in this topic. Before Begin().
  void TakeOver(std::vector<HandedFile> files) { handed_ = std::move(files); }
  // The end: all files that are open.
  std::vector<HandedFile> HandOver();
  // Finds what is there.
  void Begin(Instant now);

  // `restored`: the broker came back from a backup since the session before.
  void SessionStarted(const client::AgentTopic& topic, bool restored, client::AgentLink& link);
  void SessionLost();
  void Changed(const file::Change& change, MonotonicMs now);

  // All that is due, but for reading.
  void Step(client::AgentLink& link, Instant now);
  // Reads and sends; whether there is more to do at once.
  bool Ship(client::AgentLink& link, FileTurn& turn, BatchAssembler& assembler, Instant now);
  // No more reading; what is under way may still be acked.
  void Stop() { stopping_ = true; }

  bool idle() const { return shipper_.idle() && !parts_.rows.any_under_way(); }
  // Of `once`: every file that was there at the start is read to its end, and acked.
  bool Done() const;
  TopicBacklog backlog() const;
  bool any_under_way() const { return shipper_.under_way() > 0; }
  MonotonicMs NextDue(MonotonicMs now) const;
  bool TakeTopicLost() { return shipper_.TakeTopicLost(); }

  const std::string& name() const { return parts_.topic; }
  const Discovery& discovery() const { return discovery_; }
  const FileTable& files() const { return parts_.files; }
  std::size_t open_files() const { return parts_.open_files.count(); }
  void AddReports(std::vector<client::FileReport>& out) const;
  // Rows that changed since the last call.
  void TakeCheckpoint(std::vector<CheckpointRow>& rows, std::vector<std::string>& inputs);

 private:
  // Finding (topic_scan.cpp)
  void Scan(ScanDepth depth, MonotonicMs now);
  void AddFile(const std::string& path, const FoundFile& found, MonotonicMs now);
  void Left(WatchedFile& file, MonotonicMs now);
  void NoteUnreadable();
  void FindNewInputs();
  void Adopt(HandedFile handed);
  void NoteForeign();

  // Looking (topic_look.cpp)
  void NoteClock(Instant now);
  void QueueLook(WatchedFile& file);
  void Look(WatchedFile& file, MonotonicMs now);
  void LookUnplaced(WatchedFile& file, std::int64_t size_before);
  bool IsTruncated(WatchedFile& file);
  void LookReading(WatchedFile& file, bool changed, MonotonicMs now);
  void Activate(WatchedFile& file, MonotonicMs now);
  void Deactivate(WatchedFile& file);
  std::int64_t Unread(const WatchedFile& file) const;
  void Drop(WatchedFile& file);

  // Ending (topic_sweep.cpp)
  void Sweep(Instant now);
  void SweepFile(WatchedFile& file, MonotonicMs now);
  void SweepReading(WatchedFile& file, MonotonicMs now);
  void TellLeftOut(WatchedFile& file, MonotonicMs now);
  void EndOf(WatchedFile& file, MonotonicMs now);
  std::optional<std::chrono::milliseconds> QuietToEnd(const WatchedFile& file) const;
  void ReleaseHeld(MonotonicMs now);
  void Release(WatchedFile& file);
  void RowsDone();
  void SourceFinal(Source& source);

  // Shipping (topic_tail.cpp)
  void ListSources(client::AgentLink& link, bool with_final);
  void SourcesListed(client::AgentLink& link, bool with_final,
                     const Result<std::vector<client::KnownSource>>& known);
  void ForgetTopic();
  void MergeRestored(const std::vector<client::KnownSource>& known);
  void LookAndScan(MonotonicMs now);
  void PlaceFiles(MonotonicMs now);
  void Rewound(const std::vector<Source*>& sources);
  bool IsDue(MonotonicMs now) const;
  bool MayReadAny(MonotonicMs now);
  bool MustLetPass(WatchedFile& file);
  bool TakeTurn(WatchedFile& file, FileTurn& turn, BatchAssembler& assembler, Instant now);
  bool LeavesAlone(WatchedFile& file);
  void RunAdded(Source& source) override;
  bool SendBatch() override;
  void SendAssembled();

  ReadingPace& pace_;
  TopicParts parts_;
  Discovery discovery_;
  Departures departures_;
  Placement placement_;
  Shipper shipper_;

  bool has_session_ = false;
  bool listed_with_final_ = false;  // in this process
  bool online_ = false;             // positions are the broker's
  bool listing_ = false;
  bool resync_due_ = false;
  bool restored_ = false;  // and its sources have not been looked up since
  bool stopping_ = false;
  std::uint64_t session_ = 0;
  Uuid topic_id_;
  std::uint64_t log_tag_ = 0;

  std::vector<HandedFile> handed_;
  std::set<std::string> known_inputs_;
  bool inputs_due_ = false;  // for the checkpoint
  bool begun_ = false;
  bool new_inputs_found_ = false;
  bool placement_due_ = false;
  std::int64_t clock_offset_ms_ = 0;  // of the wall clock from the monotonic one
  MonotonicMs placed_at_;
  MonotonicMs scan_at_;
  MonotonicMs scanned_at_;
  MonotonicMs sizes_at_;
  MonotonicMs sweep_at_;
  std::vector<WatchedFile*> looks_;
  std::deque<WatchedFile*> active_;
  MonotonicMs list_again_at_;

  // Of the Ship() under way.
  client::AgentLink* ship_link_ = nullptr;
  BatchAssembler* ship_assembler_ = nullptr;
  std::vector<Source*> ship_sources_;
  MonotonicMs ship_now_;
  int ship_batches_ = 0;
  bool ship_blocked_ = false;  // the window is full: only an answer helps
};

}  // namespace logboom::agent
