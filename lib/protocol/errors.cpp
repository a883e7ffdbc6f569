#include "lib/protocol/errors.h"

#include "lib/protocol/text.h"

namespace logboom::protocol {

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case OK: return "OK";
    case NO_SESSION: return "NO_SESSION";
    case UNSUPPORTED: return "UNSUPPORTED";
    case INVALID_REQUEST: return "INVALID_REQUEST";
    case NOT_AUTHORISED: return "NOT_AUTHORISED";
    case UNKNOWN_TOPIC: return "UNKNOWN_TOPIC";
    case TOPIC_EXISTS: return "TOPIC_EXISTS";
    case INVALID_NAME: return "INVALID_NAME";
    case INVALID_CONFIG: return "INVALID_CONFIG";
    case OFFSET_OUT_OF_RANGE: return "OFFSET_OUT_OF_RANGE";
    case CORRUPT_BATCH: return "CORRUPT_BATCH";
    case MESSAGE_TOO_LARGE: return "MESSAGE_TOO_LARGE";
    case SPAN_CONFLICT: return "SPAN_CONFLICT";
    case FENCED: return "FENCED";
    case AGENT_ID_IN_USE: return "AGENT_ID_IN_USE";
    case NO_SPACE: return "NO_SPACE";
    case CREDIT_EXCEEDED: return "CREDIT_EXCEEDED";
    case STORAGE_FAILED: return "STORAGE_FAILED";
    case BUSY: return "BUSY";
    case SHUTTING_DOWN: return "SHUTTING_DOWN";
    case NOT_PRIMARY: return "NOT_PRIMARY";
    case UNKNOWN_AGENT: return "UNKNOWN_AGENT";
    case UNKNOWN_SOURCE: return "UNKNOWN_SOURCE";
    case UNKNOWN_GROUP: return "UNKNOWN_GROUP";
    case UNKNOWN_MEMBER: return "UNKNOWN_MEMBER";
    case STALE_GENERATION: return "STALE_GENERATION";
    case GROUP_NOT_EMPTY: return "GROUP_NOT_EMPTY";
    case OUT_OF_ORDER_SEQUENCE: return "OUT_OF_ORDER_SEQUENCE";
    case UNKNOWN_PRODUCER: return "UNKNOWN_PRODUCER";
    case INVALID_PRODUCER_EPOCH: return "INVALID_PRODUCER_EPOCH";
    case INVALID_RECORD: return "INVALID_RECORD";
    default: return "UNKNOWN_ERROR";
  }
}

bool IsRetriable(ErrorCode code) {
  switch (code) {
    case NO_SESSION:
    case AGENT_ID_IN_USE:
    case NO_SPACE:
    case STORAGE_FAILED:
    case BUSY:
    case SHUTTING_DOWN:
    case NOT_PRIMARY: return true;
    default: return false;
  }
}

Error MakeError(ErrorCode code, std::string_view message) {
  Error error;
  error.set_code(code);
  error.set_message(ValidUtf8(message));
  error.set_retriable(IsRetriable(code));
  return error;
}

ErrorCode WireCodeOf(logboom::ErrorCode code) {
  switch (code) {
    case logboom::ErrorCode::kInvalid: return INVALID_REQUEST;
    case logboom::ErrorCode::kCorrupt: return CORRUPT_BATCH;
    case logboom::ErrorCode::kNotFound: return UNKNOWN_TOPIC;
    case logboom::ErrorCode::kExists: return TOPIC_EXISTS;
    case logboom::ErrorCode::kNoSpace: return NO_SPACE;
    case logboom::ErrorCode::kIo:
    case logboom::ErrorCode::kReadOnly: return STORAGE_FAILED;
    case logboom::ErrorCode::kPermission: return NOT_AUTHORISED;
    case logboom::ErrorCode::kUnsupported: return UNSUPPORTED;
    case logboom::ErrorCode::kLimit: return MESSAGE_TOO_LARGE;
    case logboom::ErrorCode::kUnavailable:
    case logboom::ErrorCode::kTimeout:
    case logboom::ErrorCode::kBusy: return BUSY;
    case logboom::ErrorCode::kCancelled: return SHUTTING_DOWN;
  }
  return INVALID_REQUEST;
}

Error ToWire(const logboom::Error& error) {
  return MakeError(WireCodeOf(error.code), error.message);
}

logboom::ErrorCode CodeOfWire(ErrorCode code) {
  switch (code) {
    case NO_SESSION:
    case SHUTTING_DOWN:
    case NOT_PRIMARY: return logboom::ErrorCode::kUnavailable;
    case UNSUPPORTED: return logboom::ErrorCode::kUnsupported;
    case NOT_AUTHORISED: return logboom::ErrorCode::kPermission;
    case UNKNOWN_TOPIC:
    case UNKNOWN_AGENT:
    case UNKNOWN_SOURCE:
    case UNKNOWN_GROUP: return logboom::ErrorCode::kNotFound;
    case TOPIC_EXISTS: return logboom::ErrorCode::kExists;
    case CORRUPT_BATCH: return logboom::ErrorCode::kCorrupt;
    case MESSAGE_TOO_LARGE:
    case CREDIT_EXCEEDED: return logboom::ErrorCode::kLimit;
    case NO_SPACE: return logboom::ErrorCode::kNoSpace;
    case STORAGE_FAILED: return logboom::ErrorCode::kIo;
    case FENCED:
    case AGENT_ID_IN_USE:
    case GROUP_NOT_EMPTY:
    case BUSY: return logboom::ErrorCode::kBusy;
    default: return logboom::ErrorCode::kInvalid;
  }
}

logboom::Error FromWire(const Error& error) {
  return Fail(CodeOfWire(error.code()), "{} ({})",
              error.message().empty() ? "the broker refused the request" : error.message(),
              ErrorCodeName(error.code()));
}

}  // namespace logboom::protocol
