#include "lib/record/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <cstddef>

namespace logboom::record {
namespace {

// isa-l takes the length as an int.
constexpr std::size_t kPieceBytes = std::size_t{1} << 30U;

}  // namespace

std::uint32_t Crc32c(ByteView bytes) { return ExtendCrc32c(0, bytes); }

std::uint32_t ExtendCrc32c(std::uint32_t crc, ByteView bytes) {
  // isa-l leaves both inversions, the one before and the one after, to its caller.
  std::uint32_t inverted = ~crc;
  while (!bytes.empty()) {
    const ByteView piece = bytes.substr(0, std::min(bytes.size(), kPieceBytes));
    // It reads only, though its parameter is not const.
    auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(piece.data()));
    inverted = crc32_iscsi(data, static_cast<int>(piece.size()), inverted);
    bytes.remove_prefix(piece.size());
  }
  return ~inverted;
}

}  // namespace logboom::record
