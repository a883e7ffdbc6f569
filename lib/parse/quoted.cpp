#include "lib/parse/quoted.h"

#include "lib/parse/escapes.h"
#include "lib/parse/plain_bytes.h"

namespace logboom::parse {
namespace {

ByteView TakePlain(Scanner& in) { return in.TakeBytes(PlainBytes<Controls::kArePlain>(in.rest())); }

// From a backslash to behind the closing quote.
bool SkipEscaped(Scanner& in) {
  while (in.Take('\\')) {
    in.TakeBytes(1);
    TakePlain(in);
  }
  return in.Take('"');
}

bool ReadEscaped(ByteView plain, Scanner& in, Arena& arena, ByteView& text) {
  Scanner ahead = in;
  if (!SkipEscaped(ahead)) return false;
  const std::size_t room = plain.size() + in.rest().size() - ahead.rest().size();
  char* const begin = arena.Take(room);
  char* out = begin + plain.copy(begin, plain.size());
  while (in.Take('\\')) {
    out = UnescapePrinted(in, out);
    const ByteView more = TakePlain(in);
    out += more.copy(out, more.size());
  }
  const auto bytes = static_cast<std::size_t>(out - begin);
  arena.GiveBack(room - bytes);
  text = {begin, bytes};
  return in.Take('"');
}

}  // namespace

bool ReadQuoted(Scanner& in, Arena& arena, ByteView& text) {
  text = TakePlain(in);
  return in.Take('"') || (in.peek() == '\\' && ReadEscaped(text, in, arena, text));
}

}  // namespace logboom::parse
