// Damaged bytes in a data directory: the broker starts, serves nothing wrong, and all that was not
// damaged.
//
//   LOGBOOM_FLIPS=N           so many (default 60)
//   LOGBOOM_FLIP_SEED=N       default 1
//   LOGBOOM_FLIP_ONLY=N       the Nth of that seed alone
//   LOGBOOM_FLIP_FILES=TEXT   in files whose name holds it
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "lib/record/batch_builder.h"
#include "lib/record/batch_header.h"
#include "lib/segment/compaction_checkpoint.h"
#include "lib/segment/names.h"
#include "lib/segment/seal.h"
#include "tests/bitflip/compacted.h"
#include "tests/bitflip/judge.h"
#include "tests/bitflip/sample.h"
#include "tests/lib/daemon/temporary_folder.h"

namespace logboom::bitflip {
namespace {

namespace filesystem = std::filesystem;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr const char* kKeyedFolder = "5-0";
// Every so many flips the broker is started once more, behind what it has mended.
constexpr std::uint64_t kSecondStartEach = 4;
// A round of compaction is 15 s, and no pass takes more than a second.
constexpr int kCompactionRoundsMax = 4;
constexpr std::int64_t kRoundMs = 20'000;

std::uint64_t NumberFrom(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Where syncs cost nothing, if there is such a place.
std::string WorkFolder() {
  std::string name = "/dev/shm/logboom-XXXXXX";
  if (mkdtemp(name.data()) != nullptr) return name;
  name = (filesystem::temp_directory_path() / "logboom-XXXXXX").string();
  return mkdtemp(name.data());
}

struct Counts {
  std::map<std::string, std::uint64_t> flips;  // by kind of file
  std::uint64_t in_batch = 0;
  std::uint64_t noted = 0;  // something was found and mended at the start
  std::uint64_t compacted = 0;
  std::uint64_t not_compacted = 0;  // the pass ended at what it found
  std::uint64_t faults = 0;
};

class BitFlip : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = WorkFolder();
    seed_ = NumberFrom("LOGBOOM_FLIP_SEED", 1);
    filesystem::create_directory(Sound());
    SeededRandom random(seed_);
    auto made = MakeSample(Sound(), random);
    ASSERT_TRUE(made.ok()) << made.error().message;
    sample_ = *std::move(made);
    for (int i = 0; i < 12; ++i) {
      times_.push_back(sample_.stopped.value() - 450'000 + i * 37'003);
    }
    sound_ = Read(Sound());
    files_ = FindFiles(Sound());
    const char* part = std::getenv("LOGBOOM_FLIP_FILES");
    if (part != nullptr) {
      std::erase_if(files_,
                    [&](const auto& file) { return file.name.find(part) == std::string::npos; });
    }
  }
  void TearDown() override { filesystem::remove_all(folder_); }

  std::string Sound() const { return folder_ + "/sound"; }
  std::string Damaged() const { return folder_ + "/damaged"; }
  TimestampMs ReadTime() const { return sample_.stopped + kHourMs; }

  // On a copy: a broker that starts changes the directory.
  Contents Read(const std::string& directory) {
    Copy(directory);
    auto broker = LocalBroker::Start(Damaged(), ReadTime(), Compaction::kRests);
    EXPECT_TRUE(broker.ok()) << broker.error().message;
    return broker.ok() ? ReadContents(**broker, times_) : Contents{};
  }

  void Copy(const std::string& directory) const {
    filesystem::remove_all(Damaged());
    filesystem::copy(directory, Damaged(), filesystem::copy_options::recursive);
  }

  std::vector<std::string> Try(const Flip& flip, bool start_again, Counts& counts) {
    Copy(Sound());
    const auto touched = FindTouched(Sound(), flip);
    Apply(Damaged(), flip);
    auto broker = LocalBroker::Start(Damaged(), ReadTime(), Compaction::kRests);
    if (!broker.ok()) return {"the broker does not start: " + broker.error().message};
    const Contents damaged = ReadContents(**broker, times_);
    std::vector<std::string> faults = Judge(sound_, damaged, touched);
    if (touched) ++counts.in_batch;
    if (damaged.conditions.size() > sound_.conditions.size()) ++counts.noted;
    for (std::string& fault : Append(**broker)) faults.push_back(std::move(fault));
    if (const Status stopped = (*broker)->Stop(); !stopped.ok()) {
      faults.push_back("the broker does not stop: " + stopped.error().message);
    }
    broker->reset();
    if (start_again && faults.empty()) faults = StartAgain(touched);
    return faults;
  }

