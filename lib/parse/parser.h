// What a line says, by its kind. docs/parsing.md has the kinds and the names of their fields.
#pragma once

#include <memory>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/parse/fields.h"

namespace logboom::parse {

// A parser has no state of its own: one serves any number of threads, each with its own Fields. Its
// work is linear in the line. In the steady state it allocates nothing (but RE2 may, for patterns
// that its one-pass matcher can't take).
class Parser {
 public:
  virtual ~Parser() = default;

  // Replaces what `out` holds by the fields of `line`. False: the line is not of this kind, or
  // beyond a limit (limits.h), and `out` is empty. The views in `out` are void once the line is.
  bool Parse(ByteView line, Fields& out) const {
    out.Clear();
    if (Read(line, out)) return true;
    out.Clear();
    return false;
  }

 protected:
  Parser() = default;

 private:
  // Adds to `out`, which is empty; what it holds where the answer is false does not matter.
  virtual bool Read(ByteView line, Fields& out) const = 0;
};

struct ParserSpec {
  std::string kind;     // json, logfmt, syslog, nginx, apache, klog, regex
  std::string pattern;  // regex: RE2's syntax, with a named group for each field
};

// kInvalid, with what is wrong and what would be right: an unknown kind, a pattern where none
// belongs, none where one does, or one that RE2 refuses or that names no group.
Result<std::unique_ptr<Parser>> MakeParser(const ParserSpec& spec);

}  // namespace logboom::parse
