#include "lib/parse/access_parser.h"

#include "lib/parse/quoted.h"
#include "lib/parse/scanner.h"
#include "lib/parse/time_patterns.h"

namespace logboom::parse {
namespace {

constexpr ByteView kNil = "-";

bool AddUnlessNil(ByteView name, ByteView value, Fields& out) {
  return value == kNil || out.Add(name, value);
}

bool ReadWord(Scanner& in, ByteView name, Fields& out) {
  const ByteView word = in.TakeUntil(' ');
  return !word.empty() && in.Take(' ') && AddUnlessNil(name, word, out);
}

// A user's name may hold blanks: it ends where the time begins.
bool ReadUserAndTime(Scanner& in, Fields& out) {
  const ByteView user = in.TakeBytes(in.rest().find(" ["));
  if (user.empty() || !AddUnlessNil("user", user, out) || !in.Take(" [")) return false;
  const ByteView time = in.TakeUntil(']');
  Scanner inside(time);
  return TakeAccessTime(inside) && inside.done() && out.Add("time", time) && in.Take("] ");
}

constexpr bool IsMethodByte(char c) { return IsUpper(c) || c == '_' || c == '-'; }

// "GET /path HTTP/1.1"; a path may hold blanks, the protocol may be missing (HTTP/0.9).
bool AddRequest(ByteView request, Fields& out) {
  Scanner in(request);
  const ByteView method = in.TakeWhile(IsMethodByte);
  if (method.empty() || !in.Take(' ') || in.done()) return AddUnlessNil("request", request, out);
  const ByteView target = in.rest();
  const std::size_t blank = target.rfind(' ');
  const bool versioned =
      blank != ByteView::npos && blank > 0 && target.substr(blank + 1).starts_with("HTTP/");
  return out.Add("method", method) &&
         out.Add("path", versioned ? target.substr(0, blank) : target) &&
         (!versioned || out.Add("protocol", target.substr(blank + 1)));
}

bool ReadRequest(Scanner& in, Fields& out) {
  ByteView request;
  return in.Take('"') && ReadQuoted(in, out.arena(), request) && in.Take(' ') &&
         AddRequest(request, out);
}

bool IsNumberOrNil(ByteView word) {
  return word == kNil || (!word.empty() && Scanner(word).TakeWhile(IsDigit).size() == word.size());
}

bool ReadStatusAndBytes(Scanner& in, Fields& out) {
  const ByteView status = in.TakeUntil(' ');
  if (status.size() != 3 || !IsNumberOrNil(status) || !in.Take(' ')) return false;
  const ByteView bytes = in.TakeUntil(' ');
  return IsNumberOrNil(bytes) && out.Add("status", status) && AddUnlessNil("bytes", bytes, out);
}

// What "combined" has behind "common".
bool ReadRefererAndAgent(Scanner& in, Fields& out) {
  ByteView referer;
  ByteView agent;
  return in.Take('"') && ReadQuoted(in, out.arena(), referer) && in.Take(" \"") &&
         ReadQuoted(in, out.arena(), agent) && AddUnlessNil("referer", referer, out) &&
         AddUnlessNil("user_agent", agent, out);
}

}  // namespace

bool AccessParser::Read(ByteView line, Fields& out) const {
  Scanner in(line);
  if (!ReadWord(in, "client", out) || !ReadWord(in, "ident", out) || !ReadUserAndTime(in, out) ||
      !ReadRequest(in, out) || !ReadStatusAndBytes(in, out)) {
    return false;
  }
  if (in.done()) return true;
  if (!in.Take(' ')) return false;
  if (Scanner combined = in; ReadRefererAndAgent(combined, out)) {
    if (combined.done()) return true;
    in = combined;
    if (!in.Take(' ')) return false;
  }
  return in.done() || out.Add("rest", in.rest());
}

}  // namespace logboom::parse
