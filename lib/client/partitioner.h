// Which partition a key belongs to: Kafka's default partitioner, so that a key lands in the same
// partition whoever writes it. Functions without state; any thread.
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/base/types.h"

namespace logboom::client {

// MurmurHash2 by Austin Appleby, 32 bits, with Kafka's seed.
std::uint32_t Murmur2(ByteView key);

// (murmur2 & 0x7fffffff) % count; count > 0.
PartitionIndex PartitionOfKey(ByteView key, std::int32_t partition_count);

}  // namespace logboom::client
