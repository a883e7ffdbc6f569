#include "broker/metadata/metadata_writer.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "broker/metadata/memory_store.h"

namespace logboom::broker {
namespace {

// What the writer did to its store, seen from the test's thread; the store is held up by command.
class Observed {
 public:
  void Hold() {
    std::lock_guard lock(mutex_);
    held_ = true;
  }
  void Release() {
    std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  void FailFromNowOn(const Error& error) {
    std::lock_guard lock(mutex_);
    error_ = error;
  }
  Status Apply(const MetadataTransaction& transaction) {
    std::unique_lock lock(mutex_);
    applied_.push_back(transaction);
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    return error_ ? Status(*error_) : Ok();
  }
  // Notes how many transactions stood ahead of it.
  Status CopiedTo(const std::string& path) {
    std::lock_guard lock(mutex_);
    copied_to_.emplace_back(path, applied_.size());
    return error_ ? Status(*error_) : Ok();
  }
  void Copied() {
    std::lock_guard lock(mutex_);
    ++copies_;
    changed_.notify_all();
  }
  void Woken() {
    std::lock_guard lock(mutex_);
    ++wakes_;
    changed_.notify_all();
  }

  void WaitForApplied(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return applied_.size() >= count; });
  }
  void WaitForCopies(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return copies_ >= count; });
  }
  // Takes as many as asked for, woken as the loop is.
  std::vector<MetadataDone> WaitForDone(MetadataWriter& writer, std::size_t count) {
    std::vector<MetadataDone> all;
    while (true) {
      std::unique_lock lock(mutex_);
      const int seen = wakes_;
      lock.unlock();
      while (auto done = writer.TakeDone()) all.push_back(*std::move(done));
      if (all.size() >= count) return all;
      lock.lock();
      changed_.wait(lock, [&] { return wakes_ > seen; });
    }
  }
  int copies() {
    std::lock_guard lock(mutex_);
    return copies_;
  }
  std::vector<std::pair<std::string, std::size_t>> copied_to() {
    std::lock_guard lock(mutex_);
    return copied_to_;
  }
  std::vector<MetadataTransaction> applied() {
    std::lock_guard lock(mutex_);
    return applied_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  std::optional<Error> error_;
  std::vector<MetadataTransaction> applied_;
  std::vector<std::pair<std::string, std::size_t>> copied_to_;
  int copies_ = 0;
  int wakes_ = 0;
};

class ObservedStore final : public MetadataStore {
 public:
  explicit ObservedStore(Observed& observed) : observed_(observed) {}
  Result<std::vector<MetadataRow>> Load() override { return std::vector<MetadataRow>{}; }
  Status Apply(const MetadataTransaction& transaction) override {
    return observed_.Apply(transaction);
  }
  Status RenewCopy() override {
    observed_.Copied();
    return Ok();
  }
  Status CopyTo(const std::string& path) override { return observed_.CopiedTo(path); }

 private:
  Observed& observed_;
};

MetadataTransaction PutOf(const std::string& key) {
  MetadataTransaction transaction;
  transaction.Put(Table::kTopic, key, "v");
  return transaction;
}

class ThreadWriterTest : public testing::Test {
 protected:
  std::unique_ptr<MetadataWriter> Make(std::chrono::milliseconds copy_interval = kCopyInterval) {
    return MakeThreadMetadataWriter(
        std::make_unique<ObservedStore>(observed_), [this] { observed_.Woken(); }, copy_interval);
  }
  Observed observed_;
};

TEST_F(ThreadWriterTest, EndsInTheOrderOfSubmission) {
  auto writer = Make();
  for (std::uint64_t id = 1; id <= 200; ++id) writer->Submit(id, PutOf(std::to_string(id)));
  const auto done = observed_.WaitForDone(*writer, 200);
  ASSERT_EQ(done.size(), 200U);
  std::uint64_t expected = 1;
  for (const MetadataDone& one : done) {
    EXPECT_EQ(one.id, expected++);
    EXPECT_TRUE(one.status.ok());
  }
  std::vector<Bytes> keys;
  for (const auto& transaction : observed_.applied()) {
    for (const auto& write : transaction.writes) keys.push_back(write.key);
  }
  ASSERT_EQ(keys.size(), 200U);
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(keys[i], std::to_string(i + 1));
}

TEST_F(ThreadWriterTest, JoinsWhatWaitsWhileACommitRuns) {
  observed_.Hold();
  auto writer = Make();
  writer->Submit(1, PutOf("first"));
  observed_.WaitForApplied(1);
  writer->Submit(2, PutOf("second"));
  MetadataTransaction administrative = PutOf("third");
  administrative.renew_copy = true;
  writer->Submit(3, std::move(administrative));
  writer->Submit(4, PutOf("fourth"));
  EXPECT_FALSE(writer->TakeDone().has_value());
  observed_.Release();
  EXPECT_EQ(observed_.WaitForDone(*writer, 4).size(), 4U);
  const auto applied = observed_.applied();
  ASSERT_EQ(applied.size(), 2U);
  EXPECT_FALSE(applied[0].renew_copy);
  EXPECT_EQ(applied[1].writes.size(), 3U);
  EXPECT_TRUE(applied[1].renew_copy);
}

