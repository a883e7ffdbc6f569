// Checksums of the files beside a finished log, kept in its seal and in the clean manifest: neither
// Kafka's index formats nor .appendtime have one of their own, and an entry that rots would send a
// reader past records.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::segment {

// CRC-32C of the whole files; 0: none is known.
struct IndexSums {
  std::uint32_t offsets = 0;
  std::uint32_t times = 0;
  std::uint32_t append_times = 0;

  // Whether a file with the sum `found` may be believed.
  static bool Fits(std::uint32_t expected, std::uint32_t found) {
    return expected == 0 || expected == found;
  }
  friend bool operator==(const IndexSums&, const IndexSums&) = default;
};

// Of what is there now. One that can't be read has the sum 0; kLimit where there is no descriptor
// left to look: that says nothing about the files.
Result<IndexSums> SumIndexes(file::FileSystem& fs, const std::string& directory,
                             Offset base_offset);

// Of one open file; 0 where it can't be read.
std::uint32_t SumFile(const file::File& file);

void EncodeSums(ByteWriter& writer, const IndexSums& sums);
// The caller checks reader.ok().
IndexSums DecodeSums(ByteReader& reader);

}  // namespace logboom::segment
