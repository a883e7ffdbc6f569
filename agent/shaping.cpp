#include "agent/shaping.h"

#include <algorithm>
#include <array>

#include "lib/base/bytes.h"
#include "lib/record/span.h"

namespace logboom::agent {
namespace {

constexpr std::int64_t kMilliLines = 1'000;
// A header's value may become so much longer.
constexpr std::size_t kLabelGrowthMax = 64;

bool IsInAny(const std::vector<parse::Pattern>& patterns, ByteView text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [text](const parse::Pattern& pattern) { return pattern.IsIn(text); });
}

}  // namespace

LineShaper::LineShaper(std::shared_ptr<const Shaping> shaping) : shaping_(std::move(shaping)) {
  if (shaping_ && shaping_->asks_for_nothing()) shaping_.reset();
}

// ---- which lines

void LineShaper::BeginTurn(std::int64_t size, MonotonicMs now, ShapingState& state) const {
  if (!shaping_ || !shaping_->rate_limit) return;
  if (state.unlimited_until < 0) {
    state.unlimited_until = size;
    state.milli_lines = shaping_->rate_limit->burst * kMilliLines;
  } else if (state.line_at.value() < 0) {
    Refill(now - state.turn_at, now - state.waits_since, state);
  }
  state.turn_at = now;
}

void LineShaper::BeginInLine(std::int64_t position, ShapingState& state) {
  if (state.part_at == position) return;
  state.part_at = position;
  state.part_reason = DropReason::kNone;
}

// Lines that waited came over all that time: what it let through is theirs, beyond the burst.
void LineShaper::Refill(std::int64_t elapsed_ms, std::int64_t waited_ms,
                        ShapingState& state) const {
  constexpr std::int64_t kLongestMs = 86'400'000;
  const RateLimit& limit = *shaping_->rate_limit;
  const std::int64_t rate = limit.lines_per_second;  // a second: a thousandth of it a millisecond
  const std::int64_t full =
      limit.burst * kMilliLines + rate * std::clamp<std::int64_t>(waited_ms, 0, kLongestMs);
  const std::int64_t more = rate * std::clamp<std::int64_t>(elapsed_ms, 0, kLongestMs);
  state.milli_lines = std::min(state.milli_lines + more, full);
}

DropReason LineShaper::Judge(const Piece& piece, const LinePlace& place,
                             ShapingState& state) const {
  if (!shaping_) return DropReason::kNone;
  if (state.part_at == place.position) return state.part_reason;
  return Reason(piece, place, state);
}

DropReason LineShaper::Reason(const Piece& piece, const LinePlace& place,
                              ShapingState& state) const {
  if (IsInAny(shaping_->drop, piece.value)) return DropReason::kDropPattern;
  if (!shaping_->keep.empty() && !IsInAny(shaping_->keep, piece.value)) {
    return DropReason::kNotKept;
  }
  if (IsSampledOut(place)) return DropReason::kSampled;
  return IsLimited(place, state) ? DropReason::kRateLimit : DropReason::kNone;
}

// By its place alone, so that a line read anew is judged alike.
bool LineShaper::IsSampledOut(const LinePlace& place) const {
  if (shaping_->sample == 1) return false;
  std::array<char, Uuid::kSize + sizeof(std::int64_t)> bytes{};
  const ByteView id = place.source_id.bytes();
  std::copy(id.begin(), id.end(), bytes.begin());
  StoreBig(bytes.data() + Uuid::kSize, place.position);
  return record::HashBytes({bytes.data(), bytes.size()}) % shaping_->sample != 0;
}

bool LineShaper::IsLimited(const LinePlace& place, ShapingState& state) const {
  if (!shaping_->rate_limit) return false;
  if (place.own_time) {
    if (state.line_at.value() >= 0) Refill(*place.own_time - state.line_at, 0, state);
    state.line_at = std::max(state.line_at, *place.own_time);
  } else if (place.position < state.unlimited_until) {
    return false;
  }
  return state.milli_lines < kMilliLines;
}

void LineShaper::Done(const Piece& piece, const LinePlace& place, DropReason reason,
                      ShapingState& state) const {
  if (!shaping_) return;
  const bool is_first = state.part_at != place.position;
  if (piece.more) {
    state.part_at = place.position + static_cast<std::int64_t>(piece.consumed);
    state.part_reason = reason;
  }
  const bool counts = place.own_time || place.position >= state.unlimited_until;
  if (shaping_->rate_limit && is_first && counts && reason == DropReason::kNone) {
    state.milli_lines = std::max<std::int64_t>(state.milli_lines - kMilliLines, 0);
  }
}

// ---- what of them

LineShaper::Redacted LineShaper::Redact(ByteView text, std::size_t bytes_max) {
  const std::uint32_t places = shaping_->redaction->Apply(text, bytes_max, text_);
  return {places > 0 ? ByteView(text_) : text, places};
}

std::span<const record::HeaderView> LineShaper::RedactLabels(
    std::span<const record::HeaderView> headers, std::size_t of_file) {
  if (headers.size() == of_file) return headers;
  if (headers.data() != headers_.data()) headers_.assign(headers.begin(), headers.end());
  values_.resize(std::max(values_.size(), headers.size()));
  for (std::size_t i = of_file; i < headers.size(); ++i) {
    if (!headers[i].key.starts_with(record::kLabelHeaderPrefix) || !headers[i].value) continue;
    const ByteView value = *headers[i].value;
    if (shaping_->redaction->Apply(value, value.size() + kLabelGrowthMax, values_[i]) > 0) {
      headers_[i].value = ByteView(values_[i]);
    }
  }
  return headers_;
}

}  // namespace logboom::agent
