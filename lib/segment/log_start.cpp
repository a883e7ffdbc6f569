#include "lib/segment/log_start.h"

#include "lib/base/bytes.h"
#include "lib/segment/names.h"
#include "lib/segment/slot_file.h"

namespace logboom::segment {
namespace {

constexpr SlotFormat kFormat{.magic = "LBls", .version = 1};

std::string PathOf(const std::string& directory) {
  return fmt::format("{}/{}", directory, kLogStartName);
}

}  // namespace

Result<Offset> ReadLogStart(file::FileSystem& fs, const std::string& directory) {
  ASSIGN_OR_RETURN(const SlotValue slot, ReadSlots(fs, PathOf(directory), kFormat));
  ByteReader reader(slot.payload);
  const auto offset = reader.Int<std::int64_t>();
  if (!reader.done() || offset < 0) {
    return Fail(ErrorCode::kCorrupt, "{}: no offset in it", PathOf(directory));
  }
  return Offset(offset);
}

Status WriteLogStart(file::FileSystem& fs, const std::string& directory, Offset log_start) {
  Bytes payload;
  ByteWriter(payload).Int(log_start.value());
  return WriteSlot(fs, PathOf(directory), kFormat, payload);
}

}  // namespace logboom::segment
