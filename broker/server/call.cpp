#include "broker/server/call.h"

#include <utility>

#include "lib/protocol/errors.h"

namespace logboom::broker {

void Answers::AnswerError(const Call& call, protocol::Error error) {
  protocol::Response response;
  *response.mutable_error() = std::move(error);
  Answer(call, std::move(response));
}

void Answers::AnswerError(const Call& call, protocol::ErrorCode code, std::string_view message) {
  AnswerError(call, protocol::MakeError(code, message));
}

void Answers::AnswerError(const Call& call, const Error& error) {
  AnswerError(call, protocol::ToWire(error));
}

void Answers::AnswerStatus(const Call& call, const Status& status, protocol::Response response) {
  if (status.ok()) {
    Answer(call, std::move(response));
  } else {
    AnswerError(call, status.error());
  }
}

bool Answers::Allowed(const Call& call, Operation operation, const Resource& resource) {
  Status allowed = Authorise(call.principal, operation, resource);
  if (!allowed.ok()) AnswerError(call, protocol::NOT_AUTHORISED, allowed.error().message);
  return allowed.ok();
}

}  // namespace logboom::broker
