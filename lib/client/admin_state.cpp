#include "lib/client/admin_state.h"

#include <utility>

#include "lib/client/wire_descriptions.h"
#include "lib/protocol/protocol.h"

namespace logboom::client {

namespace {

using std::chrono::milliseconds;

// A broker whose sessions end again and again is not asked for ever.
constexpr int kCutsMax = 3;

}  // namespace

Admin::State::State(std::unique_ptr<transport::ClientTransport> transport,
                    AdminOptions admin_options, Clock admin_clock, Random& random)
    : options(std::move(admin_options)),
      clock(std::move(admin_clock)),
      session(
          std::move(transport), [this] { return HelloOf(options.identity); }, *this, random) {}

void Admin::State::SessionStarted(const protocol::HelloResponse& hello) {
  broker = IdentityOf(session.address(), hello);
}

Status Admin::State::Connect() {
  const MonotonicMs deadline = After(clock().monotonic, options.timeout);
  while (true) {
    const Instant now = clock();
    session.Poll(now);
    if (session.live()) return Ok();
    if (session.refusal() && !session.refusal()->retriable()) {
      return protocol::FromWire(*session.refusal());
    }
    if (now.monotonic >= deadline) return NotConnected();
    session.Wait(milliseconds{deadline - now.monotonic}, {});
  }
}

Error Admin::State::NotConnected() const {
  const Error why = session.last_error().value_or(
      Fail(ErrorCode::kUnavailable, "no broker is reached at {}", session.address()));
  return Fail(why.code, "{} (waited {} ms)", why.message, options.timeout.count());
}

Result<protocol::Response> Admin::State::Ask(const protocol::Request& request, IfCut if_cut) {
  ASSIGN_OR_RETURN(Answer answer, AskForAnswer(request, if_cut));
  if (!answer.ok()) return answer.error();
  return std::move(answer.response);
}

Result<Answer> Admin::State::AskForAnswer(const protocol::Request& request, IfCut if_cut) {
  for (int cuts = 0;; ++cuts) {
    RETURN_IF_ERROR(Connect());
    auto answer = AskOnce(request);
    if (!answer) answer = SessionEnded("before the request was sent");
    if (answer->ok()) return *std::move(answer);
    const bool cut = answer->error().code == ErrorCode::kUnavailable;
    if (!cut || if_cut == IfCut::kReport || cuts == kCutsMax) return std::move(*answer).error();
  }
}

std::optional<Result<Answer>> Admin::State::AskOnce(const protocol::Request& request) {
  // Shared, because an answer may come after the wait for it has ended.
  const auto got = std::make_shared<std::optional<Result<Answer>>>();
  const MonotonicMs deadline = After(clock().monotonic, options.answer_timeout);
  bool sent = false;
  while (true) {
    const Instant now = clock();
    session.Poll(now);
    if (*got && (*got)->ok()) return *std::move(*got);
    if (*got) {
      return SessionEnded(
          fmt::format("{}; the request may or may not have been done", (*got)->error().message));
    }
    if (!sent && !session.live()) return std::nullopt;
    if (!sent) {
      sent = session.Send(
          request, {}, [got](Result<Answer> answer) { *got = std::move(answer); }, IfLost::kTell);
    }
    if (now.monotonic >= deadline) {
      return Result<Answer>(Fail(ErrorCode::kTimeout, "the broker at {} gave no answer for {} ms",
                                 session.address(), options.answer_timeout.count()));
    }
    session.Wait(milliseconds{deadline - now.monotonic}, {});
  }
}

Result<Answer> Admin::State::SessionEnded(std::string_view why) const {
  return Fail(ErrorCode::kUnavailable, "the session with the broker at {} ended: {}",
              session.address(), why);
}

Result<TopicDescription> Admin::State::OneTopic(const std::string& name, bool auto_create) {
  protocol::Request request;
  request.mutable_metadata()->add_topics(protocol::ValidUtf8(name));
  request.mutable_metadata()->set_auto_create(auto_create);
  ASSIGN_OR_RETURN(const auto response, Ask(request, IfCut::kAskAgain));
  if (response.metadata().topics_size() != 1) {
    return Fail(ErrorCode::kNotFound, "there is no topic '{}' (UNKNOWN_TOPIC)",
                protocol::VisibleText(name));
  }
  const auto& topic = response.metadata().topics(0);
  if (topic.has_error()) return protocol::FromWire(topic.error());
  return DescriptionOf(topic);
}

}  // namespace logboom::client
