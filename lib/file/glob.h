// Path patterns, as in `include = ["/var/log/**/*.log"]`.
//
//   *       any run of bytes without '/', also none, also a leading dot
//   ?       one character (of UTF-8) without '/'
//   [a-z]   one character of a set of ASCII characters; [!a-z] or [^a-z] one not in it
//   **      any number of directories, also none: "/a/**/b" matches "/a/b"; at the end, every file
//   below {a,b}   any of the alternatives, which may hold all of the above \x      the character x
//   itself
//
// Anything else stands for itself. Patterns match whole absolute paths in normal form (no "//", no
// "." or ".." names), byte by byte, case respected.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/file/file_system.h"
#include "lib/file/glob_program.h"

namespace logboom::file {

inline constexpr std::size_t kGlobBytesMax = 4096;
inline constexpr std::size_t kGlobNestingMax = 16;  // braces within braces
// Directories that one expansion lists at most; links to directories may lead to some of them
// twice.
inline constexpr std::size_t kGlobDirectoriesMax = 100'000;

// A value, made by ParseGlob. May be used by several threads. Matching takes time in proportion to
// path times pattern, whatever they are.
class Glob {
 public:
  const std::string& pattern() const { return pattern_; }
  bool Matches(std::string_view path) const;
  // The longest directory without wildcards: "/var/log" of "/var/log/*/a.log"; the parent of a
  // plain path.
  const std::string& FixedRoot() const { return fixed_root_; }
  // Whether a path below this directory could match.
  bool MayContain(std::string_view directory) const;
  // No wildcards: it matches `plain_path()` and nothing else.
  bool plain() const { return plain_; }
  const std::string& plain_path() const { return prefix_; }

 private:
  friend Result<Glob> ParseGlob(std::string_view pattern);
  Glob() = default;
  std::string pattern_;
  std::string prefix_;  // what stands before the first wildcard, unescaped
  std::string fixed_root_;
  bool plain_ = false;
  GlobProgram program_;
};

// kInvalid names the pattern, what is wrong with it and where; kLimit where it is too long or too
// deep.
Result<Glob> ParseGlob(std::string_view pattern);

struct GlobMatches {
  std::vector<std::string> paths;  // sorted; regular files, and links to such
  std::vector<Error> skipped;      // what could not be looked at, as for want of permission
  bool truncated = false;          // there are more than was asked for, or more than may be listed
};

// What matches now. Links to directories are followed, but not back to a directory that one is in.
// What is missing or vanishes meanwhile is no error.
GlobMatches ExpandGlob(FileSystem& fs, const Glob& glob, std::size_t paths_max);

}  // namespace logboom::file
