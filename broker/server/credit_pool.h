// Flow control: how many payload bytes each session may have under way to us, out of one receive
// budget.
//
// A session's credit is what it was granted less what it has sent and we have finished with.
// Sessions that want more than they hold get a fair share; those that must wait are served in turn
// as bytes come back. The sum of all credit never exceeds the budget, so that peers can't fill our
// memory.
//
// One owner, one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "lib/base/uuid.h"

namespace logboom::broker {

struct CreditLimits {
  std::uint64_t budget_bytes = std::uint64_t{128} << 20U;
  // The most that one session holds.
  std::uint64_t session_bytes_max = std::uint64_t{16} << 20U;
  // The least that is worth granting at a time: one batch of the largest size.
  std::uint64_t grant_bytes_min = std::uint64_t{2} << 20U;
};

class CreditPool {
 public:
  explicit CreditPool(CreditLimits limits) : limits_(limits) {}

  void Open(const Uuid& session);
  // All that it held goes back.
  void Close(const Uuid& session);

  // What the session would like to hold; grants what there is. 0 gives back what it has not used:
  // an idle session holds nothing.
  void Want(const Uuid& session, std::uint64_t bytes);
  // `bytes` of payload arrived. False: more than was granted; the session must end.
  bool Receive(const Uuid& session, std::uint64_t bytes);
  // We are done with `bytes` that arrived: they are granted anew, here or to others.
  void Finish(const Uuid& session, std::uint64_t bytes);

  // Cumulative grant of the session, as the protocol tells it.
  std::uint64_t granted(const Uuid& session) const;
  // Sessions whose grant has risen since the last call without their asking: they must be told.
  std::vector<Uuid> TakeRaised();

  std::uint64_t held_bytes() const { return held_; }

 private:
  struct Account {
    std::uint64_t granted = 0;   // cumulative, less what was given back
    std::uint64_t received = 0;  // cumulative
    std::uint64_t finished = 0;  // cumulative
    std::uint64_t wanted = 0;
    bool waiting = false;
    std::uint64_t held() const { return granted - finished; }
  };

  // Grants up to what the session wants, within its share; true if it got what it wanted.
  bool Grant(Account& account);
  void ServeWaiting();
  std::uint64_t Share() const;

  CreditLimits limits_;
  std::unordered_map<Uuid, Account> accounts_;
  std::deque<Uuid> waiting_;
  std::vector<Uuid> raised_;
  std::uint64_t held_ = 0;
};

}  // namespace logboom::broker
