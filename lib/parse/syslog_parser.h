// Lines of syslog: RFC 5424, RFC 3164, and the forms that files have, told apart by themselves.
#pragma once

#include "lib/parse/parser.h"

namespace logboom::parse {

//   <34>1 2026-11-23T10:00:00.003Z host su 77 ID47 [id@32473 k="v"] text    RFC 5424
//   <34>Nov 23 10:00:00 host su[77]: text                                   RFC 3164
//   <34>2026-11-23T10:00:00+01:00 host su[77]: text                         as rsyslog forwards
//   <34>text                                                                anything behind a
// priority
//   Nov 23 10:00:00 host su[77]: text                                       files, the older form
//   2026-11-23T10:00:00.003+01:00 host su[77]: text                         files, the newer form
// Fields: facility, severity, time, host, app, pid, msgid, sd.ID.PARAM, message. What a line
// doesn't have, or has as "-", is no field.
class SyslogParser final : public Parser {
 private:
  bool Read(ByteView line, Fields& out) const override;
};

}  // namespace logboom::parse
