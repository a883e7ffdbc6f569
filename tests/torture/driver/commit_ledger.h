// What must hold of one committed offset of a group: it is the one acknowledged last, or one that
// was asked for after it.
#pragma once

#include <deque>
#include <string>

#include "lib/base/types.h"
#include "tests/torture/driver/findings.h"

namespace logboom::torture {

// One owner, one thread. Faults go to `findings`, which must outlive it.
class CommitLedger {
 public:
  CommitLedger(std::string name, Findings& findings)
      : name_(std::move(name)), findings_(findings) {}

  // Offsets only rise.
  void Asked(Offset offset) { asked_.push_back(offset); }
  void Acked(Offset offset);
  // What a broker that started says; -1: nothing is committed.
  void Settle(Offset found);

  Offset committed() const { return committed_; }
  Offset asked() const { return asked_.empty() ? committed_ : asked_.back(); }

 private:
  std::string name_;
  Findings& findings_;
  Offset committed_{-1};
  std::deque<Offset> asked_;
};

}  // namespace logboom::torture
