#include "lib/base/result.h"

#include <cerrno>
#include <system_error>

namespace logboom {

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return "invalid";
    case ErrorCode::kCorrupt: return "corrupt";
    case ErrorCode::kNotFound: return "not found";
    case ErrorCode::kExists: return "exists";
    case ErrorCode::kIo: return "I/O error";
    case ErrorCode::kNoSpace: return "no space";
    case ErrorCode::kReadOnly: return "read-only";
    case ErrorCode::kPermission: return "permission denied";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kLimit: return "limit exceeded";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kTimeout: return "timeout";
    case ErrorCode::kBusy: return "busy";
    case ErrorCode::kCancelled: return "cancelled";
  }
  return "unknown";
}

namespace {

ErrorCode CodeOfErrno(int errno_value) {
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::kNotFound;
    case EEXIST:
    case ENOTEMPTY: return ErrorCode::kExists;
    case ENOSPC:
    case EDQUOT: return ErrorCode::kNoSpace;
    case EROFS: return ErrorCode::kReadOnly;
    case EACCES:
    case EPERM: return ErrorCode::kPermission;
    case EAGAIN:
    case EBUSY: return ErrorCode::kBusy;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EFBIG: return ErrorCode::kLimit;
    default: return ErrorCode::kIo;
  }
}

}  // namespace

Error ErrnoError(int errno_value, std::string_view what) {
  return Fail(CodeOfErrno(errno_value), "{}: {}", what,
              std::generic_category().message(errno_value));
}

}  // namespace logboom
