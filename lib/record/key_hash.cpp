#include "lib/record/key_hash.h"

#include <xxhash.h>

namespace logboom::record {

KeyHash HashKey(ByteView key, std::uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(key.data(), key.size(), seed);
  return {hash.low64, hash.high64};
}

}  // namespace logboom::record
