// CRC-32C (Castagnoli, as iSCSI and Kafka have it): of "123456789" it is 0xE3069283.
// Functions without state: any thread may call them, and nothing fails.
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"

namespace logboom::record {

std::uint32_t Crc32c(ByteView bytes);

// The checksum of a + b, from that of a: ExtendCrc32c(Crc32c(a), b). Crc32c({}) is 0.
std::uint32_t ExtendCrc32c(std::uint32_t crc, ByteView bytes);

}  // namespace logboom::record