  // With compaction at work on what nobody has looked at yet.
  std::vector<std::string> TryCompaction(const Flip& flip, Counts& counts) {
    Copy(Sound());
    const auto touched = FindTouched(Sound(), flip);
    Apply(Damaged(), flip);
    auto broker = LocalBroker::Start(Damaged(), ReadTime(), Compaction::kRuns);
    if (!broker.ok()) return {"the broker does not start: " + broker.error().message};
    ++(Compact(**broker) ? counts.compacted : counts.not_compacted);
    std::vector<std::string> faults = JudgeAllBehindCompaction(**broker, touched);
    if (const broker::CleanerCounters& done = (*broker)->broker().cleaner_counters();
        done.passes + done.failures == 0) {
      faults.push_back("no pass was tried");
    }
    if (const Status stopped = (*broker)->Stop(); !stopped.ok()) {
      faults.push_back("the broker does not stop: " + stopped.error().message);
    }
    return faults;
  }

  // Until a pass is done, or has failed; false where it has. Tombstones are past their time then.
  static bool Compact(LocalBroker& broker) {
    broker.Pass(kTombstonesStayMs + kRoundMs);
    const broker::CleanerCounters& done = broker.broker().cleaner_counters();
    for (int i = 0; i < kCompactionRoundsMax && done.passes + done.failures == 0; ++i) {
      broker.Pass(kRoundMs);
    }
    return done.passes > 0;
  }

  std::vector<std::string> JudgeAllBehindCompaction(LocalBroker& broker,
                                                    const std::optional<TouchedBatch>& touched) {
    Contents sound = sound_;
    Contents now = ReadContents(broker, times_);
    const PartitionContents keyed = now.partitions[kKeyedPartition];
    now.partitions.erase(kKeyedPartition);
    sound.partitions.erase(kKeyedPartition);
    const bool here = touched && touched->partition == kKeyedPartition;
    std::vector<std::string> faults = Judge(sound, now, touched);
    for (std::string& fault :
         JudgeCompacted(sound_.partitions.at(kKeyedPartition), keyed, broker.now(),
                        here ? std::optional(touched->offsets) : std::nullopt)) {
      faults.push_back(fmt::format("{}: {}", kKeyedPartition, fault));
    }
    for (std::string& fault : faults) fault = "compaction: " + fault;
    return faults;
  }

  bool IsOfKeyed(const Flip& flip) const {
    return filesystem::path(flip.file).parent_path().filename() == kKeyedFolder;
  }

  // What comes next gets the next offset, and the time of now.
  std::vector<std::string> Append(LocalBroker& broker) {
    std::vector<std::string> faults;
    protocol::Request request;
    request.mutable_metadata();
    const Reply all = broker.Ask(std::move(request));
    for (const protocol::Topic& topic : all.response.metadata().topics()) {
      for (const protocol::Partition& partition : topic.partitions()) {
        AppendTo(broker, topic, partition, faults);
      }
    }
    return faults;
  }

  void AppendTo(LocalBroker& broker, const protocol::Topic& topic,
                const protocol::Partition& partition, std::vector<std::string>& faults) {
    protocol::Request request;
    request.mutable_produce()->set_topic_id(topic.topic_id());
    request.mutable_produce()->set_partition(partition.index());
    record::BatchBuilder builder({.codec = record::Codec::kNone});
    builder.Add({.timestamp = broker.now(), .key = "key", .value = "appended", .headers = {}});
    const Reply reply = broker.Ask(std::move(request), Bytes(*builder.Finish()));
    const std::string name = fmt::format("{}-{}", topic.name(), partition.index());
    if (!reply.ok()) {
      faults.push_back(fmt::format("{}: append: {}", name, reply.response.error().message()));
      return;
    }
    const protocol::ProduceResponse& produced = reply.response.produce();
    const auto found = sound_.partitions.find(name);
    if (found != sound_.partitions.end() && produced.base_offset() != found->second.end) {
      faults.push_back(fmt::format("{}: offset {} is given, not {}", name, produced.base_offset(),
                                   found->second.end));
    }
    if (produced.append_time_ms() < ReadTime().value() ||
        produced.append_time_ms() > broker.now().value()) {
      faults.push_back(fmt::format("{}: the append time is {}", name, produced.append_time_ms()));
    }
  }

  // The same again, but for what was appended and is left out here.
  std::vector<std::string> StartAgain(const std::optional<TouchedBatch>& touched) {
    auto broker = LocalBroker::Start(Damaged(), ReadTime() + kHourMs, Compaction::kRests);
    if (!broker.ok()) return {"the broker does not start again: " + broker.error().message};
    Contents again = ReadContents(**broker, times_);
    for (auto& [name, partition] : again.partitions) {
      const PartitionContents& sound = sound_.partitions.at(name);
      if (partition.end == sound.end + 1) partition.end = sound.end;
      partition.batches.erase(sound.end);
      partition.last_append_ms = sound.last_append_ms;
    }
    std::vector<std::string> faults;
    for (std::string& fault : Judge(sound_, again, touched)) {
      faults.push_back("second start: " + std::move(fault));
    }
    return faults;
  }

