// Snapshots: everything that monitoring shows, taken in one turn of the loop, so that no offset is
// newer than the end beside it; handed out in pages.
//
// A part of the server: same owner, same thread, same life. The newest snapshot of each session is
// kept until the session takes another one or ends; where all of them together pass
// kSnapshotBytesMax the oldest goes, and its session is told to take another one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "broker/engine/log_engine.h"
#include "broker/groups/groups.h"
#include "broker/server/call.h"
#include "broker/server/eviction_book.h"
#include "broker/sources/sources.h"
#include "lib/protocol/limits.h"
#include "lib/protocol/messages.pb.h"

namespace logboom::broker {

// Of the pages of all sessions. One that is larger alone is refused with MESSAGE_TOO_LARGE.
inline constexpr std::size_t kSnapshotBytesMax = std::size_t{64} << 20U;

struct SnapshotLimits {
  std::size_t page_bytes_max = protocol::kPageBytesMax;
  std::size_t bytes_max = kSnapshotBytesMax;
};

class SnapshotHandler {
 public:
  using FillStatus = std::function<void(Instant, protocol::StatusResponse&)>;
  SnapshotHandler(LogEngine& engine, Sources& sources, Groups& groups,
                  const EvictionBook& evictions, Answers& answers, FillStatus fill_status,
                  SnapshotLimits limits)
      : engine_(engine),
        sources_(sources),
        groups_(groups),
        evictions_(evictions),
        answers_(answers),
        fill_status_(std::move(fill_status)),
        limits_(limits) {}
  SnapshotHandler(const SnapshotHandler&) = delete;
  SnapshotHandler& operator=(const SnapshotHandler&) = delete;

  void Handle(const Call& call, const protocol::SnapshotRequest& request);
  // The session has ended.
  void Forget(const Uuid& session);

 private:
  struct Snapshot {
    std::uint64_t id = 0;
    TimestampMs time;
    std::vector<Bytes> pages;
    std::size_t bytes = 0;
  };
  // False: it is too large, and that is answered.
  bool Take(const Call& call);
  std::vector<Bytes> Pages(const Call& call) const;
  void MakeRoom(std::size_t bytes);

  LogEngine& engine_;
  Sources& sources_;
  Groups& groups_;
  const EvictionBook& evictions_;
  Answers& answers_;
  FillStatus fill_status_;
  SnapshotLimits limits_;
  std::map<Uuid, Snapshot> snapshots_;  // by session
  std::size_t bytes_ = 0;
  std::uint64_t last_id_ = 0;
};

}  // namespace logboom::broker
