// Bytes that grow and are not zeroed first, as std::string's would be: a builder writes each byte
// once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

namespace logboom::record {

// One owner, one thread. Holds no size: its owner knows how much of it is in use.
class RawBuffer {
 public:
  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  std::size_t capacity() const { return capacity_; }

  // Makes room for `needed` bytes in all; the first `used` of them stay what they are.
  void Reserve(std::size_t needed, std::size_t used) {
    if (needed > capacity_) Grow(needed, used);
  }

 private:
  void Grow(std::size_t needed, std::size_t used) {
    const std::size_t capacity = std::max(needed, 2 * capacity_);
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
    if (used > 0) std::memcpy(bytes.get(), bytes_.get(), used);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
};

}  // namespace logboom::record
