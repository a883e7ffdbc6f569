// key=value key="quoted value" key: as Heroku, Go's programs and Grafana's write.
#pragma once

#include "lib/parse/parser.h"

namespace logboom::parse {

// The line begins with a pair; a key alone, later, is a field with an empty value. Quoted values
// are unescaped. No field: not logfmt.
class LogfmtParser final : public Parser {
 private:
  bool Read(ByteView line, Fields& out) const override;
};

}  // namespace logboom::parse
