// A JSON object a line (RFC 8259).
#pragma once

#include "lib/parse/parser.h"

namespace logboom::parse {

// A field a member, as the line has them, a repeated name too. Strings are unescaped; numbers,
// true, false and null are the text in the line. An object in an object adds its name and a dot to
// the names of its members; an array, or an empty object, is a value: its text in the line.
class JsonParser final : public Parser {
 private:
  bool Read(ByteView line, Fields& out) const override;
};

}  // namespace logboom::parse
