#include "lib/parse/klog_parser.h"

#include "lib/parse/scanner.h"
#include "lib/parse/time_patterns.h"

namespace logboom::parse {
namespace {

constexpr ByteView kLetters = "IWEF";

bool ReadTime(Scanner& in, Fields& out) {
  const ByteView from = in.rest();
  if (!TakeKlogTime(in)) return false;
  return out.Add("time", from.substr(0, from.size() - in.rest().size())) && in.Take(' ');
}

bool ReadPid(Scanner& in, Fields& out) {
  in.SkipBlanks();
  const ByteView pid = in.TakeWhile(IsDigit);
  return !pid.empty() && out.Add("pid", pid) && in.Take(' ');
}

// "server.go:42]": names of files may hold anything but a blank.
bool ReadPlace(Scanner& in, Fields& out) {
  const ByteView place = in.TakeUntil(']');
  const std::size_t colon = place.rfind(':');
  if (colon == ByteView::npos || colon == 0 || place.find(' ') != ByteView::npos) return false;
  const ByteView line = place.substr(colon + 1);
  return Scanner(line).TakeWhile(IsDigit).size() == line.size() && !line.empty() &&
         out.Add("file", place.substr(0, colon)) && out.Add("line", line) && in.Take(']');
}

}  // namespace

bool KlogParser::Read(ByteView line, Fields& out) const {
  Scanner in(line);
  const ByteView letter = in.TakeBytes(1);
  if (letter.empty() || kLetters.find(letter[0]) == ByteView::npos) return false;
  if (!out.Add("severity", letter) || !ReadTime(in, out) || !ReadPid(in, out) ||
      !ReadPlace(in, out)) {
    return false;
  }
  in.Take(' ');
  return out.Add("message", in.rest());
}

}  // namespace logboom::parse
