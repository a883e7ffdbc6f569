#include "lib/parse/logfmt_parser.h"

#include "lib/parse/quoted.h"
#include "lib/parse/scanner.h"

namespace logboom::parse {
namespace {

// Any byte above the space, so that names may be UTF-8.
constexpr bool IsKeyByte(char c) {
  return static_cast<unsigned char>(c) > ' ' && c != '=' && c != '"' && c != '\x7f';
}

constexpr bool IsPlainValueByte(char c) { return !IsBlank(c) && c != '"'; }

bool ReadPair(Scanner& in, Fields& out) {
  const ByteView key = in.TakeWhile(IsKeyByte);
  if (key.empty()) return false;
  ByteView value;
  if (in.Take('=')) {
    if (in.Take('"')) {
      if (!ReadQuoted(in, out.arena(), value)) return false;
    } else {
      value = in.TakeWhile(IsPlainValueByte);
    }
  } else if (out.empty()) {
    return false;  // free text
  }
  return (in.done() || IsBlank(in.peek())) && out.Add(key, value);
}

}  // namespace

bool LogfmtParser::Read(ByteView line, Fields& out) const {
  Scanner in(line);
  in.SkipBlanks();
  while (!in.done()) {
    if (!ReadPair(in, out)) return false;
    in.SkipBlanks();
  }
  return !out.empty();
}

}  // namespace logboom::parse
