#include "lib/segment/side_car.h"

#include "lib/base/check.h"
#include "lib/record/crc32c.h"
#include "lib/segment/limits.h"

namespace logboom::segment {
namespace {

constexpr std::size_t kMagicBytes = 4;
constexpr std::size_t kLengthAt = 8;
constexpr std::size_t kCrcAt = 12;
static_assert(kCrcAt + sizeof(std::uint32_t) == kSideCarHeaderBytes);

std::uint32_t CrcOf(ByteView bytes) {
  return record::ExtendCrc32c(record::Crc32c(bytes.substr(0, kCrcAt)),
                              bytes.substr(kSideCarHeaderBytes));
}

}  // namespace

Bytes EncodeSideCar(const SideCarFormat& format, ByteView payload) {
  CHECK(format.magic.size() == kMagicBytes && payload.size() <= kSideCarBytesMax);
  Bytes bytes;
  bytes.reserve(kSideCarHeaderBytes + payload.size());
  ByteWriter writer(bytes);
  writer.Raw(format.magic);
  writer.Int(format.version);
  writer.Int(std::uint16_t{0});
  writer.Int(static_cast<std::uint32_t>(payload.size()));
  writer.Int(std::uint32_t{0});
  writer.Raw(payload);
  StoreBig(bytes.data() + kCrcAt, CrcOf(bytes));
  return bytes;
}

Result<ByteView> DecodeSideCar(const SideCarFormat& format, ByteView bytes) {
  ByteReader reader(bytes);
  const ByteView magic = reader.Raw(kMagicBytes);
  const auto version = reader.Int<std::uint16_t>();
  reader.Int<std::uint16_t>();
  const auto length = reader.Int<std::uint32_t>();
  const auto crc = reader.Int<std::uint32_t>();
  if (!reader.ok()) return Fail(ErrorCode::kCorrupt, "ends within its header");
  if (magic != format.magic) {
    return Fail(ErrorCode::kCorrupt, "magic is {}, not {}", ToHex(magic), ToHex(format.magic));
  }
  if (version != format.version) {
    return Fail(ErrorCode::kUnsupported, "version {}, this program knows {}", version,
                format.version);
  }
  if (length != reader.rest().size()) {
    return Fail(ErrorCode::kCorrupt, "holds {} bytes, its header says {}", reader.rest().size(),
                length);
  }
  if (crc != CrcOf(bytes)) return Fail(ErrorCode::kCorrupt, "checksum is wrong");
  return reader.rest();
}

bool IsCutShort(ByteView bytes) {
  if (bytes.size() < kSideCarHeaderBytes) return true;
  return bytes.size() - kSideCarHeaderBytes < LoadBig<std::uint32_t>(bytes.data() + kLengthAt);
}

Result<Bytes> ReadSideCar(file::FileSystem& fs, const std::string& path,
                          const SideCarFormat& format) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   file::ReadWholeFile(fs, path, kSideCarHeaderBytes + kSideCarBytesMax));
  const Result<ByteView> payload = DecodeSideCar(format, bytes);
  if (!payload.ok()) return payload.error().Within(path);
  return Bytes(*payload);
}

}  // namespace logboom::segment
