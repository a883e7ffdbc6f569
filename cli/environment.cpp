#include "cli/environment.h"

namespace logboom::cli {

std::string_view Version() { return LOGBOOM_VERSION; }

client::ClientIdentity Identity() {
  return {.program = "logboom", .program_version = std::string(Version())};
}

}  // namespace logboom::cli
