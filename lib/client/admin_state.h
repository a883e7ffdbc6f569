// What the parts of Admin share: the session, and one request at a time over it. Internal to
// lib/client.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/client/admin.h"
#include "lib/client/session.h"

namespace logboom::client {

// What to do where the session ends before the answer.
enum class IfCut {
  kAskAgain,
  kReport,  // asking twice is not the same as asking once
};

struct Admin::State final : public SessionEvents {
  State(std::unique_ptr<transport::ClientTransport> transport, AdminOptions admin_options,
        Clock admin_clock, Random& random);

  void SessionStarted(const protocol::HelloResponse& hello) override;
  void SessionLost(const Error& /*why*/) override {}
  void HelloRefused(const protocol::Error& /*why*/) override {}
  void SessionFenced(const protocol::Error& /*why*/) override {}

  // Until there is a session, or there is no use in waiting.
  Status Connect();
  // Waits for the answer; an error of the broker's is an error here.
  Result<protocol::Response> Ask(const protocol::Request& request, IfCut if_cut);
  // As Ask, but the broker's error comes as an answer, with its code.
  Result<Answer> AskForAnswer(const protocol::Request& request, IfCut if_cut);
  Result<TopicDescription> OneTopic(const std::string& name, bool auto_create);

  AdminOptions options;
  Clock clock;
  BrokerIdentity broker;
  Session session;

 private:
  Error NotConnected() const;
  // Nothing where the request was not sent.
  std::optional<Result<Answer>> AskOnce(const protocol::Request& request);
  // Whatever ended it.
  Result<Answer> SessionEnded(std::string_view why) const;
};

}  // namespace logboom::client
