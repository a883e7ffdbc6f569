// An engine on a disk and a store in memory, both of which outlive it: it is opened, killed and
// opened again. Time, commits and metadata transactions move by hand.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/engine/embedded_engine.h"
#include "broker/metadata/memory_store.h"
#include "broker/metadata/metadata_writer.h"
#include "broker/storage/committer.h"
#include "lib/base/random.h"
#include "lib/file/faulty_file_system.h"
#include "lib/file/memory_file_system.h"
#include "lib/record/batch_builder.h"
#include "lib/record/batch_header.h"

namespace logboom::broker {

// Holds up what passes it, or lets all pass.
class Gate {
 public:
  void Hold() { held_ = true; }
  // Lets all pass from now on.
  void Release() {
    held_ = false;
    Let(waiting_.size());
  }
  // Lets the oldest of those that wait pass.
  void Let(std::size_t count) {
    for (; count > 0 && !waiting_.empty(); --count) {
      const auto action = std::move(waiting_.front());
      waiting_.pop_front();
      action();
    }
  }
  void Pass(std::function<void()> action) {
    if (held_) {
      waiting_.push_back(std::move(action));
    } else {
      action();
    }
  }
  void Drop() { waiting_.clear(); }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  bool held_ = false;
  std::deque<std::function<void()>> waiting_;
};

class GatedCommitter final : public Committer {
 public:
  GatedCommitter(Gate& gate, std::unique_ptr<Committer> inner)
      : gate_(gate), inner_(std::move(inner)) {}
  void Submit(CommitGroup group) override {
    auto shared = std::make_shared<CommitGroup>(std::move(group));
    gate_.Pass([this, shared] { inner_->Submit(std::move(*shared)); });
  }
  std::optional<CommitDone> TakeDone() override { return inner_->TakeDone(); }

 private:
  Gate& gate_;
  std::unique_ptr<Committer> inner_;
};

class TimedCommitter final : public Committer {
 public:
  // `takes_us`: how long each sync is said to take; nothing: as long as it took.
  TimedCommitter(const std::optional<std::int64_t>& takes_us, std::unique_ptr<Committer> inner)
      : takes_us_(takes_us), inner_(std::move(inner)) {}
  void Submit(CommitGroup group) override { inner_->Submit(std::move(group)); }
  std::optional<CommitDone> TakeDone() override {
    auto done = inner_->TakeDone();
    if (done && takes_us_) done->duration_us = *takes_us_;
    return done;
  }

 private:
  const std::optional<std::int64_t>& takes_us_;
  std::unique_ptr<Committer> inner_;
};

class GatedWriter final : public MetadataWriter {
 public:
  GatedWriter(Gate& gate, std::unique_ptr<MetadataWriter> inner)
      : gate_(gate), inner_(std::move(inner)) {}
  void Submit(std::uint64_t id, MetadataTransaction transaction) override {
    auto shared = std::make_shared<MetadataTransaction>(std::move(transaction));
    gate_.Pass([this, id, shared] { inner_->Submit(id, std::move(*shared)); });
  }
  std::optional<MetadataDone> TakeDone() override { return inner_->TakeDone(); }

 private:
  Gate& gate_;
  std::unique_ptr<MetadataWriter> inner_;
};

// The store as the engine owns it: a way to the one that outlives it, which dies with the process.
class StoreOfProcess final : public MetadataStore {
 public:
  StoreOfProcess(MemoryStore& store, std::function<bool()> alive, int* copies_renewed = nullptr)
      : store_(store), alive_(std::move(alive)), copies_renewed_(copies_renewed) {}
  Result<std::vector<MetadataRow>> Load() override { return store_.Load(); }
  Status Apply(const MetadataTransaction& transaction) override {
    if (!alive_()) return Fail(ErrorCode::kIo, "the process is dead");
    if (transaction.renew_copy && copies_renewed_ != nullptr) ++*copies_renewed_;
    return store_.Apply(transaction);
  }
  Status RenewCopy() override { return Ok(); }
  Status CopyTo(const std::string& path) override {
    if (!alive_()) return Fail(ErrorCode::kIo, "the process is dead");
    return store_.CopyTo(path);
  }

