#include "lib/segment/seal.h"

#include "lib/segment/names.h"
#include "lib/segment/side_car.h"

namespace logboom::segment {
namespace {

constexpr SideCarFormat kFormat{.magic = "LBsl", .version = 1};
constexpr std::uint32_t kCompactedFlag = 1;
constexpr std::uint32_t kRewrittenFlag = 2;
constexpr std::uint32_t kSumsFlag = 4;
constexpr std::uint32_t kNoHolesFlag = 8;  // of a compacted one: the first ones had holes
constexpr std::uint32_t kFlags = kCompactedFlag | kRewrittenFlag | kSumsFlag | kNoHolesFlag;

Result<Seal> DecodePayload(ByteView payload) {
  ByteReader reader(payload);
  Seal seal;
  seal.base_offset = Offset(reader.Int<std::int64_t>());
  seal.next_offset = Offset(reader.Int<std::int64_t>());
  seal.totals = DecodeTotals(reader);
  seal.max_append_time = TimestampMs(reader.Int<std::int64_t>());
  const auto flags = reader.Int<std::uint32_t>();
  if ((flags & ~kFlags) != 0) {
    return Fail(ErrorCode::kUnsupported, "seal: unknown flags {:#x}", flags);
  }
  if ((flags & kSumsFlag) != 0) seal.sums = DecodeSums(reader);
  if (!reader.done() || seal.base_offset.value() < 0 || seal.next_offset < seal.base_offset) {
    return Fail(ErrorCode::kCorrupt, "seal: fields are out of range");
  }
  seal.compacted = (flags & kCompactedFlag) != 0;
  seal.holes = seal.compacted && (flags & kNoHolesFlag) == 0;
  seal.rewritten = (flags & kRewrittenFlag) != 0;
  return seal;
}

}  // namespace

Bytes EncodeSeal(const Seal& seal) {
  Bytes payload;
  ByteWriter writer(payload);
  writer.Int(seal.base_offset.value());
  writer.Int(seal.next_offset.value());
  EncodeTotals(writer, seal.totals);
  writer.Int(seal.max_append_time.value());
  const bool sums = seal.sums != IndexSums{};
  writer.Int((seal.compacted ? kCompactedFlag : 0U) | (seal.rewritten ? kRewrittenFlag : 0U) |
             (sums ? kSumsFlag : 0U) | (seal.compacted && !seal.holes ? kNoHolesFlag : 0U));
  if (sums) EncodeSums(writer, seal.sums);
  return EncodeSideCar(kFormat, payload);
}

Result<Seal> DecodeSeal(ByteView bytes) {
  ASSIGN_OR_RETURN(const ByteView payload, DecodeSideCar(kFormat, bytes));
  return DecodePayload(payload);
}

Result<Seal> ReadSeal(file::FileSystem& fs, const std::string& directory, Offset base_offset) {
  const std::string path = SegmentPath(directory, base_offset, kSealSuffix);
  ASSIGN_OR_RETURN(const Bytes payload, ReadSideCar(fs, path, kFormat));
  Result<Seal> seal = DecodePayload(payload);
  if (!seal.ok()) return seal.error().Within(path);
  if (seal->base_offset != base_offset) {
    return Fail(ErrorCode::kCorrupt, "{}: is the seal of the segment at {}", path,
                seal->base_offset);
  }
  return seal;
}

}  // namespace logboom::segment
