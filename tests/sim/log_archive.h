// The oracle of the log: everything that was ever durable, and what the disk holds of it now.
//
// It reads segment files by itself, beside the broker: what the broker says is not asked.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/engine/log_engine.h"
#include "lib/file/file_system.h"
#include "lib/record/batch_header.h"
#include "lib/record/batch_view.h"
#include "tests/sim/invariants.h"
#include "tests/sim/stage.h"

namespace logboom::sim {

// Whether the broker may put batches together: then the records must be the same, at the same
// offsets and in the same leader epochs; else every byte. kCompacted: and records may be gone that
// a later one of their key has replaced, and tombstones past their time that hide nothing any more.
enum class Rewriting { kOff, kOn, kCompacted };

// One partition. One owner, one thread.
class PartitionArchive {
 public:
  // `directory` is where its segments are; `verdict` outlives it.
  // Of a compacted one: `clocks`, which outlives it, and how long tombstones stay at least.
  PartitionArchive(std::string name, std::string directory, Verdict& verdict, Rewriting rewriting,
                   const Clocks* clocks = nullptr, std::int64_t tombstone_ms = 0)
      : name_(std::move(name)),
        directory_(std::move(directory)),
        verdict_(verdict),
        rewriting_(rewriting),
        clocks_(clocks),
        tombstone_ms_(tombstone_ms) {}

  // Its disk came back from a backup: of what the first Extend reads, compaction may have taken
  // some before, and how long the tombstones have stood is not known.
  void SetCameBack() { came_back_ = true; }

  using Added = std::function<void(const record::BatchHeader&, ByteView batch)>;
  // What became durable since the last call; each new batch is told.
  void Extend(file::FileSystem& fs, Offset durable_end, const Added& added);
  // Reads the whole log again: all that was durable is there, the same as before. For a disk after
  // a crash, before or after the broker's recovery. Without `log_start`: from where it begins.
  void CompareWith(file::FileSystem& fs, std::optional<Offset> log_start);
  // The directory came back from a backup that began when the log ended at `end_min`: what it holds
  // is the same as before, and reaches that far; of a compacted one, but for what may be gone.
  void CompareRestored(file::FileSystem& fs, Offset end_min);
  // What a reader was given.
  void CheckServed(const record::BatchHeader& header, ByteView batch);

  const std::string& name() const { return name_; }
  bool compacted() const { return rewriting_ == Rewriting::kCompacted; }
  // Found gone, for good reason.
  std::uint64_t records_compacted() const { return records_compacted_; }
  Offset end() const { return end_; }
  Offset log_start() const { return log_start_; }
  // Somebody asked for a trim up to there.
  void AllowStart(Offset offset) { start_max_ = std::max(start_max_, offset); }
  Offset start_max() const { return start_max_; }
  void SetLogStart(Offset log_start) { log_start_ = std::max(log_start_, log_start); }

 private:
  struct Archived {
    Offset next;
    std::uint32_t crc = 0;
    std::int32_t length = 0;
  };
  struct Cursor {
    Offset segment;  // base offset
    FilePosition position;
  };
  using Each = std::function<bool(const record::BatchHeader&, ByteView batch)>;

  void Remember(const record::BatchHeader& header, ByteView batch);
  // Whether the same stood at its offsets.
  bool Same(const record::BatchHeader& header, ByteView batch);
  bool SameRecords(const record::BatchHeader& header, ByteView batch);
  // Of all records from `from` on, `present` says which are there.
  void CheckCompacted(Offset from, const std::vector<bool>& present);
  void MarkPresent(const record::BatchHeader& header, ByteView batch, std::vector<bool>& present);
  static std::uint64_t HashOf(const record::Record& record, LeaderEpoch epoch);
  bool CheckContents(const record::BatchHeader& batch, ByteView bytes);
  // From `cursor` on while `each` says so and there are batches.
  Status Walk(file::FileSystem& fs, Cursor& cursor, Offset next, Offset end, const Each& each);
  Result<bool> WalkSegment(const file::File& log, Cursor& cursor, Offset& next, Offset end,
                           const Each& each);
  // Base offsets, ascending.
  Result<std::vector<Offset>> Segments(file::FileSystem& fs) const;
  bool SwapIsUnderWay(file::FileSystem& fs) const;
  // The segment that holds the end may be new, and the one before it gone.
  void FindCursor(file::FileSystem& fs);

  std::string name_;
  std::string directory_;
  Verdict& verdict_;
  Rewriting rewriting_;
  const Clocks* clocks_;
  std::int64_t tombstone_ms_;
  struct Keyed {
    bool seen = false;
    std::uint64_t key = 0;  // hash
    bool tombstone = false;
    MonotonicMs durable_at;
  };
  std::vector<Keyed> keyed_;  // by offset, of a compacted one
  bool came_back_ = false;
  Offset came_back_end_;
  std::uint64_t records_compacted_ = 0;
  record::BatchReader reader_;
  std::vector<std::uint64_t> records_;  // hashes by offset, where batches may be put together
  std::map<Offset, Archived> batches_;  // by base offset
  Offset end_;
  Offset log_start_;
  Offset start_max_;
  Cursor cursor_;
};

}  // namespace logboom::sim
