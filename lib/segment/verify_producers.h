// Checks a partition's .snapshot files against the batches of its log. A part of verify.h.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/record/batch_header.h"
#include "lib/segment/producer_snapshot.h"
#include "lib/segment/verify.h"

namespace logboom::segment {

// One owner, one thread. Told of every batch, front to back, it holds what the snapshots say of the
// producers' last batches against them. Batches that retention or compaction took away are not
// missed.
class ProducerSnapshotCheck {
 public:
  // Reads all snapshots of the report's directory; those that can't be read are problems.
  ProducerSnapshotCheck(file::FileSystem& fs, DirectoryReport& report);

  void See(const record::BatchHeader& header);
  // All batches of [base, next) were told, and none of them was taken away.
  void EndSegment(Offset base, Offset next);

 private:
  struct Claim {
    std::string path;
    ProducerSnapshotEntry entry;
  };
  void Blame(const Claim& claim, std::string_view what);

  DirectoryReport& report_;
  // By the last offset of the batch; those that were seen are gone.
  std::multimap<Offset, Claim> claims_;
};

}  // namespace logboom::segment
