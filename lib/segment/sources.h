// <base>.sources: positions and identities of a partition's sources as of the segment's end, opaque
// to this room. The newest valid one outlives its segment. docs/formats/side-cars.md.
#pragma once

#include <string>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::segment {

struct Sources {
  Offset as_of;  // every record below it is reflected, none above
  Bytes bytes;
  friend bool operator==(const Sources&, const Sources&) = default;
};

Bytes EncodeSources(const Sources& sources);
Result<Sources> DecodeSources(ByteView bytes);
// Of the segment that begins at `base_offset`; kNotFound where it has none.
Result<Sources> ReadSources(file::FileSystem& fs, const std::string& directory, Offset base_offset);

}  // namespace logboom::segment
