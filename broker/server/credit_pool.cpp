#include "broker/server/credit_pool.h"

#include <algorithm>
#include <utility>

namespace logboom::broker {

void CreditPool::Open(const Uuid& session) { accounts_.try_emplace(session); }

void CreditPool::Close(const Uuid& session) {
  auto found = accounts_.find(session);
  if (found == accounts_.end()) return;
  held_ -= found->second.held();
  accounts_.erase(found);
  std::erase(waiting_, session);
  ServeWaiting();
}

void CreditPool::Want(const Uuid& session, std::uint64_t bytes) {
  auto found = accounts_.find(session);
  if (found == accounts_.end()) return;
  Account& account = found->second;
  account.wanted = std::min(bytes, limits_.session_bytes_max);
  if (bytes == 0) {
    held_ -= account.granted - account.received;
    account.granted = account.received;
    ServeWaiting();
    return;
  }
  if (!Grant(account) && !account.waiting) {
    account.waiting = true;
    waiting_.push_back(session);
  }
}

bool CreditPool::Receive(const Uuid& session, std::uint64_t bytes) {
  auto found = accounts_.find(session);
  if (found == accounts_.end()) return false;
  Account& account = found->second;
  if (account.received + bytes > account.granted) return false;
  account.received += bytes;
  return true;
}

void CreditPool::Finish(const Uuid& session, std::uint64_t bytes) {
  auto found = accounts_.find(session);
  if (found == accounts_.end()) return;
  found->second.finished += bytes;
  held_ -= bytes;
  // Those who wait come first: a session with credit goes on with what it holds.
  ServeWaiting();
  const std::uint64_t before = found->second.granted;
  if (!Grant(found->second) && !found->second.waiting) {
    found->second.waiting = true;
    waiting_.push_back(session);
  }
  // Not every produce is answered (acks = none).
  if (found->second.granted > before) raised_.push_back(session);
}

std::uint64_t CreditPool::granted(const Uuid& session) const {
  auto found = accounts_.find(session);
  return found == accounts_.end() ? 0 : found->second.granted;
}

std::vector<Uuid> CreditPool::TakeRaised() {
  std::vector<Uuid> raised = std::exchange(raised_, {});
  std::sort(raised.begin(), raised.end());
  raised.erase(std::unique(raised.begin(), raised.end()), raised.end());
  return raised;
}

// An equal part of the budget for every session, but never less than one batch.
std::uint64_t CreditPool::Share() const {
  const std::uint64_t sessions = std::max<std::uint64_t>(1, accounts_.size());
  return std::max(limits_.grant_bytes_min, limits_.budget_bytes / sessions);
}

bool CreditPool::Grant(Account& account) {
  const std::uint64_t target = std::min(account.wanted, Share());
  if (account.held() >= target) return true;
  const std::uint64_t missing = target - account.held();
  const std::uint64_t free = limits_.budget_bytes - std::min(limits_.budget_bytes, held_);
  // All or nothing: a grant that no batch fits into would be held for nothing.
  if (free < missing) return false;
  account.granted += missing;
  held_ += missing;
  return true;
}

void CreditPool::ServeWaiting() {
  while (!waiting_.empty()) {
    const Uuid session = waiting_.front();
    auto found = accounts_.find(session);
    if (found != accounts_.end()) {
      const std::uint64_t before = found->second.granted;
      if (!Grant(found->second)) return;
      found->second.waiting = false;
      if (found->second.granted > before) raised_.push_back(session);
    }
    waiting_.pop_front();
  }
}

}  // namespace logboom::broker
