// <base>.index, as Kafka's OffsetIndex: entries of 8 bytes, i32 last offset of a batch relative to
// the base, i32 position of that batch in the log. docs/formats/indexes.md.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/segment/entry_file.h"

namespace logboom::segment {

struct OffsetIndexEntry {
  static constexpr std::size_t kBytes = 8;
  static constexpr std::size_t kHeaderBytes = 0;

  Offset last_offset;
  FilePosition position;

  static Bytes Header(Offset) { return {}; }
  static Status CheckHeader(ByteView, Offset) { return Ok(); }
  void Encode(char* out, Offset base) const {
    StoreBig(out, static_cast<std::int32_t>(last_offset - base));
    StoreBig(out + 4, static_cast<std::int32_t>(position.value()));
  }
  static OffsetIndexEntry Decode(const char* in, Offset base) {
    return {base + LoadBig<std::int32_t>(in), FilePosition(LoadBig<std::int32_t>(in + 4))};
  }
  bool FollowsOn(const std::optional<OffsetIndexEntry>& previous) const {
    // The first batch never has an entry; zeros are what a crash may leave.
    if (!previous) return position.value() > 0;
    return last_offset > previous->last_offset && position > previous->position;
  }
  friend bool operator==(const OffsetIndexEntry&, const OffsetIndexEntry&) = default;
};

using OffsetIndex = EntryFile<OffsetIndexEntry>;

}  // namespace logboom::segment
