// Which directories are polled, whatever the kernel says of watches.
#include "lib/file/remote_file_system.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace logboom::file {
namespace {

// Numbers as statfs(2) and the file systems' sources have them, so that no header decides.
TEST(RemoteFileSystem, IsNamedByItsType) {
  const std::vector<std::pair<std::uint32_t, std::string>> remote = {
      {0x6969, "NFS"},      {0x517b, "SMB"},        {0xff534d42, "SMB"},  {0xfe534d42, "SMB"},
      {0x5346414f, "AFS"},  {0x73757245, "Coda"},   {0x00c36400, "Ceph"}, {0x01021997, "9p"},
      {0x65735546, "FUSE"}, {0x0bd00bd0, "Lustre"}, {0x01161970, "GFS2"}, {0x47504653, "GPFS"},
      {0xa501fcf5, "VxFS"}};
  for (const auto& [type, name] : remote) {
    EXPECT_EQ(RemoteFileSystemOf(type), name) << std::hex << type;
  }
}

TEST(RemoteFileSystem, ThoseOfThisMachineAreNone) {
  const std::vector<std::pair<std::uint32_t, std::string>> local = {
      {0xef53, "ext4"},      {0x58465342, "XFS"},       {0x9123683e, "Btrfs"},
      {0x2fc12fc1, "ZFS"},   {0xf2f52010, "F2FS"},      {0xca451a4e, "bcachefs"},
      {0x01021994, "tmpfs"}, {0x794c7630, "overlayfs"}, {0x4d44, "FAT"},
      {0x858458f6, "ramfs"}, {0x73717368, "squashfs"},  {0, "none"}};
  for (const auto& [type, name] : local) {
    EXPECT_EQ(RemoteFileSystemOf(type), "") << name;
  }
}

}  // namespace
}  // namespace logboom::file
