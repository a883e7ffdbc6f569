#include "lib/client/session.h"

#include <algorithm>
#include <utility>

namespace logboom::client {

namespace {

using std::chrono::milliseconds;

// Another machine holds this agent id: it may fall silent.
constexpr milliseconds kIdInUsePause{5'000};
// While nothing is connected, a hello can't even be queued.
constexpr milliseconds kUnsentHelloPauseMax{100};
// Nothing tells when a full queue has room again: it is tried again, twice as late each time.
constexpr milliseconds kFullQueuePauseMin{5};
constexpr milliseconds kFullQueuePauseMax{80};

milliseconds Between(MonotonicMs from, MonotonicMs to) { return milliseconds{to - from}; }

}  // namespace

Session::Session(std::unique_ptr<transport::ClientTransport> transport, MakeHello make_hello,
                 SessionEvents& events, Random& random)
    : transport_(std::move(transport)),
      make_hello_(std::move(make_hello)),
      events_(events),
      backoff_(random) {}

void Session::Poll(Instant now) {
  now_ = now.monotonic;
  full_queue_pause_ =
      was_full_ ? std::min(full_queue_pause_ * 2, kFullQueuePauseMax) : kFullQueuePauseMin;
  was_full_ = false;
  Receive();
  GiveLocalAnswers();
  if (phase_ == Phase::kEnded) return;
  if (anew_) {
    const Error why = *std::exchange(anew_, std::nullopt);
    if (live()) Lose(why);
    PauseFor(milliseconds{0});
  }
  CheckSilence();
  if (phase_ == Phase::kPause && now_ >= next_hello_) SayHello();
  if (phase_ == Phase::kHello && now_ >= hello_again_) RepeatHello();
  if (live()) KeepAlive();
}

void Session::Wait(milliseconds timeout, std::span<const int> descriptors) {
  transport_->Wait(std::min(timeout, UntilDue()), descriptors);
}

milliseconds Session::UntilDue() const {
  if (anew_ || !local_answers_.empty()) return milliseconds{0};
  if (was_full_) return UntilRoom();
  if (live() && say_wanted_) return milliseconds{0};
  switch (phase_) {
    case Phase::kPause: return std::max(milliseconds{0}, Between(now_, next_hello_));
    case Phase::kHello: {
      const MonotonicMs given_up = After(*silent_since_, protocol::kBrokerSilenceMax);
      return std::max(milliseconds{0}, Between(now_, std::min(hello_again_, given_up)));
    }
    case Phase::kLive: {
      const MonotonicMs quiet = After(sent_, protocol::kKeepAliveInterval);
      const MonotonicMs unheard = After(std::max(heard_, kept_alive_), UnheardMax());
      return std::max(milliseconds{0}, Between(now_, std::min(quiet, unheard)));
    }
    case Phase::kEnded: break;
  }
  return milliseconds::max();
}

// ---- what comes

void Session::Receive() {
  while (auto message = transport_->Receive()) Handle(*std::move(message));
}

void Session::Handle(transport::Message message) {
  Answer answer;
  if (phase_ == Phase::kEnded || !protocol::ParseResponse(message.envelope, answer.response))
    return;
  answer.payload = std::move(message.payload);
  const std::uint64_t id = answer.response.request_id();
  if (phase_ == Phase::kHello && id == hello_id_) return HandleHelloAnswer(answer.response);
  if (!live()) return;
  if (id == 0) return HandleUnasked(answer.response);
  auto found = pending_.extract(id);
  if (!found.empty()) HandleAnswer(std::move(answer), std::move(found.mapped()));
}

void Session::HandleHelloAnswer(const protocol::Response& response) {
  silent_since_.reset();
  hello_pause_ = kHelloPauseMin;
  if (response.has_error()) {
    if (response.error().code() == protocol::FENCED) return Fence(response.error());
    refusal_ = response.error();
    last_error_ = protocol::FromWire(response.error());
    const milliseconds pause =
        response.error().code() == protocol::AGENT_ID_IN_USE ? kIdInUsePause : backoff_.Next();
    PauseFor(pause);
    return events_.HelloRefused(response.error());
  }
  refusal_.reset();
  last_error_.reset();
  session_ = response.hello().session();
  broker_apis_ = response.hello().apis();
  granted_bytes_ = response.credit_granted_bytes();
  sent_bytes_ = 0;
  gave_back_id_ = 0;
  say_wanted_ = false;
  heard_ = now_;
  kept_alive_ = now_;
  phase_ = Phase::kLive;
  events_.SessionStarted(response.hello());
}

void Session::HandleUnasked(const protocol::Response& response) {
  heard_ = now_;
  silent_since_.reset();
  TakeGrant(response);
  if (response.has_error()) EndsSession(response.error());
}

void Session::HandleAnswer(Answer answer, Pending pending) {
  heard_ = now_;
  silent_since_.reset();
  TakeGrant(answer.response);
  if (!answer.ok() && EndsSession(answer.response.error())) {
    if (pending.if_lost == IfLost::kTell && pending.done) pending.done(answer.error());
    return;
  }
  backoff_.Reset();  // the broker serves: only now a lost session is worth a quick retry
  if (pending.done) pending.done(std::move(answer));
}

bool Session::EndsSession(const protocol::Error& error) {
  switch (error.code()) {
    case protocol::FENCED: Fence(error); return true;
    case protocol::NO_SESSION:
    case protocol::CREDIT_EXCEEDED:
    case protocol::STORAGE_FAILED:
    case protocol::SHUTTING_DOWN:
    case protocol::NOT_PRIMARY: Lose(protocol::FromWire(error)); return true;
    default: return false;
  }
}

void Session::GiveLocalAnswers() {
  if (local_answers_.empty()) return;
  for (auto answers = std::exchange(local_answers_, {}); auto& [done, error] : answers) {
    Answer answer;
    *answer.response.mutable_error() = error;
    done(std::move(answer));
  }
}

void Session::TakeGrant(const protocol::Response& response) {
  // Grants told before the broker took back the rest count no more.
  if (response.request_id() < gave_back_id_) return;
  gave_back_id_ = 0;
  granted_bytes_ = std::max(granted_bytes_, response.credit_granted_bytes());
}

// ---- what time brings

void Session::CheckSilence() {
  if (!silent_since_ || Between(*silent_since_, now_) < protocol::kBrokerSilenceMax) return;
  const Error why = Fail(ErrorCode::kTimeout, "the broker at {} has not answered for {} s",
                         address(), protocol::kBrokerSilenceMax.count() / 1'000);
  const bool was_live = live();
  transport_->Reconnect();
  silent_since_.reset();
  if (was_live) return Lose(why);
  last_error_ = why;
  PauseFor(backoff_.Next());
}

bool Session::SendHello() {
  protocol::Request request;
  *request.mutable_hello() = make_hello_();
  protocol::AddSupportedApis(*request.mutable_hello()->mutable_apis());
  session_.clear();
  if (!Transmit(request, {})) return false;
  hello_id_ = request.request_id();
  return true;
}

void Session::SayHello() {
  if (!SendHello()) {
    was_full_ = false;
    last_error_ = Fail(ErrorCode::kUnavailable, "no broker is reached at {}", address());
    unsent_hello_pause_ =
        std::clamp(unsent_hello_pause_ * 2, milliseconds{1}, kUnsentHelloPauseMax);
    return PauseFor(unsent_hello_pause_);
  }
  unsent_hello_pause_ = milliseconds{0};
  last_error_ = Fail(ErrorCode::kTimeout, "the broker at {} has not answered the hello", address());
  silent_since_ = now_;
  phase_ = Phase::kHello;
  hello_again_ = After(now_, hello_pause_);
}

// A broker that ended with the hello in its hands is another one now, on the same connection as far
// as anybody can see. One that is only slow answers the newest hello alone: so the pause doubles,
// from connection to connection, until one is answered.
void Session::RepeatHello() {
  hello_pause_ = std::min(hello_pause_ * 2, protocol::kBrokerSilenceMax);
  hello_again_ = After(now_, hello_pause_);
  if (!SendHello()) was_full_ = false;
}

// While an answer is awaited the broker is asked sooner: it may have restarted, and know nothing of
// what it was sent.
milliseconds Session::UnheardMax() const {
  return pending_.empty() ? protocol::kKeepAliveInterval : protocol::kProbeInterval;
}

void Session::KeepAlive() {
  const bool quiet = Between(sent_, now_) >= protocol::kKeepAliveInterval;
  const bool unheard = Between(std::max(heard_, kept_alive_), now_) >= UnheardMax();
  if (!quiet && !unheard && !say_wanted_) return;
  protocol::Request request;
  request.mutable_keep_alive();
  // An answer of any kind counts as heard: nobody waits for this one.
  if (Send(
          std::move(request), {}, [](const Result<Answer>&) {}, IfLost::kForget)) {
    kept_alive_ = now_;
  }
}

void Session::PauseFor(milliseconds pause) {
  phase_ = Phase::kPause;
  next_hello_ = After(now_, pause);
}

void Session::Lose(const Error& why) {
  last_error_ = why;
  silent_since_.reset();
  if (goodbye_said_) {
    phase_ = Phase::kEnded;
    return ForgetRequests(why);
  }
  PauseFor(backoff_.Next());
  ForgetRequests(why);
  events_.SessionLost(why);
}

void Session::Fence(const protocol::Error& why) {
  phase_ = Phase::kEnded;
  refusal_ = why;
  last_error_ = protocol::FromWire(why);
  silent_since_.reset();
  ForgetRequests(*last_error_);
  events_.SessionFenced(why);
}

void Session::ForgetRequests(const Error& why) {
  for (auto forgotten = std::exchange(pending_, {}); auto& [id, pending] : forgotten) {
    if (pending.if_lost == IfLost::kTell && pending.done) pending.done(why);
  }
}

// ---- what goes

std::size_t Session::credit_bytes() const {
  if (!live() || granted_bytes_ <= sent_bytes_) return 0;
  return granted_bytes_ - sent_bytes_;
}

void Session::SetWantedCredit(std::size_t bytes) {
  if (wanted_bytes_ == 0 && bytes > 0) say_wanted_ = true;
  wanted_bytes_ = bytes;
}

bool Session::SayGoodbye() {
  if (!live()) phase_ = Phase::kEnded;
  if (phase_ == Phase::kEnded || goodbye_said_) return phase_ == Phase::kEnded;
  protocol::Request request;
  request.mutable_goodbye();
  goodbye_said_ = Send(
      std::move(request), {}, [this](const Result<Answer>&) { phase_ = Phase::kEnded; },
      IfLost::kForget);
  return false;
}

bool Session::Send(protocol::Request request, const transport::Payload& payload, Done done,
                   IfLost if_lost) {
  if (!live() || payload.size() > credit_bytes()) return false;
  if (auto why = WhyUnsendable(request, payload.size())) {
    if (done) local_answers_.push_back({std::move(done), *std::move(why)});
    return true;
  }
  if (!Transmit(request, payload)) return false;
  sent_bytes_ += payload.size();
  if (wanted_bytes_ == 0) GiveBackCredit(request.request_id());
  if (done) {
    pending_[request.request_id()] = {.done = std::move(done), .if_lost = if_lost};
    if (!silent_since_) silent_since_ = now_;
  }
  return true;
}

// By wanting nothing: the broker takes back what was not used once it reads that request. An answer
// to it, or to a later one, tells what holds from then on.
void Session::GiveBackCredit(std::uint64_t request_id) {
  gave_back_id_ = request_id;
  granted_bytes_ = sent_bytes_;
}

std::optional<protocol::Error> Session::WhyUnsendable(const protocol::Request& request,
                                                      std::size_t payload_bytes) const {
  const auto api = static_cast<std::uint32_t>(request.body_case());
  if (!broker_apis_.empty() && !protocol::NewestCommonVersion(api, broker_apis_)) {
    return protocol::MakeError(
        protocol::UNSUPPORTED,
        fmt::format("the broker at {} and this program share no version of '{}': update the older",
                    address(), protocol::FindApi(api)->name));
  }
  // Session, id, version and credit are yet to come.
  constexpr std::size_t kEnvelopeMargin = 128;
  const std::size_t bytes = request.ByteSizeLong() + kEnvelopeMargin + payload_bytes;
  if (bytes > transport::kMessageBytesMax) {
    return protocol::MakeError(protocol::MESSAGE_TOO_LARGE,
                               fmt::format("a request of {} bytes: a message holds {} at most",
                                           bytes, transport::kMessageBytesMax));
  }
  return std::nullopt;
}

bool Session::Transmit(protocol::Request& request, const transport::Payload& payload) {
  const auto api = static_cast<std::uint32_t>(request.body_case());
  request.set_session(session_);
  request.set_request_id(++last_request_id_);
  request.set_version(protocol::NewestCommonVersion(api, broker_apis_).value_or(1));
  request.set_want_credit_bytes(wanted_bytes_);
  const auto outcome =
      transport_->Send({.envelope = protocol::Encode(request), .payload = payload});
  if (outcome != transport::SendOutcome::kSent) {
    was_full_ = true;
    return false;
  }
  sent_ = now_;
  say_wanted_ = false;
  return true;
}

}  // namespace logboom::client
