#include "lib/parse/structured_data.h"

#include "lib/parse/limits.h"

namespace logboom::parse {
namespace {

constexpr bool IsNameByte(char c) { return IsPrintable(c) && c != '=' && c != ']' && c != '"'; }

constexpr bool IsEscapable(char c) { return c == '"' || c == '\\' || c == ']'; }

// Behind the opening quote, with the closing one. \" \\ \] stand for what follows the backslash;
// any other backslash stands for itself.
bool ReadParamValue(Scanner& in, Arena& arena, ByteView& value) {
  const ByteView from = in.rest();
  std::size_t escapes = 0;
  std::size_t at = 0;
  for (; at < from.size() && from[at] != '"'; ++at) {
    if (from[at] != '\\' || at + 1 == from.size() || !IsEscapable(from[at + 1])) continue;
    ++escapes;
    ++at;
  }
  const ByteView raw = in.TakeBytes(at);
  value = raw;
  if (!in.Take('"')) return false;
  if (escapes == 0) return true;
  char* const begin = arena.Take(raw.size() - escapes);
  char* out = begin;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\\' && i + 1 < raw.size() && IsEscapable(raw[i + 1])) ++i;
    *out++ = raw[i];
  }
  value = {begin, raw.size() - escapes};
  return true;
}

bool AddNamed(ByteView id, ByteView param, ByteView value, Fields& out) {
  if (id.size() + param.size() > kFieldNameBytesMax) return false;
  const ByteView dot = param.empty() ? "" : ".";
  return out.Add(out.arena().Join({"sd.", id, dot, param}), value);
}

bool ReadElement(Scanner& in, Fields& out) {
  const ByteView id = in.TakeWhile(IsNameByte);
  if (id.empty()) return false;
  if (in.Take(']')) return AddNamed(id, "", "", out);
  do {
    if (!in.Take(' ')) return false;
    const ByteView param = in.TakeWhile(IsNameByte);
    ByteView value;
    if (param.empty() || !in.Take("=\"") || !ReadParamValue(in, out.arena(), value) ||
        !AddNamed(id, param, value, out)) {
      return false;
    }
  } while (!in.Take(']'));
  return true;
}

}  // namespace

bool ReadStructuredData(Scanner& in, Fields& out) {
  do {
    if (!in.Take('[') || !ReadElement(in, out)) return false;
  } while (in.peek() == '[');
  return true;
}

}  // namespace logboom::parse
