// A user's own pattern: RE2's syntax, each named group a field.
#pragma once

#include <memory>
#include <vector>

#include "lib/parse/parser.h"

namespace re2 {
class RE2;
}

namespace logboom::parse {

// The pattern may match anywhere in the line, unless it is anchored with ^ and $. Fields are in the
// order in which the groups open; a group that took no part in the match is no field. RE2 matches
// in time linear in the line. `.` takes whole UTF-8 characters and no byte that is none; \C takes
// any.
class RegexParser final : public Parser {
 public:
  // kInvalid where RE2 refuses the pattern, or no group has a name; the message names the pattern.
  static Result<std::unique_ptr<Parser>> Make(std::string_view pattern);
  ~RegexParser() override;

 private:
  struct Group {
    std::size_t number = 0;
    std::string name;
  };

  RegexParser(std::unique_ptr<re2::RE2> regex, std::vector<Group> groups);
  bool Read(ByteView line, Fields& out) const override;

  std::unique_ptr<re2::RE2> regex_;
  std::vector<Group> groups_;  // at most kRegexGroupsMax, ascending
};

// The pattern with each group that is named as in Perl, (?<name>...), named as RE2 takes it,
// (?P<name>...).
std::string WithNamesOfRe2(std::string_view pattern);

}  // namespace logboom::parse
