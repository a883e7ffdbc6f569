// Reads a pattern and builds its machine.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/file/glob_program.h"

namespace logboom::file {

// For one pattern, used once. The pattern outlives it.
class GlobParser {
 public:
  explicit GlobParser(std::string_view pattern) : pattern_(pattern) {}

  Status Parse();
  GlobProgram TakeProgram() { return std::move(program_); }
  // What stands before the first wildcard or brace, unescaped.
  const std::string& prefix() const { return prefix_; }
  bool plain() const { return plain_; }

 private:
  Status Item();
  Status Literal(char c);
  Status Escaped();
  Status Star();
  Status Stars();
  Status Set();
  Result<ByteSet> SetMembers();
  Result<unsigned char> SetMember();
  Status Braces();
  void RestOfCharacter();
  Status CheckNames() const;
  Status CheckAbsolute() const;

  bool AtEnd() const { return at_ >= pattern_.size(); }
  bool Next(char c) const { return !AtEnd() && pattern_[at_] == c; }
  // The character before `at`, or '\0'.
  char Before(std::size_t at) const { return at == 0 ? '\0' : pattern_[at - 1]; }
  template <typename... Args>
  Error Wrong(fmt::format_string<Args...> why, Args&&... args) const {
    return Fail(ErrorCode::kInvalid, "pattern '{}': {} (at character {})", pattern_,
                fmt::format(why, std::forward<Args>(args)...), at_ + 1);
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool after_slash_ = false;  // the last item was an unescaped '/'
  bool plain_ = true;
  std::string prefix_;
  GlobProgram program_;
};

}  // namespace logboom::file
