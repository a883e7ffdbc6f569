// leader-epoch-checkpoint: at which offset each leader epoch of a partition begins, in Kafka's text
// layout: a line "0" (version), a line with the count, then a line "<epoch> <start offset>" each.
//
// Kafka's layout has no checksum, and one digit that rots would send readers to other records. So
// the same text stands in leader-epochs too, a side-car (docs/formats/side-cars.md), and that one
// is believed.
//
// A partition's epoch rises whenever records that were acked or served may have changed. A consumer
// that remembers (offset, epoch) so learns that its offset means another record now.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::segment {

struct EpochStart {
  LeaderEpoch epoch;
  Offset start_offset;
  friend bool operator==(const EpochStart&, const EpochStart&) = default;
};

// Where an epoch ends: what Kafka's OffsetForLeaderEpoch answers.
struct EpochEnd {
  LeaderEpoch epoch;  // the largest one known that is not above the one asked for; -1: none
  Offset end_offset;
};

// A value: epochs and start offsets both grow. Not empty once a partition is open.
class LeaderEpochs {
 public:
  // kCorrupt for broken text, kUnsupported for another version.
  static Result<LeaderEpochs> Parse(std::string_view text);
  std::string Format() const;

  bool empty() const { return starts_.empty(); }
  const std::vector<EpochStart>& starts() const { return starts_; }
  LeaderEpoch current() const;  // -1 where empty

  // Forgets what began at or after `start_offset`, and begins `epoch` there, which is above
  // current().
  void Begin(LeaderEpoch epoch, Offset start_offset);
  EpochEnd EndOf(LeaderEpoch epoch, Offset log_end) const;
  // The epoch of the record at `offset`; nothing ahead of the first start.
  std::optional<LeaderEpoch> EpochAt(Offset offset) const;

 private:
  std::vector<EpochStart> starts_;
};

// kNotFound where the directory has none. Where one of the two files is missing or broken the other
// one counts: MendLeaderEpochs (leader_epochs_side_car.h) writes it again.
Result<LeaderEpochs> ReadLeaderEpochs(file::FileSystem& fs, const std::string& directory);
// Durable when it returns; old or new after a crash.
Status WriteLeaderEpochs(file::FileSystem& fs, const std::string& directory,
                         const LeaderEpochs& epochs);

}  // namespace logboom::segment
