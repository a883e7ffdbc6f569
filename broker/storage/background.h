// Long work on files that no longer change (scrubbing, rewriting, compaction), beside the loop.
//
// A piece of work runs on the worker's thread and gives back what is to be done with its outcome: a
// continuation, which the loop calls. So the work may read sealed segments and write files under
// temporary names; what the broker goes by changes in the continuation alone.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>

namespace logboom::broker {

// Submit and FinishDone are called from the loop thread. Destruction asks the work under way to
// stop, waits for it, and drops what has not begun and every continuation.
class BackgroundWorker {
 public:
  using Continuation = std::function<void()>;  // may be empty
  // Looks at the token now and then, at least every few hundred milliseconds. It shares nothing
  // with the loop but what does not change.
  using Work = std::function<Continuation(const std::stop_token&)>;

  virtual ~BackgroundWorker() = default;
  // Works are done one at a time, in order.
  virtual void Submit(Work work) = 0;
  // Calls the continuations of all that is done by now. They may submit more.
  virtual void FinishDone() = 0;
  // Works whose continuation has not been called.
  virtual std::size_t pending() const = 0;
};

// On a thread of its own, niced; calls `wake_up` from it when a work is done.
std::unique_ptr<BackgroundWorker> MakeThreadBackgroundWorker(std::function<void()> wake_up);

// Works within FinishDone, one each call: for tests and the simulator.
std::unique_ptr<BackgroundWorker> MakeInlineBackgroundWorker();

}  // namespace logboom::broker
