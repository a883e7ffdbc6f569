// The bytes of one file in memory, and what a crash makes of them.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/random.h"

namespace logboom::file {

// Keeps what programs see, what the device holds for sure, and every change in between. One owner,
// one thread at a time; nothing fails. Positions and sizes are not negative.
class CrashableBytes {
 public:
  static constexpr std::int64_t kSectorBytes = 512;

  const Bytes& seen() const { return seen_; }
  std::int64_t size_bytes() const { return static_cast<std::int64_t>(seen_.size()); }

  void Write(std::int64_t position, ByteView bytes);
  void Truncate(std::int64_t size_bytes);
  // All that is seen survives.
  void Sync();
  // As the kernel after a failed write-back: the bytes stay visible in the page cache, count as
  // clean, and never reach the device; the size still may.
  void LoseUnsynced();
  // Clean pages are read from the device again; lost bytes become the old ones, or zeros.
  void DropCache();
  // Each unsynced change is kept, dropped, torn at a sector or zero-filled; its size goes its own
  // way.
  void Crash(Random& random);

 private:
  enum class Kind {
    kWrite,   // bytes at number
    kResize,  // to `number` bytes
    kExtend,  // to at least `number` bytes: what is left of a lost write
  };
  struct Change {
    Kind kind;
    std::int64_t number;
    Bytes bytes;
  };
  // Bytes and size apart, since a crash may keep one without the other.
  struct Wreck {
    Bytes bytes;
    std::int64_t size_bytes;
  };

  static void Apply(const Change& change, Bytes& to);
  static void Keep(const Change& change, Wreck& wreck);
  static void Damage(const Change& change, Random& random, Wreck& wreck);
  static void DamageBytes(const Change& change, Random& random, Bytes& bytes);

  Bytes seen_;
  Bytes synced_;
  std::vector<Change> unsynced_;
};

}  // namespace logboom::file
