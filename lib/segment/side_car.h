// The container of our own binary files (.seal, .sources, the broker's manifest), big endian:
//
//   magic 4 | version u16 | 0 u16 | length u32 of the payload | CRC-32C u32 of those 12 bytes and
//   the payload | payload
//
// docs/formats/side-cars.md. A reader believes all of it or nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::segment {

inline constexpr std::size_t kSideCarHeaderBytes = 16;

struct SideCarFormat {
  std::string_view magic;  // 4 bytes
  std::uint16_t version = 1;
};

// `payload` is at most kSideCarBytesMax.
Bytes EncodeSideCar(const SideCarFormat& format, ByteView payload);
// The payload, as a view into `bytes`. kCorrupt or kUnsupported (another version).
Result<ByteView> DecodeSideCar(const SideCarFormat& format, ByteView bytes);

// Whether the bytes end before their header says: so a crash or a full disk leaves a file.
bool IsCutShort(ByteView bytes);

// The payload of a file; kNotFound where there is none. Messages name the path.
Result<Bytes> ReadSideCar(file::FileSystem& fs, const std::string& path,
                          const SideCarFormat& format);

}  // namespace logboom::segment
