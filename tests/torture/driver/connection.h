// One session with a broker that is expected to vanish: requests, and what is done with the answers
// that come. It says hello once, and takes every answer that ever comes, also behind an error that
// would end a client's session: an acknowledgement that must not be is one that is seen.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/protocol/protocol.h"
#include "lib/transport/transport.h"

namespace logboom::torture {

struct Answer {
  protocol::Response response;  // may hold an error
  transport::Payload payload;
  bool ok() const { return !response.has_error(); }
};

// One owner, one thread.
class Connection {
 public:
  using Taken = std::function<void(const Answer&)>;

  // As an agent of that id, which sends to these topics.
  static Result<std::unique_ptr<Connection>> Open(const std::string& address,
                                                  const std::string& agent_id,
                                                  const std::vector<std::string>& topics,
                                                  Random& random);

  // Takes what has come; then waits for more, for so long at most.
  void Turn(std::chrono::milliseconds wait);
  // Takes what was on its way from a broker that has ended.
  void Drain();

  bool live() const { return hello_.has_value(); }
  // The hello was refused.
  const std::optional<std::string>& refused() const { return refused_; }
  const protocol::HelloResponse& hello() const { return *hello_; }
  std::size_t under_way() const { return pending_.size(); }

  // False where it was not taken: no credit, or the queue is full. `taken` is called from Turn();
  // never, where the broker ends first.
  bool Ask(protocol::Request request, const transport::Payload& payload, Taken taken);
  // Waits for the answer; kTimeout where none came, else what an error says.
  Result<Answer> AskAndWait(const protocol::Request& request, std::chrono::milliseconds timeout);
  // Until `holds`; false where it does not in time.
  bool WaitFor(const std::function<bool()>& holds, std::chrono::milliseconds timeout);

 private:
  explicit Connection(std::unique_ptr<transport::ClientTransport> transport)
      : transport_(std::move(transport)) {}
  bool Send(protocol::Request request, const transport::Payload& payload);
  void Receive();
  void Take(Answer answer);

  std::unique_ptr<transport::ClientTransport> transport_;
  std::optional<protocol::Request> unsent_hello_;
  std::optional<protocol::HelloResponse> hello_;
  std::optional<std::string> refused_;
  std::map<std::uint64_t, Taken> pending_;
  std::uint64_t last_id_ = 0;
  std::uint64_t granted_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
};

}  // namespace logboom::torture