 private:
  MemoryStore& store_;
  std::function<bool()> alive_;
  int* copies_renewed_;
};

class EngineRig {
 public:
  EngineRig() { EXPECT_TRUE(disk.CreateDirectories("/data").ok()); }

  Status Open() {
    ASSIGN_OR_RETURN(auto directory, DataDirectory::Open(fs, "/data", random));
    auto alive = [this] { return TakeStep(); };
    process_store_ = std::make_unique<StoreOfProcess>(store, alive, &copies_renewed);
    EngineParts parts{
        fs,
        random,
        [this]() -> std::unique_ptr<Committer> {
          auto inner = MakeInlineCommitter(fs, "/data", SyncMethod::kFdatasync);
          return std::make_unique<GatedCommitter>(
              commits, std::make_unique<TimedCommitter>(sync_takes_us, std::move(inner)));
        },
        [] { return MakeInlineBackgroundWorker(); },
        std::make_unique<StoreOfProcess>(store, alive, &copies_renewed),
        [this](const std::unique_ptr<MetadataStore>&) -> std::unique_ptr<MetadataWriter> {
          return std::make_unique<GatedWriter>(writes, MakeInlineMetadataWriter(*process_store_));
        },
        reserve_bytes,
        budget,
        /*scrub=*/{},
        rewriting,
        cleaning,
        open_files_max};
    ASSIGN_OR_RETURN(engine,
                     EmbeddedEngine::Open(std::move(directory), std::move(parts), now(), nullptr));
    return Ok();
  }
  void MustOpen() {
    const Status opened = Open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
  }

  // kill -9: what was written stays, synced or not.
  void Kill() {
    disk.KillProcess();
    Forget();
  }
  // Power loss.
  void Crash() {
    disk.Crash(random);
    Forget();
  }

