// Errors as values. Every call that can fail returns Result<T> or Status, both [[nodiscard]]:
// an error says what went wrong, where, and what the reader of the message can do about it.
// Exceptions of third parties are caught where they enter and become an Error.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

namespace logboom {

// What kind of failure it is, so that a caller can branch; the message is for people.
enum class ErrorCode {
  kInvalid,      // the caller's or a user's input is wrong; the same call fails again
  kCorrupt,      // bytes from disk or wire break their format or checksum
  kNotFound,     // the named thing is not there
  kExists,       // the named thing is there already
  kIo,           // the operating system failed a call (other than the codes below)
  kNoSpace,      // ENOSPC, EDQUOT, or our own reserve is reached
  kReadOnly,     // EROFS
  kPermission,   // EACCES, EPERM
  kUnsupported,  // a version, codec or feature that this program does not have
  kLimit,        // a stated limit is exceeded
  kUnavailable,  // the peer is not there, or not there yet; trying again may help
  kTimeout,      // no answer in time; trying again may help
  kBusy,         // held by another process or session
  kCancelled,    // ended on request
};

std::string_view ErrorCodeName(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string message;

  // The same error, told from further out: "open /x/y: permission denied".
  Error Within(std::string_view context) const {
    return Error{code, fmt::format("{}: {}", context, message)};
  }
};

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  // NOLINTNEXTLINE(google-explicit-constructor): `return error;` is the point.
  Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}
  bool ok() const { return this->has_value(); }
};

template <>
class [[nodiscard]] Result<void> : public tl::expected<void, Error> {
 public:
  using tl::expected<void, Error>::expected;
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : tl::expected<void, Error>(tl::unexpect, std::move(error)) {}
  bool ok() const { return this->has_value(); }
};

using Status = Result<void>;
inline Status Ok() { return Status{}; }

// Make an error with a formatted message: Fail(ErrorCode::kCorrupt, "{}: bad magic", path).
template <typename... Args>
Error Fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Error{code, fmt::format(format, std::forward<Args>(args)...)};
}

// An Error from errno with what was tried: ErrnoError(errno, "open /x/y").
Error ErrnoError(int errno_value, std::string_view what);

// `RETURN_IF_ERROR(expr)` ends the function with the error of a Status or Result expression;
// `ASSIGN_OR_RETURN(auto x, expr)` does so for a Result<T> and else takes its value.
#define LOGBOOM_CONCAT_INNER(a, b) a##b
#define LOGBOOM_CONCAT(a, b) LOGBOOM_CONCAT_INNER(a, b)
#define RETURN_IF_ERROR(expr)                                        \
  do {                                                               \
    if (auto status_of_expr = (expr); !status_of_expr.has_value()) { \
      return std::move(status_of_expr).error();                      \
    }                                                                \
  } while (false)
#define ASSIGN_OR_RETURN(decl, expr) \
  ASSIGN_OR_RETURN_INNER(LOGBOOM_CONCAT(result_of_line_, __LINE__), decl, expr)
#define ASSIGN_OR_RETURN_INNER(tmp, decl, expr) \
  auto tmp = (expr);                            \
  if (!tmp.has_value()) {                       \
    return std::move(tmp).error();              \
  }                                             \
  decl = *std::move(tmp)

}  // namespace logboom
