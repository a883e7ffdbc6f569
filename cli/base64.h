// Base64 with padding (RFC 4648, section 4).
#pragma once

#include <string>

#include "lib/base/bytes.h"

namespace logboom::cli {

void AppendBase64(ByteView bytes, std::string& out);

}  // namespace logboom::cli
