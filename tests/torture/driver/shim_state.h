// What the shim inside a broker and the driver outside of it share: a page that both have mapped.
#pragma once

#include <atomic>
#include <cstdint>

namespace logboom::torture {

enum class ShimAction : std::uint32_t {
  kCount,     // nothing
  kKill,      // SIGKILL in place of the call
  kKillHalf,  // SIGKILL behind it; a write is half done
  kEio,
  kEnospc,  // of calls that may need room
  kShort,   // a write is half done, and says so
};

struct ShimState {
  std::atomic<std::uint64_t> calls;  // on files below the directory, by all processes so far
  std::uint64_t at;                  // which of them, from 1 on
  ShimAction action;
  std::uint32_t for_good;           // all calls from there on
  std::atomic<std::uint32_t> hits;  // calls that were changed
  char what[160];                   // the first of them: name and path
};

// Names of environment variables: the directory, and the file to map.
inline constexpr char kShimDirectory[] = "TORTURE_SHIM_DIRECTORY";
inline constexpr char kShimStateFile[] = "TORTURE_SHIM_STATE";

}  // namespace logboom::torture
