// Committed offsets of groups that sleep for too long are forgotten.
//
// Sleep is counted, not computed from two times of day: a clock that jumps, or is wrong at the
// start, can't make a group old. A group sleeps while it has neither members nor a commit and a
// broker runs; each look adds what the monotonic clock went on since the one before, and never more
// than kSleepStepMsMax, so that a broker that stood still adds nothing either.
#include <algorithm>
#include <utility>

#include "broker/groups/group_sleep.h"
#include "broker/groups/groups.h"
#include "broker/groups/limits.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kSleepIntervalMs = 60'000;
constexpr std::int64_t kSleepStepMsMax = 2 * kSleepIntervalMs;
// A crash takes so much of a sleep away.
constexpr std::int64_t kSleepStoreMs = 3'600'000;

}  // namespace

void Groups::LoadSleep(const std::vector<MetadataRow>& rows) {
  MetadataTransaction forget;
  for (const MetadataRow& row : rows) {
    const auto sleep = DecodeGroupSleepRow(row.key, row.value);
    Entry* entry = sleep.ok() ? Find(sleep->group) : nullptr;
    const auto is_newer = [&sleep](const auto& one) {
      return one.second.committed && one.second.committed->time > sleep->as_of;
    };
    if (entry == nullptr || std::ranges::any_of(entry->offsets, is_newer)) {
      forget.Remove(Table::kGroupSleep, row.key);
      continue;
    }
    entry->slept_ms = entry->slept_stored_ms = sleep->slept_ms;
  }
  if (!forget.writes.empty()) log_.Commit(std::move(forget), [](const Status&) {});
}

void Groups::WakeUp(Entry& entry) { entry.slept_ms = 0; }

std::optional<std::int64_t> Groups::ExpiresInMs(const Entry& entry) const {
  if (options_.offsets_retention_ms == 0 || !entry.group.members().empty()) return std::nullopt;
  return std::max<std::int64_t>(1, options_.offsets_retention_ms - entry.slept_ms);
}

void Groups::CountSleep(Instant now) {
  if (now.monotonic < next_sleep_count_) return;
  const std::int64_t passed_ms =
      next_sleep_count_ == MonotonicMs{} ? 0 : now.monotonic - next_sleep_count_ + kSleepIntervalMs;
  next_sleep_count_ = now.monotonic + kSleepIntervalMs;
  MetadataTransaction store;
  std::vector<std::string> expired;
  for (auto& [name, entry] : groups_) {
    if (entry.group.members().empty()) entry.slept_ms += std::min(passed_ms, kSleepStepMsMax);
    const bool old = ExpiresInMs(entry) == 1 && !entry.expiring;
    if (old && expired.size() < kExpiredGroupsMax) expired.push_back(name);
    StoreSleep(name, entry, now.wall, store);
  }
  if (!store.writes.empty()) log_.Commit(std::move(store), [](const Status&) {});
  for (const std::string& name : expired) Expire(name);
}

// Where this fails the next start counts from the row before.
void Groups::StoreSleep(const std::string& name, Entry& entry, TimestampMs now,
                        MetadataTransaction& store) {
  if (store.writes.size() >= kExpiredGroupsMax) return;
  if (entry.slept_ms < entry.slept_stored_ms) {
    store.Remove(Table::kGroupSleep, name);
    entry.slept_stored_ms = 0;
  } else if (entry.slept_ms - entry.slept_stored_ms >= kSleepStoreMs) {
    store.Put(Table::kGroupSleep, name, EncodeGroupSleep({name, entry.slept_ms, now}));
    entry.slept_stored_ms = entry.slept_ms;
  }
}

void Groups::Expire(const std::string& name) {
  Entry* entry = Find(name);
  if (entry == nullptr) return;
  entry->expiring = true;
  const auto offsets = static_cast<std::uint64_t>(std::ranges::count_if(
      entry->offsets, [](const auto& one) { return !!one.second.committed; }));
  auto taken = Delete(name, [this, name, offsets](const Status& stored) {
    if (Entry* still = Find(name)) still->expiring = false;
    if (!stored.ok()) return;  // again at the next count
    ++counters_.groups_expired;
    counters_.offsets_expired += offsets;
  });
  if (!taken) entry->expiring = false;  // it has members again
}

}  // namespace logboom::broker
