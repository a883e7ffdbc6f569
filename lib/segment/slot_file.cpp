#include "lib/segment/slot_file.h"

#include <algorithm>
#include <array>
#include <compare>
#include <optional>
#include <utility>

#include "lib/base/check.h"
#include "lib/record/crc32c.h"

namespace logboom::segment {
namespace {

constexpr std::size_t kSlots = 2;
constexpr std::size_t kMagicBytes = 4;
constexpr std::size_t kCrcBytes = 4;

Bytes EncodeSlot(const SlotFormat& format, std::uint64_t sequence, ByteView payload) {
  CHECK(format.magic.size() == kMagicBytes && payload.size() <= kSlotPayloadBytesMax);
  Bytes slot;
  ByteWriter writer(slot);
  writer.Raw(format.magic);
  writer.Int(format.version);
  writer.Int(std::uint16_t{0});
  writer.Int(sequence);
  writer.String(payload);
  writer.Int(record::Crc32c(slot));
  slot.resize(kSlotBytes);
  return slot;
}

// The order is that of the sequences.
struct DecodedSlot {
  std::uint64_t sequence = 0;
  std::uint16_t version = 0;
  Bytes payload;

  friend auto operator<=>(const DecodedSlot&, const DecodedSlot&) = default;
};

std::optional<DecodedSlot> DecodeSlot(const SlotFormat& format, ByteView slot) {
  ByteReader reader(slot);
  DecodedSlot decoded;
  const ByteView magic = reader.Raw(kMagicBytes);
  decoded.version = reader.Int<std::uint16_t>();
  reader.Int<std::uint16_t>();
  decoded.sequence = reader.Int<std::uint64_t>();
  decoded.payload = Bytes(reader.String());
  const std::size_t covered = slot.size() - reader.rest().size();
  const auto crc = reader.Int<std::uint32_t>();
  if (!reader.ok() || magic != format.magic || crc != record::Crc32c(slot.substr(0, covered))) {
    return std::nullopt;
  }
  return decoded;
}

struct Slots {
  std::array<std::optional<DecodedSlot>, kSlots> decoded;

  // Broken where both are: any other is newer than a broken one.
  std::size_t newest() const {
    const auto found = std::max_element(decoded.begin(), decoded.end());
    return static_cast<std::size_t>(found - decoded.begin());
  }
};

Result<Slots> Load(file::FileSystem& fs, const std::string& path, const SlotFormat& format) {
  ASSIGN_OR_RETURN(const Bytes bytes, file::ReadWholeFile(fs, path, kSlots * kSlotBytes));
  Slots slots;
  ByteView rest = bytes;
  for (std::optional<DecodedSlot>& slot : slots.decoded) {
    slot = DecodeSlot(format, rest.substr(0, kSlotBytes));
    rest.remove_prefix(std::min(kSlotBytes, rest.size()));
  }
  return slots;
}

Status Overwrite(file::FileSystem& fs, const std::string& path, std::size_t index, ByteView slot) {
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> file,
                   fs.Open(path, file::OpenMode::kReadWrite));
  RETURN_IF_ERROR(file->PWrite(static_cast<std::int64_t>(index * kSlotBytes), slot));
  return file->Sync();
}

}  // namespace

Result<SlotValue> ReadSlots(file::FileSystem& fs, const std::string& path,
                            const SlotFormat& format) {
  ASSIGN_OR_RETURN(Slots slots, Load(fs, path, format));
  std::optional<DecodedSlot>& slot = slots.decoded[slots.newest()];
  if (!slot) return Fail(ErrorCode::kCorrupt, "{}: neither slot is valid", path);
  if (slot->version != format.version) {
    return Fail(ErrorCode::kUnsupported, "{}: version {}, this program knows {}", path,
                slot->version, format.version);
  }
  return SlotValue{.sequence = slot->sequence, .payload = std::move(slot->payload)};
}

Status WriteSlot(file::FileSystem& fs, const std::string& path, const SlotFormat& format,
                 ByteView payload) {
  const Result<Slots> slots = Load(fs, path, format);
  if (!slots.ok() && slots.error().code != ErrorCode::kNotFound) return slots.error();
  if (!slots.ok() || !slots->decoded[slots->newest()]) {
    // Both slots from the start, so that later writes find their blocks allocated.
    return file::ReplaceFile(fs, path,
                             EncodeSlot(format, 1, payload) + EncodeSlot(format, 2, payload));
  }
  const std::size_t newest = slots->newest();
  const std::uint64_t sequence = slots->decoded[newest]->sequence + 1;
  RETURN_IF_ERROR(Overwrite(fs, path, 1 - newest, EncodeSlot(format, sequence, payload)));
  // The value stands, and now twice: one slot that rots must not bring back an older one.
  return Overwrite(fs, path, newest, EncodeSlot(format, sequence + 1, payload));
}

}  // namespace logboom::segment
