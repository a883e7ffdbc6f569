// A text in double quotes, unescaped; the same for each way to write one, which a Style tells:
//
//   kControls                  whether control characters are plain, or end the text
//   Unescape(Scanner&, char*)  as the functions in escapes.h, behind a backslash
//   Skip(Scanner&)             the same without writing; false where it is no escape
#pragma once

#include "lib/base/bytes.h"
#include "lib/parse/arena.h"
#include "lib/parse/plain_bytes.h"
#include "lib/parse/scanner.h"

namespace logboom::parse {

template <typename Style>
ByteView TakePlain(Scanner& in) {
  return in.TakeBytes(PlainBytes<Style::kControls>(in.rest()));
}

// Behind the opening quote, to behind the closing one. False where none closes it.
template <typename Style>
bool SkipQuotedText(Scanner& in) {
  TakePlain<Style>(in);
  while (in.Take('\\')) {
    if (!Style::Skip(in)) return false;
    TakePlain<Style>(in);
  }
  return in.Take('"');
}

// The same; `text` is in the line, or, where there is a backslash, in the arena.
template <typename Style>
bool ReadQuotedText(Scanner& in, Arena& arena, ByteView& text) {
  text = TakePlain<Style>(in);
  if (in.Take('"')) return true;
  if (in.peek() != '\\') return false;
  Scanner ahead = in;
  if (!SkipQuotedText<Style>(ahead)) return false;
  const std::size_t room = text.size() + in.rest().size() - ahead.rest().size();
  char* const begin = arena.Take(room);
  char* out = begin + text.copy(begin, text.size());
  while (in.Take('\\')) {
    out = Style::Unescape(in, out);
    const ByteView more = TakePlain<Style>(in);
    out += more.copy(out, more.size());
  }
  const auto bytes = static_cast<std::size_t>(out - begin);
  arena.GiveBack(room - bytes);
  text = {begin, bytes};
  return in.Take('"');
}

}  // namespace logboom::parse
