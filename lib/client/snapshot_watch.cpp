#include "lib/client/snapshot_watch.h"

#include <algorithm>
#include <utility>

#include "lib/client/session.h"
#include "lib/client/snapshot_pages.h"
#include "lib/client/wire_descriptions.h"

namespace logboom::client {

namespace {

using std::chrono::milliseconds;

}  // namespace

struct SnapshotWatch::State final : public SessionEvents {
  State(std::unique_ptr<transport::ClientTransport> transport, SnapshotWatchOptions watch_options,
        Random& random)
      : options(std::move(watch_options)),
        session(
            std::move(transport), [this] { return HelloOf(options.identity); }, *this, random) {}

  void SessionStarted(const protocol::HelloResponse& hello) override {
    identity = IdentityOf(session.address(), hello);
    due.reset();
  }
  void SessionLost(const Error& /*why*/) override {
    pages = {};
    asked_at.reset();
  }
  void HelloRefused(const protocol::Error& /*why*/) override {}
  void SessionFenced(const protocol::Error& /*why*/) override {}

  void Poll(Instant instant) {
    now = instant.monotonic;
    session.Poll(instant);
    if (!session.live()) return;
    if (asked_at) return CheckAnswer();
    if (!pages.begun()) {
      if (due && now < *due) return;
      due = After(now, options.interval);
    }
    Ask();
  }

  void CheckAnswer() {
    if (now < After(*asked_at, options.answer_timeout)) return;
    session.StartAnew(Fail(ErrorCode::kTimeout, "the broker at {} gave no snapshot for {} ms",
                           session.address(), options.answer_timeout.count()));
  }

  void Ask() {
    const bool sent = session.Send(
        pages.NextRequest(), {},
        [this](const Result<Answer>& answer) {
          asked_at.reset();
          if (answer.ok()) Take(*answer);
        },
        IfLost::kForget);
    if (sent) asked_at = now;
  }

  void Take(const Answer& answer) {
    Status added = answer.ok() ? pages.Add(answer.response.snapshot()) : answer.error();
    if (!added.ok()) {
      // The next one is due when it would be after a good one: a broker that refuses is not asked
      // in a hot loop.
      error = std::move(added).error();
      pages = {};
    } else if (pages.complete()) {
      error.reset();
      newest = pages.Take();
    }
  }

  milliseconds UntilDue() const {
    if (newest) return milliseconds{0};
    if (!session.live()) return milliseconds::max();
    if (asked_at) return Until(After(*asked_at, options.answer_timeout));
    // What could not be sent, the session tries to send again soon.
    return due && now < *due ? Until(*due) : milliseconds::max();
  }
  milliseconds Until(MonotonicMs time) const {
    return std::max(milliseconds{0}, milliseconds{time - now});
  }

  SnapshotWatchOptions options;
  MonotonicMs now;
  std::optional<MonotonicMs> due;       // of the next snapshot; nothing: at once
  std::optional<MonotonicMs> asked_at;  // while an answer is awaited
  SnapshotPages pages;
  std::optional<Snapshot> newest;
  std::optional<Error> error;
  std::optional<BrokerIdentity> identity;
  Session session;
};

SnapshotWatch::SnapshotWatch(std::unique_ptr<transport::ClientTransport> transport,
                             SnapshotWatchOptions options, Random& random)
    : state_(std::make_unique<State>(std::move(transport), std::move(options), random)) {}
SnapshotWatch::~SnapshotWatch() { state_->session.SayGoodbye(); }

void SnapshotWatch::Poll(Instant now) { state_->Poll(now); }

void SnapshotWatch::Wait(milliseconds timeout, std::span<const int> descriptors) {
  state_->session.Wait(std::min(timeout, state_->UntilDue()), descriptors);
}

std::optional<Snapshot> SnapshotWatch::Take() {
  return std::exchange(state_->newest, std::nullopt);
}

bool SnapshotWatch::connected() const { return state_->session.live(); }

std::optional<Error> SnapshotWatch::last_error() const {
  if (!connected()) return state_->session.last_error();
  return state_->error;
}

const std::optional<BrokerIdentity>& SnapshotWatch::identity() const { return state_->identity; }

}  // namespace logboom::client
