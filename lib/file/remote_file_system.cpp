#include "lib/file/remote_file_system.h"

#include <linux/magic.h>

namespace logboom::file {

// Source: linux/magic.h, and the file systems' own headers where they have no name there.
std::string_view RemoteFileSystemOf(std::uint32_t type) {
  switch (type) {
    case NFS_SUPER_MAGIC: return "NFS";
    case SMB_SUPER_MAGIC:
    case 0xff534d42:  // cifs
    case 0xfe534d42:  // smb2
      return "SMB";
    case AFS_SUPER_MAGIC: return "AFS";
    case CODA_SUPER_MAGIC: return "Coda";
    case CEPH_SUPER_MAGIC: return "Ceph";
    case V9FS_MAGIC: return "9p";
    case FUSE_SUPER_MAGIC: return "FUSE";
    case 0x0bd00bd0: return "Lustre";
    case 0x01161970: return "GFS2";
    case 0x47504653: return "GPFS";
    case 0xa501fcf5: return "VxFS";
    default: return {};
  }
}

}  // namespace logboom::file
