#include "lib/parse/quoted.h"

#include "lib/parse/escapes.h"
#include "lib/parse/quoted_text.h"

namespace logboom::parse {
namespace {

struct Printed {
  static constexpr Controls kControls = Controls::kArePlain;
  static char* Unescape(Scanner& in, char* out) { return UnescapePrinted(in, out); }
  // What an escape has behind its first byte is plain.
  static bool Skip(Scanner& in) {
    in.TakeBytes(1);
    return true;
  }
};

}  // namespace

bool ReadQuoted(Scanner& in, Arena& arena, ByteView& text) {
  return ReadQuotedText<Printed>(in, arena, text);
}

}  // namespace logboom::parse
