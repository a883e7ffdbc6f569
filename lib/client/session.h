// The engine that all clients share: hello, session, requests and their answers, credit,
// keep-alive, silence, reconnects. Internal to lib/client: protobuf inside.
//
// A session is lost when the broker says so or nothing is heard for 15 s. Then all requests under
// way are forgotten, and after a jittered pause the next hello is said, by itself and for ever.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/client/backoff.h"
#include "lib/protocol/protocol.h"
#include "lib/transport/transport.h"

namespace logboom::client {

inline MonotonicMs After(MonotonicMs time, std::chrono::milliseconds span) {
  return time + span.count();
}

// What the broker answered; `response` may hold an error.
struct Answer {
  protocol::Response response;
  transport::Payload payload;

  bool ok() const { return !response.has_error(); }
  Error error() const { return protocol::FromWire(response.error()); }
};

// Called from inside Session::Poll().
class SessionEvents {
 public:
  virtual ~SessionEvents() = default;
  virtual void SessionStarted(const protocol::HelloResponse& hello) = 0;
  // The live session ended.
  virtual void SessionLost(const Error& why) = 0;
  // There is none, because the broker refused the hello. It is said again, but after FENCED.
  virtual void HelloRefused(const protocol::Error& why) = 0;
  // The live session was fenced: no hello is said any more.
  virtual void SessionFenced(const protocol::Error& why) = 0;
};

// Where a request's session ends before its answer comes.
enum class IfLost {
  kForget,  // its callback is never called
  kTell,    // it is called with the error
};

// One owner, one thread. Its owner outlives it, and is not destroyed from inside of a callback.
class Session {
 public:
  using Done = std::function<void(Result<Answer>)>;
  // Makes the hello's body, each time anew.
  using MakeHello = std::function<protocol::HelloRequest()>;

  Session(std::unique_ptr<transport::ClientTransport> transport, MakeHello make_hello,
          SessionEvents& events, Random& random);

  void Poll(Instant now);
  // Until something may have come, something is due, a descriptor is readable, or `timeout` is
  // over.
  void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors);

  bool live() const { return phase_ == Phase::kLive; }
  // Where a request of this turn was not taken because the queue is full: until it may be tried
  // again. Else 0.
  std::chrono::milliseconds UntilRoom() const {
    return was_full_ ? full_queue_pause_ : std::chrono::milliseconds{0};
  }
  // Payload bytes that may be sent now.
  std::size_t credit_bytes() const;
  // Carried by each request; where it rises from 0 in a live session, a keep-alive says it.
  void SetWantedCredit(std::size_t bytes);

  // Fills in session, id, version and credit, and sends. False where it was not taken: no session,
  // no credit for the payload, or the queue is full. Without `done` no answer is expected.
  bool Send(protocol::Request request, const transport::Payload& payload, Done done,
            IfLost if_lost);

  // No more hellos: a live session is ended in good order. True once the broker has said so, or
  // where there is no session; else call it again after Poll().
  bool SayGoodbye();

  // At the next Poll(): ends the session, if one is live, and says hello.
  void StartAnew(const Error& why) { anew_ = why; }

  // Why no session is live; nothing while one is, or before anything was tried.
  const std::optional<Error>& last_error() const { return last_error_; }
  // The broker's last word on a hello, where it refused it; nothing once one was accepted.
  const std::optional<protocol::Error>& refusal() const { return refusal_; }
  std::string address() const { return transport_->address(); }

 private:
  enum class Phase {
    kPause,  // until next_hello_
    kHello,  // under way
    kLive,
    kEnded,  // fenced, or a goodbye was said and answered
  };
  // Until an unanswered hello is said again; twice as long each time.
  static constexpr std::chrono::milliseconds kHelloPauseMin{1'000};
  struct Pending {
    Done done;
    IfLost if_lost = IfLost::kForget;
  };
  struct LocalAnswer {
    Done done;
    protocol::Error error;
  };

  void Receive();
  void Handle(transport::Message message);
  void HandleHelloAnswer(const protocol::Response& response);
  void HandleUnasked(const protocol::Response& response);
  void HandleAnswer(Answer answer, Pending pending);
  bool EndsSession(const protocol::Error& error);
  void GiveLocalAnswers();
  void CheckSilence();
  bool SendHello();
  void SayHello();
  void RepeatHello();
  void KeepAlive();
  void Lose(const Error& why);
  void Fence(const protocol::Error& why);
  void ForgetRequests(const Error& why);
  void PauseFor(std::chrono::milliseconds pause);
  void TakeGrant(const protocol::Response& response);
  std::optional<protocol::Error> WhyUnsendable(const protocol::Request& request,
                                               std::size_t payload_bytes) const;
  bool Transmit(protocol::Request& request, const transport::Payload& payload);
  void GiveBackCredit(std::uint64_t request_id);
  std::chrono::milliseconds UntilDue() const;
  std::chrono::milliseconds UnheardMax() const;

  std::unique_ptr<transport::ClientTransport> transport_;
  MakeHello make_hello_;
  SessionEvents& events_;
  Backoff backoff_;

  Phase phase_ = Phase::kPause;
  MonotonicMs now_;
  MonotonicMs next_hello_;
  MonotonicMs hello_again_;  // while one is under way
  std::chrono::milliseconds hello_pause_ = kHelloPauseMin;
  std::chrono::milliseconds unsent_hello_pause_{0};
  bool goodbye_said_ = false;
  std::optional<Error> anew_;
  std::optional<Error> last_error_;
  std::optional<protocol::Error> refusal_;

  Bytes session_;
  google::protobuf::RepeatedPtrField<protocol::VersionRange> broker_apis_;
  std::uint64_t last_request_id_ = 0;  // never starts again: a late answer finds nobody
  std::uint64_t hello_id_ = 0;
  std::map<std::uint64_t, Pending> pending_;
  std::deque<LocalAnswer> local_answers_;

  std::uint64_t granted_bytes_ = 0;  // of this session, as the broker counts
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t gave_back_id_ = 0;  // of the newest request that wanted nothing; 0: all is told
  std::size_t wanted_bytes_ = 0;
  bool say_wanted_ = false;

  MonotonicMs heard_;
  MonotonicMs sent_;
  MonotonicMs kept_alive_;
  // Since when an answer is due and nothing at all was heard.
  std::optional<MonotonicMs> silent_since_;
  bool was_full_ = false;
  std::chrono::milliseconds full_queue_pause_{0};
};

}  // namespace logboom::client
