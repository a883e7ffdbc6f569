#include "lib/parse/syslog_parser.h"

#include <array>

#include "lib/parse/scanner.h"
#include "lib/parse/structured_data.h"
#include "lib/parse/time_patterns.h"

namespace logboom::parse {
namespace {

constexpr std::array<ByteView, 24> kFacilities = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
constexpr std::array<ByteView, 8> kSeverities = {"emerg",   "alert",  "crit", "err",
                                                 "warning", "notice", "info", "debug"};
constexpr ByteView kNil = "-";
constexpr ByteView kByteOrderMark = "\xef\xbb\xbf";

// <PRI>: at most three digits, no zero in front, 23 * 8 + 7 at most.
bool ReadPriority(Scanner& in, Fields& out) {
  Scanner ahead = in;
  if (!ahead.Take('<')) return false;
  const ByteView digits = ahead.TakeWhile(IsDigit);
  if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits[0] == '0')) return false;
  const auto priority = static_cast<std::size_t>(*Scanner(digits).TakeDigits(digits.size()));
  if (priority >= kFacilities.size() * 8 || !ahead.Take('>')) return false;
  in = ahead;
  return out.Add("facility", kFacilities[priority / 8]) &&
         out.Add("severity", kSeverities[priority % 8]);
}

// A word and the space behind it; "-" is no field.
bool ReadWord(Scanner& in, ByteView name, Fields& out) {
  const ByteView word = in.TakeUntil(' ');
  if (word.empty() || !in.Take(' ')) return false;
  return word == kNil || out.Add(name, word);
}

bool IsTimeOf5424(ByteView word) {
  Scanner in(word);
  return word == kNil || (TakeIsoTime(in) && in.done());
}

bool ReadStructuredDataOrNil(Scanner& in, Fields& out) {
  return in.peek() == '[' ? ReadStructuredData(in, out) : in.Take('-');
}

// Behind the priority: the version and all that follows.
bool Read5424(Scanner in, Fields& out) {
  if (!in.Take("1 ") || !IsTimeOf5424(Scanner(in).TakeUntil(' ')) || !ReadWord(in, "time", out) ||
      !ReadWord(in, "host", out) || !ReadWord(in, "app", out) || !ReadWord(in, "pid", out) ||
      !ReadWord(in, "msgid", out) || !ReadStructuredDataOrNil(in, out)) {
    return false;
  }
  if (in.done()) return true;
  if (!in.Take(' ')) return false;
  in.Take(kByteOrderMark);
  return out.Add("message", in.rest());
}

constexpr bool IsAppByte(char c) { return IsPrintable(c) && c != ':' && c != '['; }

struct Tag {
  ByteView app;
  ByteView pid;  // empty: none
};

// "su:", "su[77]:", "su[77]", and the blank behind it. A word with a colon inside, as a URL, is
// none.
std::optional<Tag> TakeTag(Scanner& in) {
  Scanner ahead = in;
  Tag tag{.app = ahead.TakeWhile(IsAppByte), .pid = {}};
  if (tag.app.empty()) return std::nullopt;
  const bool with_pid = ahead.Take('[');
  if (with_pid) {
    tag.pid = ahead.TakeWhile([](char c) { return IsPrintable(c) && c != ']'; });
    if (!ahead.Take(']')) return std::nullopt;
  }
  if (!ahead.Take(':') && !with_pid) return std::nullopt;
  if (!ahead.done() && !ahead.Take(' ')) return std::nullopt;
  in = ahead;
  return tag;
}

bool AddTag(const Tag& tag, Fields& out) {
  return out.Add("app", tag.app) && (tag.pid.empty() || out.Add("pid", tag.pid));
}

enum class TagIs { kOptional, kRequired };

// Behind the time and its blank: a host (a program on the same machine leaves it out), a tag, text.
bool ReadHostAndMessage(Scanner in, TagIs needed, Fields& out) {
  auto tag = TakeTag(in);
  if (!tag) {
    if (!ReadWord(in, "host", out)) return false;
    tag = TakeTag(in);
  }
  if (!tag && needed == TagIs::kRequired) return false;
  return (!tag || AddTag(*tag, out)) && out.Add("message", in.rest());
}

// The time, and its text as the field; nothing taken where it is none.
template <typename Take>
bool ReadTime(Scanner& in, Take take, Fields& out) {
  Scanner ahead = in;
  const ByteView from = in.rest();
  if (!take(ahead)) return false;
  const std::size_t bytes = from.size() - ahead.rest().size();
  if (!ahead.Take(' ')) return false;
  in = ahead;
  return out.Add("time", from.substr(0, bytes));
}

// Without a priority, what begins with a newer time may be anybody's line: only a tag makes it one
// of syslog's.
bool ReadFrom(Scanner in, TagIs tag_behind_iso_time, Fields& out) {
  if (ReadTime(in, TakeSyslogTime, out)) return ReadHostAndMessage(in, TagIs::kOptional, out);
  return ReadTime(in, TakeIsoTime, out) && ReadHostAndMessage(in, tag_behind_iso_time, out);
}

}  // namespace

bool SyslogParser::Read(ByteView line, Fields& out) const {
  Scanner in(line);
  if (!ReadPriority(in, out)) return ReadFrom(in, TagIs::kRequired, out);
  const ByteView facility = out[0].value;
  const ByteView severity = out[1].value;
  if (Read5424(in, out) || ReadFrom(in, TagIs::kOptional, out)) return true;
  out.Clear();  // of what was read before it turned out to be none of these
  return out.Add("facility", facility) && out.Add("severity", severity) &&
         out.Add("message", in.rest());
}

}  // namespace logboom::parse
