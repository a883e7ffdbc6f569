#include "lib/file/glob_program.h"

#include <utility>

namespace logboom::file {

void GlobProgram::TakeOne(const ByteSet& set) { steps_.push_back({Kind::kTake, 0, set}); }

void GlobProgram::TakeAny(const ByteSet& set) {
  const InstructionIndex leave = Branch();
  TakeOne(set);
  Aim(Jump(), leave);
  AimHere(leave);
}

InstructionIndex GlobProgram::Branch() {
  steps_.push_back({Kind::kBranch});
  return size() - 1;
}

InstructionIndex GlobProgram::Jump() {
  steps_.push_back({Kind::kJump});
  return size() - 1;
}

void GlobProgram::Aim(InstructionIndex branch_or_jump, InstructionIndex target) {
  steps_[branch_or_jump].target = target;
}

void GlobProgram::End() { steps_.push_back({Kind::kEnd}); }

// The steps that wait for the next byte, each once.
class GlobProgram::Run {
 public:
  explicit Run(const std::vector<Step>& steps) : steps_(steps), reached_(steps.size(), 0) {
    Reach(0);
  }

  // False once nothing can match any more.
  bool Feed(std::string_view text) {
    for (const char c : text) {
      if (waiting_.empty()) return false;
      Feed(static_cast<unsigned char>(c));
    }
    return !waiting_.empty() || ended_;
  }
  bool ended() const { return ended_; }
  const std::vector<InstructionIndex>& waiting() const { return waiting_; }

 private:
  void Feed(unsigned char byte) {
    std::swap(before_, waiting_);
    waiting_.clear();
    ended_ = false;
    ++round_;
    for (const InstructionIndex at : before_) {
      if (steps_[at].set.test(byte)) Reach(at + 1);
    }
  }

  void Reach(InstructionIndex first) {
    to_reach_.push_back(first);
    while (!to_reach_.empty()) {
      const InstructionIndex at = to_reach_.back();
      to_reach_.pop_back();
      if (reached_[at] == round_) continue;
      reached_[at] = round_;
      switch (steps_[at].kind) {
        case Kind::kTake: waiting_.push_back(at); break;
        case Kind::kEnd: ended_ = true; break;
        case Kind::kBranch: to_reach_.push_back(at + 1); [[fallthrough]];
        case Kind::kJump: to_reach_.push_back(steps_[at].target); break;
      }
    }
  }

  const std::vector<Step>& steps_;
  std::vector<std::size_t> reached_;  // in which round
  std::size_t round_ = 1;
  std::vector<InstructionIndex> waiting_;
  std::vector<InstructionIndex> before_;
  std::vector<InstructionIndex> to_reach_;
  bool ended_ = false;
};

bool GlobProgram::Matches(std::string_view text) const {
  Run run(steps_);
  return run.Feed(text) && run.ended();
}

bool GlobProgram::CouldGoOn(std::string_view text) const {
  Run run(steps_);
  // Every step leads to the end and every set holds a byte, so what waits can still match.
  return run.Feed(text) && !run.waiting().empty();
}

ByteSet GlobProgram::FirstBytes() const {
  ByteSet bytes;
  const Run run(steps_);
  for (const InstructionIndex at : run.waiting()) bytes |= steps_[at].set;
  return bytes;
}

}  // namespace logboom::file
