// The files of a partition's directory as one run of bytes, so that a fuzzer can change several:
//
//   kind u8 | segment u8 | length u32, big endian | bytes     and so on; the last one may be short
//
// `kind` counts through the names below; `segment` (modulo) chooses the base offset in the name of
// those that have one.
#pragma once

#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::fuzz {

enum class FileKind {
  kLog,
  kIndex,
  kTimeIndex,
  kAppendTime,
  kSeal,
  kSources,
  kPartitionMetadata,
  kLeaderEpochCheckpoint,
  kLogStart,
  kManifest,    // of the data directory, for the partition's checkpoint
  kSuperblock,  // likewise
  kProducerSnapshot,
  kLeaderEpochs,
  kAgeClock,        // of the data directory
  kBackupManifest,  // of a backup
  kCompaction,
};
inline constexpr int kFileKinds = 16;

struct PartitionFile {
  FileKind kind = FileKind::kLog;
  Offset base_offset;
  std::string name;
  Bytes bytes;
};

std::vector<PartitionFile> UnpackFiles(ByteView input);

// Puts the file's checksums, lengths and magics right, so that what it says is looked at.
void Mend(PartitionFile& file);

// Later ones replace earlier ones of the same name.
void WriteFiles(file::FileSystem& fs, const std::string& directory,
                const std::vector<PartitionFile>& files);

}  // namespace logboom::fuzz
