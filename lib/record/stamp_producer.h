// Makes a finished batch that of an idempotent producer. A function without state; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace logboom::record {

// Writes the three fields into the header of a whole batch, and its checksum anew.
void StampProducer(char* batch, std::size_t size_bytes, std::int64_t producer_id,
                   std::int16_t epoch, std::int32_t base_sequence);

}  // namespace logboom::record
