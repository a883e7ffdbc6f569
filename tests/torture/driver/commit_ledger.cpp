#include "tests/torture/driver/commit_ledger.h"

#include <fmt/format.h>

#include <algorithm>

namespace logboom::torture {

void CommitLedger::Acked(Offset offset) {
  while (!asked_.empty() && asked_.front() <= offset) asked_.pop_front();
  committed_ = std::max(committed_, offset);
}

void CommitLedger::Settle(Offset found) {
  const bool asked = std::find(asked_.begin(), asked_.end(), found) != asked_.end();
  if (found < committed_) {
    findings_.Add(Fault::kLost,
                  fmt::format("{}: {} was committed, and {} is", name_, committed_, found));
  } else if (found != committed_ && !asked) {
    findings_.Add(Fault::kUnknown,
                  fmt::format("{}: {} is committed, and nobody asked for that", name_, found));
  }
  asked_.clear();
  committed_ = found;
}

}  // namespace logboom::torture