TEST_F(ThreadWriterTest, ACopyToElsewhereHoldsWhatWasSubmittedBeforeItAlone) {
  observed_.Hold();
  auto writer = Make();
  writer->Submit(1, PutOf("first"));
  observed_.WaitForApplied(1);
  writer->Submit(2, PutOf("second"));
  MetadataTransaction copy;
  copy.copy_to = "/elsewhere";
  writer->Submit(3, std::move(copy));
  writer->Submit(4, PutOf("third"));
  observed_.Release();
  const auto done = observed_.WaitForDone(*writer, 4);
  for (const MetadataDone& one : done) EXPECT_EQ(one.copied_elsewhere, one.id == 3);
  using Copies = std::vector<std::pair<std::string, std::size_t>>;
  EXPECT_EQ(observed_.copied_to(), (Copies{{"/elsewhere", 2}}));
  EXPECT_EQ(observed_.applied().size(), 3U);
}

TEST_F(ThreadWriterTest, AnErrorReachesEveryoneWhoWasJoined) {
  observed_.Hold();
  auto writer = Make();
  writer->Submit(1, PutOf("a"));
  observed_.WaitForApplied(1);
  writer->Submit(2, PutOf("b"));
  writer->Submit(3, PutOf("c"));
  observed_.FailFromNowOn(Fail(ErrorCode::kNoSpace, "full"));
  observed_.Release();
  const auto done = observed_.WaitForDone(*writer, 3);
  for (const MetadataDone& one : done) {
    ASSERT_FALSE(one.status.ok());
    EXPECT_EQ(one.status.error().code, ErrorCode::kNoSpace);
  }
}

TEST_F(ThreadWriterTest, OneCommitIsBoundedInWrites) {
  constexpr std::size_t kLarge = 6'000;
  observed_.Hold();
  auto writer = Make();
  writer->Submit(1, PutOf("a"));
  observed_.WaitForApplied(1);
  for (std::uint64_t id = 2; id <= 4; ++id) {
    MetadataTransaction large;
    for (std::size_t i = 0; i < kLarge; ++i) large.Put(Table::kSource, std::to_string(i), "v");
    writer->Submit(id, std::move(large));
  }
  observed_.Release();
  EXPECT_EQ(observed_.WaitForDone(*writer, 4).size(), 4U);
  const auto applied = observed_.applied();
  ASSERT_EQ(applied.size(), 3U);
  EXPECT_EQ(applied[1].writes.size(), 2 * kLarge) << "a transaction is never cut";
  EXPECT_EQ(applied[2].writes.size(), kLarge);
}

TEST_F(ThreadWriterTest, DestructionFinishesWhatWasSubmitted) {
  {
    observed_.Hold();
    auto writer = Make();
    writer->Submit(1, PutOf("a"));
    observed_.WaitForApplied(1);
    writer->Submit(2, PutOf("b"));
    observed_.Release();
  }
  std::size_t writes = 0;
  for (const auto& transaction : observed_.applied()) writes += transaction.writes.size();
  EXPECT_EQ(writes, 2U);
}

TEST_F(ThreadWriterTest, RenewsTheCopyOfWhatChanged) {
  auto writer = Make(std::chrono::milliseconds{1});
  writer->Submit(1, PutOf("a"));
  observed_.WaitForCopies(1);
  writer->Submit(2, PutOf("b"));
  observed_.WaitForCopies(2);
}

TEST_F(ThreadWriterTest, RenewsTheCopySoonWhereATransactionAsksForIt) {
  auto writer = MakeThreadMetadataWriter(
      std::make_unique<ObservedStore>(observed_), [this] { observed_.Woken(); }, kCopyInterval,
      std::chrono::milliseconds{1});
  writer->Submit(1, PutOf("a"));
  MetadataTransaction first = PutOf("b");
  first.renew_copy_soon = true;
  writer->Submit(2, std::move(first));
  observed_.WaitForCopies(1);
}

TEST_F(ThreadWriterTest, AnOrderlyEndRenewsTheCopyOfWhatChanged) {
  Make()->Submit(1, PutOf("a"));
  EXPECT_EQ(observed_.copies(), 1);
  Make();
  EXPECT_EQ(observed_.copies(), 1) << "nothing changed";
}

TEST_F(ThreadWriterTest, ADatabaseThatFailedDoesNotReplaceItsCopy) {
  observed_.FailFromNowOn(Fail(ErrorCode::kIo, "disk"));
  Make()->Submit(1, PutOf("a"));
  EXPECT_EQ(observed_.copies(), 0);
}

TEST(InlineWriter, IsDoneWithinSubmit) {
  MemoryStore store;
  auto writer = MakeInlineMetadataWriter(store);
  writer->Submit(7, PutOf("a"));
  EXPECT_EQ(store.Load()->size(), 1U);
  store.Fail(Fail(ErrorCode::kIo, "broken"));
  writer->Submit(8, PutOf("b"));
  auto first = writer->TakeDone();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->id, 7U);
  EXPECT_TRUE(first->status.ok());
  auto second = writer->TakeDone();
  ASSERT_TRUE(second.has_value());
  EXPECT_FALSE(second->status.ok());
  EXPECT_FALSE(writer->TakeDone().has_value());
}

}  // namespace
}  // namespace logboom::broker
