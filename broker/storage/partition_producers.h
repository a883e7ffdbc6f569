// How a partition log keeps its ProducerState over restarts: in the headers of its batches, and in
// snapshots (docs/formats/producer-snapshot.md) from which the walk over the headers begins.
//
// A snapshot is written where a segment is finished, at an orderly stop, and, empty, ahead of a
// partition's very first batch with a producer id. So a partition without any snapshot has no such
// batch, and costs nothing. The state is made when it is needed: before the first batch with a
// producer id of a run, or the first roll. A snapshot that is lost or damaged costs a longer walk.
//
// Part of the inside of PartitionLog: its owner, its thread.
#pragma once

#include <optional>
#include <vector>

#include "broker/storage/producer_state.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/record/batch_header.h"

namespace logboom::broker {

struct LogState;

struct PartitionProducers {
  ProducerState state;
  bool loaded = false;
  // What was found when the log was opened: its end, the time, and the offset up to which its
  // records are those that they were. Snapshots of later offsets tell of records that are gone.
  Offset opened_at;
  TimestampMs opened_time;
  Offset sound_until;
  // The first batch with a producer id that recovery found behind the last sync.
  std::optional<Offset> found_unsynced;
  std::vector<Offset> snapshots;  // rising; some may turn out to be damaged
};

// A crash may have torn snapshots of offsets from `scanned_from` on: those go.
Status RemoveTornSnapshots(LogState& state, Offset scanned_from);

// Ends the opening of a log. Where a crash has left the first batch with a producer id, and not
// the snapshot ahead of it, that is made again, durably.
Status AdoptProducers(LogState& state, TimestampMs now);

// Makes the state, where that has not been done. kIo where the disk can't be read.
Status LoadProducers(LogState& state);

// Ahead of the append of a batch with a producer id. On return the state is loaded.
Status PrepareProducers(LogState& state);

// At a roll: the segment from `finished_base` on has ended, `next` is the next one's base. The file
// is synced with what the next commit syncs. Where it can't be written, that costs a longer walk,
// and the segment stays until there is one.
void SnapshotProducersAtRoll(LogState& state, Offset finished_base, Offset next);

// At an orderly stop, and where a roll's is missing: durable when it returns, as all of the log has
// to be. None is written where nothing is loaded, or no room is left.
Status SnapshotProducersNow(LogState& state);

// Whether what is known of producers outlives the batches ahead of `end`.
bool ProducersAreKept(const LogState& state, Offset end);

}  // namespace logboom::broker
