// The last offset of each key, for as many keys as a given memory holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "lib/record/key_hash.h"

namespace logboom::broker {

// Open addressing over 24 bytes an entry: the key's hash, and its offset. Grows by doubling, up to
// `bytes_max`. One owner, one thread.
class KeyMap {
 public:
  KeyMap(std::size_t bytes_max, std::uint64_t seed);

  // Offsets come in order. False where another key would not fit any more: then nothing changed.
  bool Put(ByteView key, Offset offset);
  std::optional<Offset> LastOf(ByteView key) const;

  std::size_t size() const { return size_; }
  std::size_t keys_max() const;

 private:
  struct Entry {
    record::KeyHash hash;
    std::int64_t offset = -1;  // -1: free
  };
  static constexpr std::size_t kEntriesMin = 1024;

  Entry& Slot(const record::KeyHash& hash);
  const Entry& Slot(const record::KeyHash& hash) const;
  bool MakeRoom();

  std::size_t bytes_max_;
  std::uint64_t seed_;
  std::vector<Entry> entries_;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace logboom::broker
