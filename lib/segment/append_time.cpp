#include "lib/segment/append_time.h"

namespace logboom::segment {
namespace {

constexpr ByteView kMagic = "LBat";
constexpr std::uint16_t kVersion = 1;

}  // namespace

Bytes AppendTimeEntry::Header(Offset base) {
  Bytes header;
  ByteWriter writer(header);
  writer.Raw(kMagic);
  writer.Int(kVersion);
  writer.Int(std::uint16_t{0});
  writer.Int(base.value());
  return header;
}

Status AppendTimeEntry::CheckHeader(ByteView header, Offset base) {
  ByteReader reader(header);
  const ByteView magic = reader.Raw(kMagic.size());
  const auto version = reader.Int<std::uint16_t>();
  reader.Int<std::uint16_t>();
  const Offset stated(reader.Int<std::int64_t>());
  if (magic != kMagic) {
    return Fail(ErrorCode::kCorrupt, "append times: magic is not {}", kMagic);
  }
  if (version != kVersion) {
    return Fail(ErrorCode::kUnsupported, "append times: version {}, this program knows {}", version,
                kVersion);
  }
  if (stated != base) {
    return Fail(ErrorCode::kCorrupt, "append times: of the segment at {}, not {}", stated, base);
  }
  return Ok();
}

}  // namespace logboom::segment
