#include "cli/environment.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

namespace logboom::cli {

std::string_view Version() { return LOGBOOM_VERSION; }

client::ClientIdentity Identity() {
  return {.program = "logboom", .program_version = std::string(Version())};
}

std::string ClientId() { return fmt::format("logboom-{}", getpid()); }

std::string HostName() {
  std::array<char, 256> name = {};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : std::string();
}

}  // namespace logboom::cli
