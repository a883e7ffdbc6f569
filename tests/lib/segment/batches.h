// Batches and logs for the tests of formats.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "lib/file/file_system.h"
#include "lib/record/batch_builder.h"
#include "lib/record/batch_header.h"

namespace logboom::segment {

struct TestBatch {
  Offset base_offset;
  int records = 1;
  std::size_t value_bytes = 100;
  TimestampMs timestamp{1'700'000'000'000};
  LeaderEpoch epoch{0};
};

// Records' values begin with their offset; times grow by one within the batch.
inline Bytes MakeBatch(const TestBatch& test) {
  record::BatchBuilder builder({.codec = record::Codec::kNone});
  for (int i = 0; i < test.records; ++i) {
    Bytes value = fmt::format("{}:", test.base_offset + i);
    value.resize(std::max(test.value_bytes, value.size()), 'v');
    builder.Add({.timestamp = test.timestamp + i, .key = {}, .value = value, .headers = {}});
  }
  const Result<ByteView> built = builder.Finish();
  EXPECT_TRUE(built.ok());
  Bytes batch(*built);
  record::SetBaseOffset(batch.data(), test.base_offset);
  record::SetLeaderEpoch(batch.data(), test.epoch);
  return batch;
}

inline std::unique_ptr<file::File> WriteFile(file::FileSystem& fs, const std::string& path,
                                             ByteView bytes) {
  Result<std::unique_ptr<file::File>> file = fs.Open(path, file::OpenMode::kCreate);
  EXPECT_TRUE(file.ok());
  EXPECT_TRUE((*file)->Truncate(0).ok());
  EXPECT_TRUE((*file)->PWrite(0, bytes).ok());
  return std::move(*file);
}

}  // namespace logboom::segment
