#include "agent/streams/held_bytes.h"

#include <algorithm>

#include "agent/streams/limits.h"
#include "lib/record/span.h"

namespace logboom::agent {
namespace {

// Released bytes are let go of in steps of this many: each step moves the rest.
constexpr std::size_t kReleaseStep = std::size_t{1} << 20U;

}  // namespace

std::size_t HeldBytes::room() const {
  const auto held = static_cast<std::size_t>(end() - released_);
  return held < kStreamHeldBytesMax ? kStreamHeldBytesMax - held : 0;
}

client::SpanEnd HeldBytes::Seek(SourcePosition position) {
  at_ = std::clamp(position.value(), released_, end());
  return {SourcePosition(at_), WindowAt(at_)};
}

void HeldBytes::Release(SourcePosition durable) {
  released_ = std::clamp(durable.value(), released_, end());
  const std::size_t released = Index(released_);
  if (released < kReleaseStep + record::kWindowBytes) return;
  held_.erase(0, released - record::kWindowBytes);
  base_ = released_ - static_cast<std::int64_t>(record::kWindowBytes);
}

std::uint64_t HeldBytes::WindowAt(std::int64_t position) const {
  const std::size_t index = Index(position);
  const std::size_t size = std::min(index, record::kWindowBytes);
  return record::HashBytes(ByteView(held_).substr(index - size, size));
}

}  // namespace logboom::agent