  std::string folder_;
  std::uint64_t seed_ = 0;
  Sample sample_;
  std::vector<std::int64_t> times_;
  Contents sound_;
  std::vector<FlippableFile> files_;
};

std::string KindOf(const std::string& file) {
  const filesystem::path path(file);
  return path.has_parent_path() && path.has_extension() ? path.extension().string()
                                                        : path.filename().string();
}

TEST_F(BitFlip, TheSoundDirectoryServesWhatWasAcked) {
  for (const auto& [name, batches] : sample_.acked) {
    const PartitionContents& partition = sound_.partitions.at(name);
    for (const auto& [base, sent] : batches) {
      if (base < partition.log_start) continue;
      ASSERT_TRUE(partition.batches.contains(base)) << name << " at " << base;
      Bytes served = partition.batches.at(base);
      record::SetBaseOffset(served.data(), Offset(0));
      record::SetLeaderEpoch(served.data(), record::ParseBatchHeader(sent)->leader_epoch);
      EXPECT_EQ(served, sent) << name << " at " << base;
    }
  }
  EXPECT_GT(sound_.partitions.at("short-0").log_start, 0);
  EXPECT_GT(sound_.partitions.at("plain-0").epoch, 0);
  EXPECT_FALSE(sound_.partitions.at("web-0").rows.empty());
  EXPECT_EQ(sound_.sources.size(), 40U);
  EXPECT_EQ(sound_.committed.size(), 48U);
}

TEST_F(BitFlip, TheSoundDirectoryIsCompactedInPart) {
  const std::map<std::int64_t, Bytes>& batches = sound_.partitions.at(kKeyedPartition).batches;
  const KeyedRecords served = RecordsOf(batches);
  EXPECT_EQ(JudgeRecords(sample_.keyed, served, {}, std::nullopt), std::vector<std::string>());
  EXPECT_LT(served.size(), sample_.keyed.size());
  file::PosixFileSystem fs;
  const std::string directory = fmt::format("{}/{}", Sound(), kKeyedFolder);
  const auto checkpoint = segment::ReadCompactionCheckpoint(fs, directory);
  EXPECT_GT(checkpoint->first_dirty, Offset(0));
  int compacted = 0;
  for (const FlippableFile& file : FindFiles(directory)) {
    const auto name = segment::ParseSegmentFileName(file.name);
    if (!name || name->suffix != segment::kSealSuffix) continue;
    if (segment::ReadSeal(fs, directory, name->base_offset)->compacted) ++compacted;
  }
  EXPECT_GE(compacted, 2);
  EXPECT_GT(TombstonesPastTheirTime(batches, ReadTime()).size(), 0U);

  Counts counts;
  const Flip none{.file = files_.front().name, .position = 0, .mask = 0};
  EXPECT_EQ(TryCompaction(none, counts), std::vector<std::string>());
  EXPECT_EQ(counts.compacted, 1U);
}

TEST_F(BitFlip, NothingWrongIsServedAndNothingElseIsLost) {
  const std::uint64_t flips = NumberFrom("LOGBOOM_FLIPS", 60);
  const std::uint64_t only = NumberFrom("LOGBOOM_FLIP_ONLY", flips);
  const auto begin = std::chrono::steady_clock::now();
  Counts counts;
  SeededRandom random(seed_ + 1);
  for (std::uint64_t i = 0; i < flips; ++i) {
    const Flip flip = DrawFlip(files_, random);
    if (only != flips && i != only) continue;
    ++counts.flips[KindOf(flip.file)];
    const bool with_more = i % kSecondStartEach == 0 || i == only;
    std::vector<std::string> faults = Try(flip, with_more, counts);
    if (faults.empty() && (with_more || IsOfKeyed(flip))) faults = TryCompaction(flip, counts);
    if (!faults.empty()) ++counts.faults;
    for (const std::string& fault : faults) {
      ADD_FAILURE() << "flip " << i << " of seed " << seed_ << ", " << ToString(flip) << ": "
                    << fault;
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print(
      "{} flips of seed {} over {} files in {:.0f} s: {} with faults, {} in a batch, {} told "
      "at the start; {} passes of compaction done, {} not\n",
      only == flips ? flips : 1, seed_, files_.size(), took.count(), counts.faults, counts.in_batch,
      counts.noted, counts.compacted, counts.not_compacted);
  for (const auto& [kind, count] : counts.flips) fmt::print("{:>9}  {}\n", count, kind);
}

}  // namespace
}  // namespace logboom::bitflip
