// Hands out producer ids, each once for ever: they are reserved in blocks, and a block's end is
// durable in the metadata store before any id of it is given.
//
// Each start begins far above what the store says, and each restore of a backup further still: so a
// store that is some minutes, or some weeks, older than what was given out does no harm. Where the
// store has no row although there is a log, the largest id in the log takes its place.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace logboom::broker {

inline constexpr std::int64_t kProducerIdBlock = 1'000;
// What a start leaves out: more ids than a copy of the store may lack.
inline constexpr std::int64_t kProducerIdJump = 1'000'000;
// Each restore of the data directory has a range of its own, of 2^40 ids; 2^22 of them fit.
inline constexpr int kProducerIdRestoreShift = 40;
inline constexpr std::uint32_t kProducerIdRestoresMax = (1U << 22U) - 1;

// The one row of its table. Key: empty. Value: version u8 = 1, i64 below which ids may be given
// out; big endian.
Bytes EncodeProducerIdRow(std::int64_t reserved_until);
Result<std::int64_t> DecodeProducerIdRow(ByteView value);

// One owner, one thread; memory only.
class ProducerIds {
 public:
  // `known`: every id that was ever given out is below it, as far as can be told.
  ProducerIds(std::int64_t known, std::uint32_t restore_count);

  // Nothing: a block must be reserved first, up to NextReserve().
  std::optional<std::int64_t> Take();
  std::int64_t NextReserve() const { return reserved_until_ + kProducerIdBlock; }
  // It is durable.
  void Reserved(std::int64_t until) { reserved_until_ = until; }

  // Whether `id` may have been given out, in this run or an earlier one.
  bool MayBeOut(std::int64_t id) const { return id >= 0 && id < next_; }

 private:
  std::int64_t next_ = 0;
  std::int64_t reserved_until_ = 0;
};

}  // namespace logboom::broker
