// CHECK guards our own invariants and is on in release builds: it prints the condition and aborts.
// Bytes from disk, the wire or a user are never checked with it: they get a Result.
#pragma once

namespace logboom {

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace logboom

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::logboom::CheckFailed(#condition, __FILE__, __LINE__))
