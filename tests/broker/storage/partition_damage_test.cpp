// Any damage to any file: opening and reading end, with an error or with records that were
// appended.
#include <algorithm>
#include <map>
#include <set>

#include "lib/segment/dump.h"
#include "lib/segment/verify.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

class PartitionLogDamage : public LogFixture {
 protected:
  void Fill(Random& random) {
    options_.segment_bytes = 6000;
    sources_hook_ = [] { return Bytes("positions"); };
    ASSERT_TRUE(Open().ok());
    for (int i = 0; i < 30; ++i) {
      now_ms_ += 500;
      ASSERT_TRUE(Append({.records = 1 + static_cast<int>(random.Below(4)),
                          .value_bytes = random.Below(700),
                          .timestamp = TimestampMs(now_ms_)})
                      .ok());
      if (random.Below(3) == 0) {
        ASSERT_TRUE(Commit().ok());
      }
    }
    ASSERT_TRUE(log_->Close().ok());
  }

  void DamageBytes(file::File& file, std::int64_t size, Random& random) {
    const auto at = static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(size) + 1));
    switch (random.Below(4)) {
      case 0: ASSERT_TRUE(file.Truncate(at).ok()); break;
      case 1: ASSERT_TRUE(file.PWrite(at, Bytes(1 + random.Below(100), '\0')).ok()); break;
      case 2: {
        Bytes noise(1 + random.Below(200), '\0');
        for (char& byte : noise) byte = static_cast<char>(random.Below(256));
        ASSERT_TRUE(file.PWrite(at, noise).ok());
        break;
      }
      default: {
        const char byte = static_cast<char>(random.Below(256));
        ASSERT_TRUE(file.PWrite(at, ByteView(&byte, 1)).ok());
      }
    }
  }

  void Damage(Random& random) {
    const auto entries = fs_->List(kDirectory);
    const auto& entry = (*entries)[random.Below(entries->size())];
    const std::string path = kDirectory + "/" + entry.name;
    if (random.Below(8) == 0) {
      ASSERT_TRUE(fs_->Remove(path).ok());
      return;
    }
    const auto file = fs_->Open(path, file::OpenMode::kReadWrite);
    ASSERT_NO_FATAL_FAILURE(DamageBytes(**file, SizeOf(path), random));
    ASSERT_TRUE((*file)->Sync().ok());
  }

  std::map<std::string, Bytes> AllFiles() {
    std::map<std::string, Bytes> files;
    const auto entries = fs_->List(kDirectory);
    for (const auto& entry : *entries) {
      const std::string path = kDirectory + "/" + entry.name;
      files[path] = *file::ReadWholeFile(*fs_, path, 1'000'000);
    }
    return files;
  }
  // All that was not there goes.
  void PutBack(const std::map<std::string, Bytes>& files) {
    log_.reset();
    for (const auto& [path, bytes] : AllFiles()) ASSERT_TRUE(fs_->Remove(path).ok());
    for (const auto& [path, bytes] : files) {
      const auto file = fs_->Open(path, file::OpenMode::kCreateNew);
      ASSERT_TRUE((*file)->PWrite(0, bytes).ok());
    }
  }

  // Every batch that is read is one that was appended, where it was.
  void CheckRead(const Bytes& all, const std::set<Bytes>& appended) {
    ByteView left = all;
    while (!left.empty()) {
      const auto header = record::ParseBatchHeader(left);
      ASSERT_TRUE(header.ok());
      ASSERT_LE(header->size_bytes(), left.size());
      const ByteView batch = left.substr(0, header->size_bytes());
      Bytes without_epoch(batch);
      record::SetLeaderEpoch(without_epoch.data(), LeaderEpoch(0));
      ASSERT_TRUE(appended.contains(without_epoch));
      left.remove_prefix(batch.size());
    }
  }

  void LookAtEverything() {
    [[maybe_unused]] const auto report = segment::VerifyDirectory(*fs_, kDirectory, {});
    const auto entries = fs_->List(kDirectory);
    for (const auto& entry : *entries) {
      [[maybe_unused]] const Status dumped =
          segment::DumpFile(*fs_, kDirectory + "/" + entry.name, [](const segment::DumpRow&) {});
    }
    for (std::int64_t time = now_ms_ - 20'000; time < now_ms_ + 1000; time += 3000) {
      [[maybe_unused]] const auto offset = log_->OffsetAtTime(TimestampMs(time));
    }
    for (Offset at = log_->log_start(); at < log_->log_end(); at = at + 5) {
      [[maybe_unused]] const auto time = log_->AppendTimeAt(at);
    }
    [[maybe_unused]] const auto sources = log_->NewestSealedSources();
  }
};

TEST_F(PartitionLogDamage, AHeaderThatRotsBelowTheRecoveryPointCostsItsBatchAlone) {
  constexpr std::int64_t kBatches = 16;
  ASSERT_TRUE(Open().ok());
  AppendMany(kBatches);
  ASSERT_TRUE(Commit().ok());
  ASSERT_TRUE(log_->Close().ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  const std::string path = PathOf(Offset(0), segment::kLogSuffix);
  const auto batch_bytes = static_cast<std::int64_t>(batches_[0].bytes.size());
  const std::map<std::string, Bytes> sound = AllFiles();
  constexpr auto kHeaderBytes = static_cast<std::int64_t>(record::kBatchHeaderBytes);
  for (std::int64_t i = 0; i < 2 * kBatches * kHeaderBytes; ++i) {
    const bool clean = i % 2 == 0;
    const std::int64_t at = i / 2 / kHeaderBytes * batch_bytes + i / 2 % kHeaderBytes;
    SCOPED_TRACE(at);
    ASSERT_NO_FATAL_FAILURE(PutBack(sound));
    ASSERT_NO_FATAL_FAILURE(FlipByte(path, at));
    const Status opened = Open(checkpoint, clean);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    const AppendedCopy& rotten = batches_[static_cast<std::size_t>(at / batch_bytes)];
    const Bytes all = ReadAll(Offset(0));
    EXPECT_EQ(all, Expected(Offset(0), rotten.base_offset) +
                       Expected(rotten.next_offset, batches_.back().next_offset));
    EXPECT_EQ(log_->log_end(), batches_.back().next_offset);
  }
}

TEST_F(PartitionLogDamage, NoDamageMakesRecordsUpOrHangsAReader) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    StartAnew();
    ASSERT_NO_FATAL_FAILURE(Fill(random));
    const PartitionCheckpoint checkpoint = Checkpoint();
    std::set<Bytes> appended;
    for (const AppendedCopy& batch : batches_) appended.insert(batch.bytes);
    const std::uint64_t damages = 1 + random.Below(6);
    for (std::uint64_t i = 0; i < damages; ++i) ASSERT_NO_FATAL_FAILURE(Damage(random));
    const bool clean = random.Below(2) == 0;
    const Status opened = random.Below(3) == 0 ? Open() : Open(checkpoint, clean);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    ASSERT_NO_FATAL_FAILURE(CheckRead(ReadAll(log_->log_start(), 3000), appended));
    ASSERT_NO_FATAL_FAILURE(LookAtEverything());
    const Offset end = log_->log_end();
    ASSERT_EQ(Append()->base_offset, end);
    ASSERT_TRUE(Commit().ok());
    ASSERT_EQ(log_->Read(end, 1)->bytes, batches_.back().bytes);
    ASSERT_TRUE(log_->Retain(AgeClock({TimestampMs(now_ms_), {}})).ok());
    ASSERT_TRUE(log_->Close().ok());
  }
}

}  // namespace
}  // namespace logboom::broker