  Instant now() const {
    return {TimestampMs{1'700'000'000'000 + time_ms + skew_ms}, MonotonicMs{1'000 + time_ms}};
  }
  void Tick(std::int64_t step_ms = 1) {
    time_ms += step_ms;
    engine->Tick(now());
  }
  // Until nothing is under way any more.
  void Settle() {
    for (int i = 0; i < 100 && !engine->quiet(); ++i) Tick();
    EXPECT_TRUE(engine->quiet());
  }

  Status CreateTopic(const std::string& name, std::int32_t partitions = 1,
                     const TopicConfig& config = {}) {
    return Finish([&](DoneCallback done) {
      engine->CreateTopic({name, partitions, config}, std::move(done));
    });
  }
  Status AlterTopic(const std::string& name, const TopicConfig& set) {
    return Finish([&](DoneCallback done) {
      engine->AlterTopic(name, {set, std::nullopt}, std::move(done));
    });
  }
  Status AddPartitions(const std::string& name, std::int32_t partitions) {
    return Finish([&](DoneCallback done) {
      engine->AlterTopic(name, {{}, partitions}, std::move(done));
    });
  }
  Status DeleteTopic(const std::string& name) {
    return Finish([&](DoneCallback done) { engine->DeleteTopic(name, std::move(done)); });
  }
  Result<TrimmedRange> Trim(const TopicPartition& where, Offset offset) {
    std::optional<Result<TrimmedRange>> ended;
    engine->Trim(where, offset,
                 [&ended](Result<TrimmedRange> trimmed) { ended = std::move(trimmed); });
    for (int i = 0; i < 100 && !ended; ++i) Tick();
    return ended.value_or(Fail(ErrorCode::kTimeout, "the trim has not ended"));
  }

  TopicPartition Where(const std::string& topic, std::int32_t partition = 0) const {
    const Topic* found = engine->FindTopic(topic);
    EXPECT_NE(found, nullptr) << topic;
    return {found == nullptr ? Uuid{} : found->topic_id, PartitionIndex{partition}};
  }
  PartitionState State(const TopicPartition& where) const {
    auto state = engine->StateOf(where);
    EXPECT_TRUE(state.has_value());
    return state.value_or(PartitionState{});
  }

  // The disk loses what was synced, in the log of the first topic's partition: between Crash() and
  // Open(). All behind its first batch goes.
  void CutLogBehindFirstBatch() {
    ChangeLog([](file::File& log, std::int64_t first_batch_bytes) {
      return log.Truncate(first_batch_bytes);
    });
  }
  // Its second batch turns to garbage, and those behind it stay.
  void DamageSecondBatch() {
    ChangeLog([](file::File& log, std::int64_t first_batch_bytes) {
      const auto records = static_cast<std::int64_t>(record::kBatchHeaderBytes);
      return log.PWrite(first_batch_bytes + records, "garbage");
    });
  }

  Result<AppendedBatch> Append(const TopicPartition& where, const std::vector<Bytes>& values) {
    record::BatchBuilder builder({.codec = record::Codec::kNone});
    for (const Bytes& value : values) {
      builder.Add({.timestamp = now().wall, .key = {}, .value = value, .headers = {}});
    }
    Bytes batch(*builder.Finish());
    auto header = record::ParseBatchHeader(batch);
    return engine->Append(where, batch.data(), *header, now());
  }

  // Steps that the process takes on its disk and its store; from the one after `step` on it is
  // dead: nothing that it does has an effect.
  void DieAfter(std::uint64_t step) {
    steps_left_ = step;
    fs.Add({.matches = [this](file::CallKind, const std::string&) { return !TakeStep(); },
            .span = file::FaultSpan::kFromThenOn});
  }
  std::uint64_t steps() const { return steps_; }

  file::MemoryFileSystem disk;
  file::FaultyFileSystem fs{disk};
  MemoryStore store;
  SeededRandom random{1};
  Gate commits;
  Gate writes;
  int copies_renewed = 0;  // of the store, by transactions that must be in them
  std::int64_t reserve_bytes = 0;
  std::optional<DiskBudget> budget;
  RewriteOptions rewriting;
  CleanerOptions cleaning;
  std::size_t open_files_max = 4096;
  std::int64_t time_ms = 0;
  std::int64_t skew_ms = 0;  // of the wall clock
  std::optional<std::int64_t> sync_takes_us;
  std::unique_ptr<EmbeddedEngine> engine;

 private:
  // A topic takes a tick for each partition.
  static constexpr int kTicksMax = 2 * kTopicPartitionsMax;

  template <typename Change>
  Status Finish(Change change) {
    std::optional<Status> ended;
    change([&ended](Status status) { ended = std::move(status); });
    for (int i = 0; i < kTicksMax && !ended; ++i) Tick();
    if (!ended) return Fail(ErrorCode::kTimeout, "the change has not ended");
    return *ended;
  }

  template <typename Change>
  void ChangeLog(Change change) {
    std::string path;
    auto entries = disk.List("/data");
    for (const auto& entry : *entries) {
      if (path.empty() && entry.name.ends_with("-0")) path = "/data/" + entry.name;
    }
    auto log = disk.Open(path + "/00000000000000000000.log", file::OpenMode::kReadWrite);
    ASSERT_TRUE(log.ok()) << log.error().message;
    char head[record::kBatchHeaderBytes];
    ASSERT_TRUE((*log)->PRead(0, head).ok());
    const auto first = record::ParseBatchHeader(ByteView(head, sizeof(head)));
    ASSERT_TRUE(first.ok());
    ASSERT_TRUE(change(**log, static_cast<std::int64_t>(first->size_bytes())).ok());
    ASSERT_TRUE((*log)->Sync().ok());
  }

  bool TakeStep() {
    ++steps_;
    if (!steps_left_) return true;
    if (*steps_left_ == 0) return false;
    --*steps_left_;
    return true;
  }

  void Forget() {
    fs.Heal();
    steps_left_.reset();
    commits.Drop();
    writes.Drop();
    engine.reset();
  }

  std::unique_ptr<StoreOfProcess> process_store_;
  std::uint64_t steps_ = 0;
  std::optional<std::uint64_t> steps_left_;
};

}  // namespace logboom::broker
