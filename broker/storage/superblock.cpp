#include "broker/storage/superblock.h"

#include <optional>

#include "lib/base/bytes.h"
#include "lib/segment/slot_file.h"

namespace logboom::broker {
namespace {

constexpr segment::SlotFormat kFormat{.magic = "LBsb", .version = 1};

std::string PathIn(const std::string& data_directory) { return data_directory + "/superblock"; }

Status CheckFeatures(const FeatureFlags& flags, const std::string& path) {
  const std::uint64_t unknown = (flags.incompatible & ~kKnownFeatures.incompatible) |
                                (flags.read_only_compatible & ~kKnownFeatures.read_only_compatible);
  if (unknown == 0) return Ok();
  return Fail(ErrorCode::kUnsupported,
              "{}: features {:#x} are unknown to this program; a newer one wrote this directory",
              path, unknown);
}

}  // namespace

Result<Superblock> ReadSuperblock(file::FileSystem& fs, const std::string& data_directory) {
  const std::string path = PathIn(data_directory);
  ASSIGN_OR_RETURN(const segment::SlotValue slot, segment::ReadSlots(fs, path, kFormat));
  ByteReader reader(slot.payload);
  const std::optional<Uuid> cluster_id = Uuid::FromBytes(reader.Raw(Uuid::kSize));
  Superblock superblock;
  superblock.restore_count = reader.Int<std::uint32_t>();
  superblock.features.compatible = reader.Int<std::uint64_t>();
  superblock.features.read_only_compatible = reader.Int<std::uint64_t>();
  superblock.features.incompatible = reader.Int<std::uint64_t>();
  if (reader.ok() && !reader.done()) superblock.restored_s = reader.Int<std::uint32_t>();
  if (!reader.done() || !cluster_id) {
    return Fail(ErrorCode::kCorrupt, "{}: is {} bytes long", path, slot.payload.size());
  }
  superblock.cluster_id = *cluster_id;
  RETURN_IF_ERROR(CheckFeatures(superblock.features, path));
  return superblock;
}

Status WriteSuperblock(file::FileSystem& fs, const std::string& data_directory,
                       const Superblock& superblock) {
  Bytes payload;
  ByteWriter writer(payload);
  writer.Raw(superblock.cluster_id.bytes());
  writer.Int(superblock.restore_count);
  writer.Int(superblock.features.compatible);
  writer.Int(superblock.features.read_only_compatible);
  writer.Int(superblock.features.incompatible);
  if (superblock.restored_s != 0) writer.Int(superblock.restored_s);
  return segment::WriteSlot(fs, PathIn(data_directory), kFormat, payload);
}

}  // namespace logboom::broker
