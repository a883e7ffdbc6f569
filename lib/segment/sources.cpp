#include "lib/segment/sources.h"

#include "lib/segment/names.h"
#include "lib/segment/side_car.h"

namespace logboom::segment {
namespace {

constexpr SideCarFormat kFormat{.magic = "LBsr", .version = 1};

Result<Sources> DecodePayload(ByteView payload) {
  ByteReader reader(payload);
  const auto as_of = reader.Int<std::int64_t>();
  if (!reader.ok() || as_of < 0) return Fail(ErrorCode::kCorrupt, "sources: no offset in it");
  return Sources{.as_of = Offset(as_of), .bytes = Bytes(reader.rest())};
}

}  // namespace

Bytes EncodeSources(const Sources& sources) {
  Bytes payload;
  ByteWriter writer(payload);
  writer.Int(sources.as_of.value());
  writer.Raw(sources.bytes);
  return EncodeSideCar(kFormat, payload);
}

Result<Sources> DecodeSources(ByteView bytes) {
  ASSIGN_OR_RETURN(const ByteView payload, DecodeSideCar(kFormat, bytes));
  return DecodePayload(payload);
}

Result<Sources> ReadSources(file::FileSystem& fs, const std::string& directory,
                            Offset base_offset) {
  const std::string path = SegmentPath(directory, base_offset, kSourcesSuffix);
  ASSIGN_OR_RETURN(const Bytes payload, ReadSideCar(fs, path, kFormat));
  Result<Sources> sources = DecodePayload(payload);
  if (!sources.ok()) return sources.error().Within(path);
  return sources;
}

}  // namespace logboom::segment
