// A user's own pattern that a line holds or does not hold: RE2's syntax, time linear in the line.
// `.` takes whole UTF-8 characters and no byte that is none; \C takes any.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace re2 {
class RE2;
}

namespace logboom::parse {

// RE2's for `pattern`, whose groups may be named as Perl names them. kInvalid, kLimit with the
// pattern and what is wrong with it.
Result<std::unique_ptr<re2::RE2>> CompileRegex(std::string_view pattern);

// Immutable: safe to use from several threads.
class Pattern {
 public:
  // As CompileRegex().
  static Result<Pattern> Make(std::string_view pattern);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // Anywhere in it, unless the pattern is anchored with ^ and $.
  bool IsIn(ByteView text) const;
  // The first match that begins at `from` or behind it: of its first group, where it has groups and
  // that one took part. Never an empty one.
  std::optional<ByteView> Find(ByteView text, std::size_t from) const;

 private:
  explicit Pattern(std::unique_ptr<re2::RE2> regex);

  std::unique_ptr<re2::RE2> regex_;
};

}  // namespace logboom::parse
