// klog and glog: what Kubernetes' and Google's programs write.
#pragma once

#include "lib/parse/parser.h"

namespace logboom::parse {

//   I0102 15:04:05.000000    4711 server.go:42] text
// Fields: severity (the letter: I W E F), time, pid, file, line, message.
class KlogParser final : public Parser {
 private:
  bool Read(ByteView line, Fields& out) const override;
};

}  // namespace logboom::parse
