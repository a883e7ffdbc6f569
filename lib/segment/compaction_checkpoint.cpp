#include "lib/segment/compaction_checkpoint.h"

#include "lib/base/bytes.h"
#include "lib/segment/names.h"
#include "lib/segment/side_car.h"

namespace logboom::segment {
namespace {

constexpr SideCarFormat kFormat{.magic = "LBcp", .version = 1};

std::string PathOf(const std::string& directory) {
  return fmt::format("{}/{}", directory, kCompactionCheckpointName);
}

}  // namespace

Result<CompactionCheckpoint> ReadCompactionCheckpoint(file::FileSystem& fs,
                                                      const std::string& directory) {
  const Result<Bytes> payload = ReadSideCar(fs, PathOf(directory), kFormat);
  if (!payload.ok() && payload.error().code == ErrorCode::kNotFound) return CompactionCheckpoint{};
  if (!payload.ok()) return payload.error();
  ByteReader reader(*payload);
  CompactionCheckpoint checkpoint;
  checkpoint.first_dirty = Offset(reader.Int<std::int64_t>());
  checkpoint.holes_end = Offset(reader.Int<std::int64_t>());
  if (!reader.done() || checkpoint.first_dirty < Offset(0) ||
      checkpoint.holes_end < checkpoint.first_dirty) {
    return Fail(ErrorCode::kCorrupt, "{}: no offsets in it", PathOf(directory));
  }
  return checkpoint;
}

Status WriteCompactionCheckpoint(file::FileSystem& fs, const std::string& directory,
                                 const CompactionCheckpoint& checkpoint) {
  Bytes payload;
  ByteWriter writer(payload);
  writer.Int(checkpoint.first_dirty.value());
  writer.Int(checkpoint.holes_end.value());
  return file::ReplaceFile(fs, PathOf(directory), EncodeSideCar(kFormat, payload));
}

Result<bool> MayHaveHoles(file::FileSystem& fs, const std::string& directory, Offset base_offset) {
  const Result<CompactionCheckpoint> checkpoint = ReadCompactionCheckpoint(fs, directory);
  if (!checkpoint.ok() && checkpoint.error().code == ErrorCode::kIo) return checkpoint.error();
  return !checkpoint.ok() || base_offset < checkpoint->holes_end;
}

}  // namespace logboom::segment
