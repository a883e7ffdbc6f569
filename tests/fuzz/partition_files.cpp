#include "tests/fuzz/partition_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "lib/record/batch_header.h"
#include "lib/record/crc32c.h"
#include "lib/segment/names.h"
#include "lib/segment/producer_snapshot.h"
#include "lib/segment/slot_file.h"

namespace logboom::fuzz {
namespace {

// Those of the golden partition, and one in between.
constexpr std::array<std::int64_t, 3> kBases = {0, 56, 20};
constexpr std::size_t kFilesMax = 32;

std::string NameOf(FileKind kind, Offset base) {
  using segment::FormatSegmentFileName;
  switch (kind) {
    case FileKind::kLog: return FormatSegmentFileName(base, segment::kLogSuffix);
    case FileKind::kIndex: return FormatSegmentFileName(base, segment::kOffsetIndexSuffix);
    case FileKind::kTimeIndex: return FormatSegmentFileName(base, segment::kTimeIndexSuffix);
    case FileKind::kAppendTime: return FormatSegmentFileName(base, segment::kAppendTimeSuffix);
    case FileKind::kSeal: return FormatSegmentFileName(base, segment::kSealSuffix);
    case FileKind::kSources: return FormatSegmentFileName(base, segment::kSourcesSuffix);
    case FileKind::kPartitionMetadata: return std::string(segment::kPartitionMetadataName);
    case FileKind::kLeaderEpochCheckpoint: return std::string(segment::kLeaderEpochCheckpointName);
    case FileKind::kLogStart: return std::string(segment::kLogStartName);
    case FileKind::kManifest: return "manifest";
    case FileKind::kSuperblock: return "superblock";
    case FileKind::kProducerSnapshot:
      return FormatSegmentFileName(base, segment::kProducerSnapshotSuffix);
    case FileKind::kLeaderEpochs: return std::string(segment::kLeaderEpochsName);
    case FileKind::kAgeClock: return "clock";
    case FileKind::kBackupManifest: return "backup.manifest";
    case FileKind::kCompaction: return std::string(segment::kCompactionCheckpointName);
  }
  return {};
}

// The checksum of each batch, as far as the lengths lead.
void MendLog(Bytes& log) {
  std::size_t at = 0;
  while (log.size() - at >= record::kBatchHeaderBytes) {
    const auto length = LoadBig<std::int32_t>(log.data() + at + 8);
    const std::size_t size = record::kBatchPrefixBytes + static_cast<std::uint32_t>(length);
    if (size < record::kBatchHeaderBytes || size > log.size() - at ||
        size > record::kBatchBytesMax) {
      return;
    }
    log[at + 16] = static_cast<char>(record::kMagic);
    record::SealBatch(log.data() + at, size);
    at += size;
  }
}

void MendSideCar(Bytes& bytes) {
  constexpr std::size_t kHeader = 16;
  if (bytes.size() < kHeader) return;
  StoreBig(bytes.data() + 8, static_cast<std::uint32_t>(bytes.size() - kHeader));
  StoreBig(bytes.data() + 12, record::ExtendCrc32c(record::Crc32c(ByteView(bytes).substr(0, 12)),
                                                   ByteView(bytes).substr(kHeader)));
}

void MendSlots(Bytes& bytes) {
  constexpr std::size_t kHeader = 20;
  for (std::size_t at = 0; at + segment::kSlotBytes <= bytes.size(); at += segment::kSlotBytes) {
    const std::size_t length = LoadBig<std::uint32_t>(bytes.data() + at + 16);
    if (length > segment::kSlotPayloadBytesMax) continue;
    StoreBig(bytes.data() + at + kHeader + length,
             record::Crc32c(ByteView(bytes).substr(at, kHeader + length)));
  }
}

void MendProducerSnapshot(Bytes& bytes) {
  if (bytes.size() < segment::kProducerSnapshotHeaderBytes) return;
  const std::size_t body = bytes.size() - segment::kProducerSnapshotHeaderBytes;
  bytes.resize(bytes.size() - body % segment::kProducerSnapshotEntryBytes);
  StoreBig(bytes.data(), std::int16_t{1});
  StoreBig(bytes.data() + 6,
           static_cast<std::int32_t>(body / segment::kProducerSnapshotEntryBytes));
  StoreBig(bytes.data() + 2, record::Crc32c(ByteView(bytes).substr(6)));
}

void MendText(Bytes& text) {
  constexpr std::size_t kCrcLineBytes = 17;  // "crc32c: xxxxxxxx\n"
  if (text.size() < kCrcLineBytes) return;
  text.resize(text.size() - kCrcLineBytes);
  text += fmt::format("crc32c: {:08x}\n", record::Crc32c(text));
}

void MendBackupManifest(Bytes& text) {
  text.resize(text.substr(0, text.rfind("\nend ")).size());
  text += '\n';
  text += fmt::format("end {:08x}\n", record::Crc32c(text));
}

}  // namespace

std::vector<PartitionFile> UnpackFiles(ByteView input) {
  std::vector<PartitionFile> files;
  ByteReader reader(input);
  while (!reader.rest().empty() && files.size() < kFilesMax) {
    PartitionFile file;
    file.kind = static_cast<FileKind>(reader.Int<std::uint8_t>() % kFileKinds);
    file.base_offset = Offset(kBases[reader.Int<std::uint8_t>() % kBases.size()]);
    const auto length = reader.Int<std::uint32_t>();
    if (!reader.ok()) break;
    file.bytes = Bytes(reader.Raw(std::min<std::size_t>(length, reader.rest().size())));
    file.name = NameOf(file.kind, file.base_offset);
    files.push_back(std::move(file));
  }
  return files;
}

void Mend(PartitionFile& file) {
  switch (file.kind) {
    case FileKind::kLog: return MendLog(file.bytes);
    case FileKind::kSeal:
    case FileKind::kSources:
    case FileKind::kLeaderEpochs:
    case FileKind::kCompaction:
    case FileKind::kManifest: return MendSideCar(file.bytes);
    case FileKind::kPartitionMetadata: return MendText(file.bytes);
    case FileKind::kBackupManifest: return MendBackupManifest(file.bytes);
    case FileKind::kLogStart:
    case FileKind::kAgeClock:
    case FileKind::kSuperblock: return MendSlots(file.bytes);
    case FileKind::kProducerSnapshot: return MendProducerSnapshot(file.bytes);
    case FileKind::kIndex:
    case FileKind::kTimeIndex:
    case FileKind::kAppendTime:
    case FileKind::kLeaderEpochCheckpoint: return;
  }
}

void WriteFiles(file::FileSystem& fs, const std::string& directory,
                const std::vector<PartitionFile>& files) {
  for (const PartitionFile& one : files) {
    const auto file = fs.Open(directory + "/" + one.name, file::OpenMode::kCreate);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->Truncate(0).ok());
    ASSERT_TRUE((*file)->PWrite(0, one.bytes).ok());
    ASSERT_TRUE((*file)->Sync().ok());
  }
  ASSERT_TRUE(fs.SyncDirectory(directory).ok());
}

}  // namespace logboom::fuzz
