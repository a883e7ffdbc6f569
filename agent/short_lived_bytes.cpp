#include "agent/short_lived_bytes.h"

#include <algorithm>

namespace logboom::agent {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{64} << 10U;

}  // namespace

std::shared_ptr<const char> ShortLivedBytes::Keep(ByteView bytes) {
  if (bytes.empty()) return nullptr;
  std::shared_ptr<char[]> block = block_.lock();
  if (!block || used_ + bytes.size() > kBlockBytes) {
    block = std::make_shared_for_overwrite<char[]>(std::max(kBlockBytes, bytes.size()));
    block_ = block;
    used_ = 0;
  }
  char* const at = block.get() + used_;
  std::copy(bytes.begin(), bytes.end(), at);
  used_ += bytes.size();
  return {block, at};
}

}  // namespace logboom::agent
