// The bytes of every file of a small data directory, compared with those that were checked in. A
// change here is a change of the format on disk. LOGBOOM_WRITE_GOLDEN=1 writes them anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "broker/storage/data_directory.h"
#include "broker/storage/partition_log.h"
#include "lib/file/memory_file_system.h"
#include "lib/file/posix_file_system.h"
#include "lib/record/batch_builder.h"
#include "lib/segment/verify.h"

namespace logboom::broker {
namespace {

const std::string kGolden = std::string(LOGBOOM_SOURCE_DIR) + "/tests/data/golden/segment";
constexpr std::int64_t kTimeMs = 1'700'000'000'000;

using FileBytes = std::map<std::string, Bytes>;

void ReadTree(file::FileSystem& fs, const std::string& root, const std::string& below,
              FileBytes& files) {
  const auto entries = fs.List(root + below);
  ASSERT_TRUE(entries.ok()) << entries.error().message;
  for (const file::DirectoryEntry& entry : *entries) {
    const std::string name = below + "/" + entry.name;
    if (entry.kind == file::FileKind::kDirectory) {
      ReadTree(fs, root, name, files);
    } else if (name != "/lock") {
      files[name] = *file::ReadWholeFile(fs, root + name, std::size_t{1} << 20U);
    }
  }
}

Bytes Batch(int number) {
  record::BatchBuilder builder({.codec = record::Codec::kNone});
  const Bytes key = fmt::format("host{}:/var/log/app.log", number % 3);
  for (int i = 0; i <= number % 4; ++i) {
    const Bytes value(static_cast<std::size_t>(100 + 37 * ((number * 5 + i) % 11)), 'x');
    const record::HeaderView header{.key = "level", .value = "info"};
    builder.Add({.timestamp = TimestampMs(kTimeMs + 50 * number - (number * 7919) % 700 + i),
                 .key = key,
                 .value = value,
                 .headers = std::span(&header, i == 0 ? 1U : 0U)});
  }
  return Bytes(*builder.Finish());
}

// One partition of two segments: the first sealed, the second stopped in an orderly way.
void WriteDirectory(file::FileSystem& fs) {
  SeededRandom random(7);
  const auto directory = DataDirectory::Open(fs, "/data", random);
  ASSERT_TRUE(directory.ok());
  const PartitionIdentity identity{.topic_name = "web",
                                   .topic_id = Uuid::Make(random),
                                   .topic_number = 7,
                                   .partition = PartitionIndex(0)};
  const auto path = (*directory)->CreatePartition(identity);
  ASSERT_TRUE(path.ok());
  const auto log = PartitionLog::Open(fs, *path, "/data/quarantine", {.segment_bytes = 20'000},
                                      std::nullopt, false, TimestampMs(kTimeMs), {});
  ASSERT_TRUE(log.ok());
  (*log)->SetSealHook([] { return Bytes("positions of sources"); });
  for (int i = 0; i < 40; ++i) {
    Bytes batch = Batch(i);
    ASSERT_TRUE(
        (*log)
            ->Append(batch.data(), *record::ParseBatchHeader(batch), TimestampMs(kTimeMs + 300 * i))
            .ok());
  }
  ASSERT_TRUE((*log)->Close().ok());
  ASSERT_EQ((*log)->segments().size(), 2U);
  ASSERT_TRUE((*directory)
                  ->WriteManifest(
                      {.clean = true,
                       .partitions = {(*log)->Checkpoint(identity.topic_id, identity.partition)}})
                  .ok());
}

void WriteGolden(const FileBytes& files) {
  file::PosixFileSystem posix;
  for (const auto& [name, bytes] : files) {
    ASSERT_TRUE(posix.CreateDirectories(file::ParentDirectory(kGolden + name)).ok());
    ASSERT_TRUE(file::ReplaceFile(posix, kGolden + name, bytes).ok());
  }
}

TEST(GoldenDirectory, EveryByteIsAsItWas) {
  file::MemoryFileSystem fs;
  ASSERT_NO_FATAL_FAILURE(WriteDirectory(fs));
  FileBytes written;
  ASSERT_NO_FATAL_FAILURE(ReadTree(fs, "/data", "", written));
  if (std::getenv("LOGBOOM_WRITE_GOLDEN") != nullptr) WriteGolden(written);
  file::PosixFileSystem posix;
  FileBytes golden;
  ASSERT_NO_FATAL_FAILURE(ReadTree(posix, kGolden, "", golden));
  ASSERT_EQ(written.size(), golden.size());
  for (const auto& [name, bytes] : golden) {
    EXPECT_EQ(ToHex(written[name]), ToHex(bytes)) << name;
  }
}

TEST(GoldenDirectory, Verifies) {
  file::PosixFileSystem posix;
  const auto report = segment::VerifyDirectory(posix, kGolden + "/7-0", {});
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->ok());
  EXPECT_EQ(report->metadata->topic_name, "web");
  EXPECT_EQ(report->segments.size(), 2U);
}

TEST(GoldenDirectory, IsOpenedAsItStands) {
  file::PosixFileSystem posix;
  file::MemoryFileSystem fs;
  FileBytes golden;
  ASSERT_NO_FATAL_FAILURE(ReadTree(posix, kGolden, "", golden));
  for (const auto& [name, bytes] : golden) {
    ASSERT_TRUE(file::CreateDurableDirectories(fs, file::ParentDirectory("/data" + name)).ok());
    ASSERT_TRUE(file::ReplaceFile(fs, "/data" + name, bytes).ok());
  }
  SeededRandom random(1);
  const auto directory = DataDirectory::Open(fs, "/data", random);
  ASSERT_TRUE(directory.ok());
  const Manifest manifest = (*directory)->ReadManifest();
  ASSERT_TRUE(manifest.clean);
  const auto partitions = (*directory)->ListPartitions();
  ASSERT_EQ(partitions->size(), 1U);
  const auto log = PartitionLog::Open(fs, (*partitions)[0].path, "/data/quarantine", {},
                                      manifest.partitions[0], true, TimestampMs(kTimeMs), {});
  ASSERT_TRUE(log.ok());
  EXPECT_FALSE((*log)->recovery().scanned);
  EXPECT_EQ((*log)->log_end(), Offset(100));
}

}  // namespace
}  // namespace logboom::broker
