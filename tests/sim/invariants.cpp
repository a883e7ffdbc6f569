#include "tests/sim/invariants.h"

namespace logboom::sim {

std::string_view InvariantName(Invariant invariant) {
  switch (invariant) {
    case Invariant::kAckedIsInTheLog: return "I1 acked is in the log";
    case Invariant::kEachByteOnceInOrder: return "I2 each byte once, in order";
    case Invariant::kOffsetsNeverReassigned: return "I3 offsets are never reassigned";
    case Invariant::kDurableEndNeverFalls: return "I4 the durable end never falls";
    case Invariant::kServedIsDurable: return "I5 what is served is durable";
    case Invariant::kBytesAsWritten: return "I6 bytes are as written";
    case Invariant::kPositionsFoldTheLog: return "I7 positions are the fold of the log";
    case Invariant::kOneOwner: return "I8 one writer a directory, one session an agent";
    case Invariant::kAllArrives: return "I9 all arrives once the faults stop";
    case Invariant::kLossIsAGap: return "I10 every loss is a gap";
    case Invariant::kOneReader: return "one reader a partition in a group";
    case Invariant::kCommitsStay: return "acknowledged commits stay";
    case Invariant::kProducedOnce: return "I11 each produced record once, in order";
    case Invariant::kProgramsWork: return "programs fail only for a fault";
  }
  return "";
}

}  // namespace logboom::sim
