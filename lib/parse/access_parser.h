// Access logs of nginx and Apache, in the formats "common" and "combined".
#pragma once

#include "lib/parse/parser.h"

namespace logboom::parse {

//   192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326 "referer" "agent"
// more Fields: client, ident, user, time, method, path, protocol, status, bytes, referer,
// user_agent, and `rest` for what stands behind. A request that is none (a TLS hello sent to a
// plain port) is one field `request`. What is "-" is no field. Escapes inside of quotes (\" \x22
// \n) are taken back.
class AccessParser final : public Parser {
 private:
  bool Read(ByteView line, Fields& out) const override;
};

}  // namespace logboom::parse
