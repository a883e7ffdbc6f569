// A small file in two slots of 4 KiB, for values that must change even on a full disk: writing
// touches the older slot alone, in place, so that it needs no new block and no directory sync, and
// a torn write leaves the newer slot as it was.
//
//   slot: magic 4 | version u16 | 0 u16 | sequence u64 | length u32 | payload | CRC-32C u32 of all
//   before
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::segment {

inline constexpr std::size_t kSlotBytes = 4096;
inline constexpr std::size_t kSlotPayloadBytesMax = kSlotBytes - 24;

struct SlotFormat {
  std::string_view magic;  // 4 bytes
  std::uint16_t version = 1;
};

struct SlotValue {
  std::uint64_t sequence = 0;
  Bytes payload;
};

// The valid slot with the higher sequence. kNotFound where there is no file, kCorrupt where neither
// slot is valid, kUnsupported where the newer one has another version.
Result<SlotValue> ReadSlots(file::FileSystem& fs, const std::string& path,
                            const SlotFormat& format);

// Durable when it returns; after a crash the file holds the old value or the new one. Makes the
// file where there is none. A failed sync must not be followed by another try: the caller stops.
Status WriteSlot(file::FileSystem& fs, const std::string& path, const SlotFormat& format,
                 ByteView payload);

}  // namespace logboom::segment
