#include "agent/content.h"

#include <algorithm>
#include <array>

#include "lib/base/check.h"

namespace logboom::agent {
namespace {

constexpr auto kWindow = static_cast<std::int64_t>(record::kWindowBytes);
constexpr auto kHead = static_cast<std::int64_t>(record::kHeadBytes);

std::int64_t WindowBegin(std::int64_t position) {
  return std::max<std::int64_t>(0, position - kWindow);
}

}  // namespace

std::optional<std::uint64_t> Content::Hash(std::int64_t begin, std::int64_t end) const {
  CHECK(begin >= 0 && begin <= end && end - begin <= kWindow);
  if (end > size_) return std::nullopt;
  std::array<char, record::kWindowBytes> buffer;
  const auto size = static_cast<std::size_t>(end - begin);
  const auto read = file_->PRead(begin, std::span<char>(buffer.data(), size));
  if (!read || *read != size) return std::nullopt;
  return record::HashBytes({buffer.data(), size});
}

Bytes Content::Head() const {
  Bytes head(static_cast<std::size_t>(std::min(size_, kHead)), '\0');
  const auto read = file_->PRead(0, std::span(head));
  if (!read || *read != head.size()) head.clear();
  return head;
}

std::optional<std::uint64_t> Content::WindowBefore(SourcePosition position) const {
  return Hash(WindowBegin(position.value()), position.value());
}

bool HeadMatches(const Content& content, const FileHead& head) {
  if (head.bytes == 0) return true;
  if (head.bytes > record::kHeadBytes) return false;
  return content.Hash(0, head.bytes) == head.hash;
}

bool WindowMatches(const Content& content, const client::SpanEnd& at) {
  if (at.end.value() <= 0) return true;
  return content.WindowBefore(at.end) == at.window;
}

bool HoldsUpTo(const Content& content, const FileHead& head, const client::SpanEnd& at) {
  return content.size() >= at.end.value() && HeadMatches(content, head) &&
         WindowMatches(content, at);
}

std::size_t ProofBytes(const FileHead& head, SourcePosition at) {
  return std::max(std::size_t{head.bytes},
                  static_cast<std::size_t>(std::clamp<std::int64_t>(at.value(), 0, kWindow)));
}

std::optional<client::SpanEnd> NewestEndInside(const Content& content,
                                               std::span<const client::SpanEnd> recent) {
  for (auto end = recent.rbegin(); end != recent.rend(); ++end) {
    if (end->end.value() <= 0 || end->end.value() > content.size()) continue;
    if (WindowMatches(content, *end)) return *end;
    return std::nullopt;  // the newest decides
  }
  return std::nullopt;
}

bool MayBeCopy(const Content& content, const Content& original) {
  const std::int64_t size = content.size();
  if (size > original.size()) return false;
  const std::int64_t head = std::min(size, kHead);
  const auto head_hash = content.Hash(0, head);
  if (!head_hash || head_hash != original.Hash(0, head)) return false;
  const auto tail_hash = content.Hash(WindowBegin(size), size);
  return tail_hash && tail_hash == original.Hash(WindowBegin(size), size);
}

FileHead TakeHead(const Content& content) {
  const std::int64_t bytes = std::min(content.size(), kHead);
  const auto hash = content.Hash(0, bytes);
  if (!hash) return {.bytes = 0, .hash = record::HashBytes({})};
  return {.bytes = static_cast<std::uint32_t>(bytes), .hash = *hash};
}

}  // namespace logboom::agent
