#include "lib/parse/arena.h"

#include <algorithm>

#include "lib/parse/limits.h"

namespace logboom::parse {
namespace {

constexpr std::size_t kFirstBlockBytes = 4'096;

}  // namespace

char* Arena::Take(std::size_t bytes) {
  if (blocks_.empty() || blocks_.back().size - used_ < bytes) {
    const std::size_t doubled = blocks_.empty() ? kFirstBlockBytes : 2 * blocks_.back().size;
    const std::size_t size = std::max(bytes, std::min(doubled, kArenaBytesKept));
    // NOLINTNEXTLINE(modernize-make-unique): make_unique would write zeros over all of it.
    blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
    used_ = 0;
  }
  char* const taken = blocks_.back().bytes.get() + used_;
  used_ += bytes;
  return taken;
}

ByteView Arena::Join(std::initializer_list<ByteView> parts) {
  std::size_t bytes = 0;
  for (const ByteView part : parts) bytes += part.size();
  char* const taken = Take(bytes);
  char* at = taken;
  for (const ByteView part : parts) at = std::copy(part.begin(), part.end(), at);
  return {taken, bytes};
}

void Arena::Clear() {
  used_ = 0;
  if (blocks_.empty()) return;
  if (blocks_.size() > 1) {  // the last is the largest of those that double
    std::swap(blocks_.front(), blocks_.back());
    blocks_.resize(1);
  }
  if (blocks_.front().size > kArenaBytesKept) blocks_.clear();
}

}  // namespace logboom::parse
