// A pattern as a small machine whose states are all followed at once: no input makes it slow.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace logboom::file {

using ByteSet = std::bitset<256>;
using InstructionIndex = std::uint32_t;

// The machine's steps stand in a row; Take and Loop begin at the place where they are added.
class GlobProgram {
 public:
  InstructionIndex size() const { return static_cast<InstructionIndex>(steps_.size()); }

  // Building. Each appends; Branch and Jump may be aimed later, at the step that is added next.
  void TakeOne(const ByteSet& set);
  void TakeAny(const ByteSet& set);  // none or more
  InstructionIndex Branch();         // goes on with the next step, and with its target
  InstructionIndex Jump();
  void Aim(InstructionIndex branch_or_jump, InstructionIndex target);
  void AimHere(InstructionIndex branch_or_jump) { Aim(branch_or_jump, size()); }
  void End();

  // Whether `text` is matched as a whole.
  bool Matches(std::string_view text) const;
  // Whether something that begins with `text`, and is longer, could match.
  bool CouldGoOn(std::string_view text) const;
  // The bytes that a match may begin with, and whether the empty text matches.
  ByteSet FirstBytes() const;
  bool MatchesEmpty() const { return Matches({}); }

 private:
  enum class Kind : std::uint8_t { kTake, kBranch, kJump, kEnd };
  struct Step {
    Kind kind = Kind::kEnd;
    InstructionIndex target = 0;
    ByteSet set = {};
  };
  class Run;

  std::vector<Step> steps_;
};

}  // namespace logboom::file
