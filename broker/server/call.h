// A request on its way through a handler, and how a handler answers it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/security/authorise.h"
#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/protocol/messages.pb.h"

namespace logboom::broker {

struct Call {
  Uuid session;
  std::uint64_t request_id = 0;
  Principal principal;
  std::string agent_id;  // of the session
  Instant now;
};

// The way back to the client. The server is one; handlers that are objects of their own hold a
// reference to it. Answers to sessions that have ended go nowhere.
class Answers {
 public:
  void Answer(const Call& call, protocol::Response response, Bytes payload = {}) {
    SendAnswer(call, std::move(response), std::move(payload));
  }
  void AnswerError(const Call& call, protocol::Error error);
  void AnswerError(const Call& call, protocol::ErrorCode code, std::string_view message);
  void AnswerError(const Call& call, const Error& error);
  // `response` where `status` is no error.
  void AnswerStatus(const Call& call, const Status& status, protocol::Response response);
  // False: refused, and answered.
  bool Allowed(const Call& call, Operation operation, const Resource& resource);

 protected:
  ~Answers() = default;

 private:
  virtual void SendAnswer(const Call& call, protocol::Response response, Bytes payload) = 0;
};

}  // namespace logboom::broker
