// A partition's log on a disk in memory, and what should be in it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "broker/storage/partition_log.h"
#include "lib/file/memory_file_system.h"
#include "lib/record/batch_builder.h"
#include "lib/record/batch_header.h"
#include "lib/segment/names.h"
#include "lib/segment/verify.h"

namespace logboom::broker {

struct NewBatch {
  int records = 3;
  std::size_t value_bytes = 200;
  TimestampMs timestamp{1'700'000'000'000};  // of the first record; they grow by one
  char fill = 'v';
};

inline Bytes BuildBatch(const NewBatch& wish) {
  record::BatchBuilder builder({.codec = record::Codec::kNone});
  for (int i = 0; i < wish.records; ++i) {
    const Bytes value(wish.value_bytes, wish.fill);
    builder.Add({.timestamp = wish.timestamp + i, .key = {}, .value = value, .headers = {}});
  }
  const Result<ByteView> built = builder.Finish();
  EXPECT_TRUE(built.ok());
  return Bytes(*built);
}

// A batch as it was appended: its bytes hold the offset and epoch.
struct AppendedCopy {
  Offset base_offset;
  Offset next_offset;
  Bytes bytes;
};

// The same records as an idempotent producer sends them.
inline Bytes FromProducer(Bytes batch, std::int64_t id, std::int32_t sequence = 0) {
  record::BatchHeader header = *record::ParseBatchHeader(batch);
  header.producer_id = id;
  header.producer_epoch = 0;
  header.base_sequence = sequence;
  record::WriteBatchHeader(batch.data(), header);
  record::SealBatch(batch.data(), batch.size());
  return batch;
}

class LogFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(file::CreateDurableDirectories(*fs_, kDirectory).ok());
    ASSERT_TRUE(file::CreateDurableDirectories(*fs_, kQuarantine).ok());
  }

  // Opens as after a crash, unless a clean checkpoint is given.
  Status Open(std::optional<PartitionCheckpoint> checkpoint = std::nullopt, bool clean = false) {
    return OpenOn(*fs_, std::move(checkpoint), clean);
  }
  // Through `fs`, which stands before the disk.
  Status OpenOn(file::FileSystem& fs, std::optional<PartitionCheckpoint> checkpoint = std::nullopt,
                bool clean = false) {
    log_.reset();
    Result<std::unique_ptr<PartitionLog>> opened = PartitionLog::Open(
        fs, kDirectory, kQuarantine, options_, checkpoint, clean, TimestampMs(now_ms_), {});
    if (!opened.ok()) return opened.error();
    log_ = std::move(*opened);
    if (sources_hook_) log_->SetSealHook(sources_hook_);
    return Ok();
  }

  Result<AppendedBatch> Append(const NewBatch& wish = {}) {
    Bytes batch = BuildBatch(wish);
    const Result<record::BatchHeader> header = record::ParseBatchHeader(batch);
    EXPECT_TRUE(header.ok());
    Result<AppendedBatch> appended = log_->Append(batch.data(), *header, TimestampMs(now_ms_));
    if (appended.ok()) {
      batches_.push_back({appended->base_offset, appended->next_offset, std::move(batch)});
    }
    return appended;
  }
  void AppendMany(int count, const NewBatch& wish = {}) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(Append(wish).ok());
  }

  static Status SyncAll(file::FileSystem& fs, const SyncWork& work) {
    for (const auto& file : work.files) RETURN_IF_ERROR(file->Sync());
    for (const auto& directory : work.directories) RETURN_IF_ERROR(fs.SyncDirectory(directory));
    return Ok();
  }
  Status Commit() {
    const SyncWork work = log_->TakeSyncWork();
    RETURN_IF_ERROR(SyncAll(*fs_, work));
    log_->SyncDone(work.covers);
    return Ok();
  }

  // What a fetch from `from` to the durable end gives, fetch by fetch.
  Bytes ReadAll(Offset from, std::size_t bytes_max = 1000) {
    Bytes all;
    while (from < log_->durable_end()) {
      const Result<FetchedBytes> fetched = log_->Read(from, bytes_max);
      EXPECT_TRUE(fetched.ok()) << (fetched.ok() ? "" : fetched.error().message);
      if (!fetched.ok() || fetched->next_offset <= from) break;
      all += fetched->bytes;
      from = fetched->next_offset;
      unreadable_.insert(unreadable_.end(), fetched->unreadable.begin(), fetched->unreadable.end());
    }
    return all;
  }
  // The batches of [from, end) as they were appended.
  Bytes Expected(Offset from, Offset end) const {
    Bytes all;
    for (const AppendedCopy& batch : batches_) {
      if (batch.next_offset > from && batch.next_offset <= end) all += batch.bytes;
    }
    return all;
  }

  std::string PathOf(Offset base, std::string_view suffix) const {
    return segment::SegmentPath(kDirectory, base, suffix);
  }
  bool Exists(const std::string& path) { return fs_->Stat(path).ok(); }
  std::int64_t SizeOf(const std::string& path) { return fs_->Stat(path)->size_bytes; }

  void FlipByte(const std::string& path, std::int64_t position, int bits = 0x10) {
    const auto file = fs_->Open(path, file::OpenMode::kReadWrite);
    ASSERT_TRUE(file.ok());
    char byte = 0;
    ASSERT_EQ((*file)->PRead(position, std::span(&byte, 1)).value(), 1U);
    byte = static_cast<char>(byte ^ bits);
    ASSERT_TRUE((*file)->PWrite(position, ByteView(&byte, 1)).ok());
    ASSERT_TRUE((*file)->Sync().ok());
  }

  // Another disk, with nothing on it.
  void StartAnew() {
    log_.reset();
    fs_ = std::make_unique<file::MemoryFileSystem>();
    batches_.clear();
    LogFixture::SetUp();
  }

  // Nothing is wrong with any file of the directory, which has no partition.metadata here.
  void ExpectVerified() {
    const auto report = segment::VerifyDirectory(*fs_, kDirectory, {});
    ASSERT_TRUE(report.ok());
    for (const segment::Problem& problem : report->problems) {
      ASSERT_NE(problem.file.find(segment::kPartitionMetadataName), std::string::npos)
          << problem.file << ": " << problem.what;
    }
  }

  PartitionCheckpoint Checkpoint() const { return log_->Checkpoint(Uuid(), PartitionIndex(0)); }

  static inline const std::string kDirectory = "/data/7-0";
  static inline const std::string kQuarantine = "/data/quarantine";

  std::unique_ptr<file::MemoryFileSystem> fs_ = std::make_unique<file::MemoryFileSystem>();
  PartitionLogOptions options_;
  std::int64_t now_ms_ = 1'700'000'000'000;
  std::function<Bytes()> sources_hook_;
  std::unique_ptr<PartitionLog> log_;
  std::vector<AppendedCopy> batches_;
  std::vector<UnreadableRange> unreadable_;
};

}  // namespace logboom::broker
