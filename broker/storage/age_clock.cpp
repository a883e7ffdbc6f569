#include "broker/storage/age_clock.h"

#include <algorithm>
#include <utility>

#include "lib/base/byte_list.h"
#include "lib/segment/slot_file.h"

namespace logboom::broker {
namespace {

// How long a comparison of the two clocks goes on before a new one begins: so long a clock may
// take for kStepMax and still pass for slewed.
constexpr std::int64_t kCompareMs = 10 * 60'000;

constexpr segment::SlotFormat kFormat{.magic = "LBac", .version = 1};

std::string PathOf(const std::string& data_directory) {
  return fmt::format("{}/clock", data_directory);
}

// When the broker surely ran. It stores what it sees every minute: a record from long after that,
// or from the future, was appended while the clock was ahead.
TimestampMs LastSeen(TimestampMs stored, TimestampMs newest_append, TimestampMs now) {
  const bool first = stored < TimestampMs{0};
  if (newest_append > now || (!first && newest_append - stored > AgeClock::kStopMax)) return stored;
  return std::max(stored, newest_append);
}

}  // namespace

AgeClock::AgeClock(AgeClockState stored, TimestampMs newest_append, Instant now)
    : base_(now), now_(now), jumps_(std::move(stored.jumps)) {
  if (jumps_.size() > kJumpsMax) jumps_.erase(jumps_.begin(), jumps_.end() - kJumpsMax);
  const TimestampMs evidence = LastSeen(stored.seen, newest_append, now.wall);
  if (evidence < TimestampMs{0}) return;
  const std::int64_t stopped_ms = now.wall - evidence;
  if (stopped_ms > kStopMax) Forward(evidence, stopped_ms);
  if (stopped_ms < -kStopMax) Back(-stopped_ms);
}

void AgeClock::Observe(Instant now) {
  const std::int64_t passed_ms = now.monotonic - base_.monotonic;
  const TimestampMs expected = base_.wall + passed_ms;
  const std::int64_t off_ms = now.wall - expected;
  if (off_ms > kStepMax) Forward(expected, off_ms);
  if (off_ms < -kStepMax) Back(-off_ms);
  if (off_ms > kStepMax || off_ms < -kStepMax || passed_ms >= kCompareMs) base_ = now;
  now_ = now;
}

std::int64_t AgeClock::AgeMs(TimestampMs appended) const {
  std::int64_t age_ms = now_.wall - appended;
  for (const ClockJump& jump : jumps_) {
    if (jump.at >= appended) age_ms -= jump.by_ms;
  }
  return age_ms;
}

std::int64_t AgeClock::skipped_ms() const {
  std::int64_t sum_ms = 0;
  for (const ClockJump& jump : jumps_) sum_ms += jump.by_ms;
  return sum_ms;
}

AgeClockState AgeClock::TakeState() {
  jumped_ = false;
  return {now_.wall, jumps_};
}

void AgeClock::Forward(TimestampMs at, std::int64_t by_ms) {
  jumps_.push_back({at, by_ms});
  if (jumps_.size() > kJumpsMax) {
    jumps_[1].by_ms += jumps_[0].by_ms;
    jumps_.erase(jumps_.begin());
  }
  jumped_ = true;
}

// A clock that comes back takes back what it skipped, the newest first.
void AgeClock::Back(std::int64_t by_ms) {
  while (by_ms > 0 && !jumps_.empty()) {
    const std::int64_t taken_ms = std::min(by_ms, jumps_.back().by_ms);
    by_ms -= taken_ms;
    jumps_.back().by_ms -= taken_ms;
    if (jumps_.back().by_ms == 0) jumps_.pop_back();
  }
  jumped_ = true;
}

Result<AgeClockState> ReadAgeClock(file::FileSystem& fs, const std::string& data_directory) {
  const Result<segment::SlotValue> slot = segment::ReadSlots(fs, PathOf(data_directory), kFormat);
  if (!slot.ok()) return slot.error();
  ByteReader reader(slot->payload);
  AgeClockState state;
  state.seen = TimestampMs(reader.Int<std::int64_t>());
  state.jumps = ReadList<std::uint32_t>(reader, [](ByteReader& in) {
    const TimestampMs at(in.Int<std::int64_t>());
    return ClockJump{at, in.Int<std::int64_t>()};
  });
  const bool all_forward = std::all_of(state.jumps.begin(), state.jumps.end(),
                                       [](const ClockJump& jump) { return jump.by_ms > 0; });
  if (!reader.done() || !all_forward) {
    return Fail(ErrorCode::kCorrupt, "{}: its jumps can't be", PathOf(data_directory));
  }
  return state;
}

Status WriteAgeClock(file::FileSystem& fs, const std::string& data_directory,
                     const AgeClockState& state) {
  Bytes payload;
  ByteWriter writer(payload);
  writer.Int(state.seen.value());
  writer.Int(static_cast<std::uint32_t>(state.jumps.size()));
  for (const ClockJump& jump : state.jumps) {
    writer.Int(jump.at.value());
    writer.Int(jump.by_ms);
  }
  static_assert(12 + 16 * AgeClock::kJumpsMax <= segment::kSlotPayloadBytesMax);
  return segment::WriteSlot(fs, PathOf(data_directory), kFormat, payload);
}

}  // namespace logboom::broker
