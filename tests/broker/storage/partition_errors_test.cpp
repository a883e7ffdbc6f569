// The life of a log in which each call of the file system fails once: whoever made it is told, and
// nothing that was committed is lost.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "lib/file/faulty_file_system.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

// Of a producer's batches the headers alone stay.
class NoProducers final : public RecordFilter {
 public:
  bool Keeps(const record::BatchHeader& batch, const record::Record&) override {
    return batch.producer_id < 0;
  }
  bool KeepsHeader(const record::BatchHeader&) override { return true; }
  std::optional<TimestampMs> DeleteHorizon(const record::BatchHeader&) override {
    return std::nullopt;
  }
  void CopiedWhole(const record::BatchHeader&) override {}
};

class PartitionLogErrors : public LogFixture {
 protected:
  void StartLife() {
    StartAnew();
    faulty_ = std::make_unique<file::FaultyFileSystem>(*fs_);
    options_.segment_bytes = 12'000;
    committed_ = 0;
    sequence_ = 0;
    stopped_.reset();
  }

  Status OpenFaulty(bool clean) {
    log_.reset();
    ASSIGN_OR_RETURN(log_, PartitionLog::Open(*faulty_, kDirectory, kQuarantine, options_, stopped_,
                                              clean, TimestampMs(now_ms_), {}));
    log_->SetSealHook([] { return Bytes("positions"); });
    return Ok();
  }
  Status Stop() {
    RETURN_IF_ERROR(log_->Close());
    stopped_ = Checkpoint();
    return Ok();
  }
  Status CommitFaulty() {
    const SyncWork work = log_->TakeSyncWork();
    RETURN_IF_ERROR(SyncAll(*faulty_, work));
    log_->SyncDone(work.covers);
    committed_ = batches_.size();
    return Ok();
  }

  // Three records that don't compress.
  Bytes NewBatch() {
    record::BatchBuilder builder({.codec = record::Codec::kNone});
    for (int i = 0; i < 3; ++i) {
      Bytes value(1'500, '\0');
      for (char& byte : value) byte = static_cast<char>(random_.Below(256));
      builder.Add(
          {.timestamp = TimestampMs(now_ms_ + i), .key = {}, .value = value, .headers = {}});
    }
    return Bytes(*builder.Finish());
  }
  // Every other batch has a producer.
  Status AppendOne() {
    Bytes batch = NewBatch();
    record::BatchHeader header = *record::ParseBatchHeader(batch);
    if (batches_.size() % 2 == 1) {
      batch = FromProducer(std::move(batch), 7, sequence_);
      header = *record::ParseBatchHeader(batch);
      ASSIGN_OR_RETURN(const ProducerVerdict verdict, log_->JudgeProducer(header));
      if (verdict.kind != ProducerVerdict::Kind::kFresh) {
        return Fail(ErrorCode::kInvalid, "sequence {} is not what the log waits for", sequence_);
      }
    }
    ASSIGN_OR_RETURN(const AppendedBatch appended,
                     log_->Append(batch.data(), header, TimestampMs(now_ms_)));
    if (header.producer_id >= 0) sequence_ += header.record_count;
    batches_.push_back({appended.base_offset, appended.next_offset, std::move(batch)});
    return Ok();
  }
  Status AppendSome(int count) {
    for (int i = 0; i < count; ++i) {
      now_ms_ += 1'500;
      RETURN_IF_ERROR(AppendOne());
      if (i % 2 == 1) RETURN_IF_ERROR(CommitFaulty());
    }
    return CommitFaulty();
  }

  Status ReadOnce() {
    for (Offset from = log_->log_start(); from < log_->durable_end();) {
      ASSIGN_OR_RETURN(const FetchedBytes fetched, log_->Read(from, 8'000));
      if (!fetched.unreadable.empty()) {
        return Fail(ErrorCode::kIo, "{}", fetched.unreadable[0].reason);
      }
      from = fetched.next_offset;
    }
    for (const AppendedCopy& batch : batches_) {
      if (batch.base_offset < log_->log_start()) continue;
      ASSIGN_OR_RETURN(const auto time, log_->AppendTimeAt(batch.base_offset));
      if (!time) return Fail(ErrorCode::kIo, "no append time of {}", batch.base_offset);
    }
    ASSIGN_OR_RETURN(const auto found, log_->OffsetAtTime(TimestampMs(now_ms_)));
    return found ? Ok() : Fail(ErrorCode::kIo, "no offset at that time");
  }

  Status Rewrite(std::size_t first, RecordFilter* filter) {
    const std::vector<CopySource> all = log_->Copyable();
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
    SegmentCopy copy(*faulty_,
                     {.directory = kDirectory,
                      .sources = {begin, begin + 2},
                      .merge = {.raw_bytes = 30'000, .zstd_level = 1}},
                     filter);
    while (true) {
      ASSIGN_OR_RETURN(const bool more, copy.Step(8'000, {}));
      if (!more) break;
    }
    ASSIGN_OR_RETURN(const CopiedSegment copied, copy.Finish());
    ASSIGN_OR_RETURN(const bool installed, log_->Install(copied));
    return installed ? Ok() : Fail(ErrorCode::kInvalid, "the copy was not taken");
  }

  Status LetGo() {
    ASSIGN_OR_RETURN(const TrimmedRange trimmed, log_->TrimBefore(log_->log_start() + 11));
    PartitionLogOptions fewer = options_;
    fewer.retention_bytes = log_->size_bytes() / 2;
    log_->SetOptions(fewer);
    ASSIGN_OR_RETURN(const TrimmedRange old, log_->Retain(AgeClock({TimestampMs(now_ms_), {}})));
    return trimmed.records() > 0 && old.records() > 0 ? Ok()
                                                      : Fail(ErrorCode::kInvalid, "nothing went");
  }

  Status TakeSources() {
    ASSIGN_OR_RETURN(const auto sources, log_->NewestSealedSources());
    return sources ? Ok() : Fail(ErrorCode::kInvalid, "no sources are there");
  }

  Status SleepOnce() {
    if (log_->can_settle()) {
      const SyncWork work = log_->TakeSettlingWork();
      RETURN_IF_ERROR(SyncAll(*faulty_, work));
      log_->SyncDone(work.covers);
    }
    return log_->Sleep() ? Ok() : Fail(ErrorCode::kInvalid, "it does not sleep");
  }

  // Up to the first step that is told of a failure.
  Status Live() {
    const auto open = [this] { return OpenFaulty(/*clean=*/false); };
    const auto append = [this](int count) { return [this, count] { return AppendSome(count); }; };
    const auto read = [this] { return ReadOnce(); };
    RETURN_IF_ERROR(Do("make", open));
    RETURN_IF_ERROR(Do("append first of a producer", append(2)));
    RETURN_IF_ERROR(Do("append", append(16)));
    RETURN_IF_ERROR(Do("read", read));
    RETURN_IF_ERROR(Do("rewrite", [this] { return Rewrite(0, nullptr); }));
    RETURN_IF_ERROR(Do("compact", [this] {
      NoProducers filter;
      return Rewrite(1, &filter);
    }));
    RETURN_IF_ERROR(Do("read", read));
    RETURN_IF_ERROR(Do("stop", [this] { return Stop(); }));
    RETURN_IF_ERROR(Do("start", [this] { return OpenFaulty(/*clean=*/true); }));
    RETURN_IF_ERROR(Do("wake", read));
    RETURN_IF_ERROR(Do("append", append(5)));
    RETURN_IF_ERROR(Do("let go", [this] { return LetGo(); }));
    RETURN_IF_ERROR(Do("sleep", [this] { return SleepOnce(); }));
    RETURN_IF_ERROR(Do("append", append(2)));
    stopped_.reset();
    RETURN_IF_ERROR(Do("recover", open));
    RETURN_IF_ERROR(Do("take sources", [this] { return TakeSources(); }));
    RETURN_IF_ERROR(Do("append", append(2)));
    return Do("read", read);
  }
  template <typename Step>
  Status Do(const std::string& name, Step step) {
    step_ = name;
    return step();
  }

  // After the process has gone, and its troubles with it.
  void ExpectCommitted() {
    faulty_->Heal();
    log_.reset();
    fs_->KillProcess();
    const Status opened = Open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    const Offset end = committed_ == 0 ? Offset(0) : batches_[committed_ - 1].next_offset;
    ASSERT_GE(log_->durable_end(), end);
    Offset at = log_->log_start();
    for (; at < end;) {
      const Result<FetchedBytes> fetched = log_->Read(at, 1'000);
      ASSERT_TRUE(fetched.ok());
      ASSERT_TRUE(fetched->unreadable.empty()) << fetched->unreadable[0].reason;
      ASSERT_GT(fetched->next_offset, at);
      at = fetched->next_offset;
    }
    ExpectVerified();
  }

  static std::string FileOf(const std::string& path) {
    const std::string name = path.substr(path.rfind('/') + 1);
    const auto parsed = segment::ParseSegmentFileName(name);
    return parsed ? std::string(parsed->suffix) : name;
  }

  std::unique_ptr<file::FaultyFileSystem> faulty_;
  SeededRandom random_{1};
  std::string step_;
  std::size_t committed_ = 0;
  std::int32_t sequence_ = 0;
  std::optional<PartitionCheckpoint> stopped_;
};

// By the step and the call: the files without which a log goes on.
using Untold = std::map<std::string, std::set<std::string>>;

// Indexes and append times are sparser then, and those of a finished segment, its seal and what it
// says of its producers are made anew from its log. Blocks are reserved to be quick. Of the leader
// epochs there are two copies. What is removed too late is removed another time.
const Untold kUntold = {
    {"append first of a producer: preallocate", {".log"}},
    {"append first of a producer: write", {".appendtime", ".index", ".timeindex"}},
    {"compact: read", {".appendtime.cleaned", ".index.cleaned", ".timeindex.cleaned"}},
    {"compact: stat", {".appendtime.cleaned", ".index.cleaned", ".timeindex.cleaned"}},
    {"append: open", {".index", ".seal", ".snapshot", ".timeindex"}},
    {"append: preallocate", {".log"}},
    {"append: read", {".appendtime", ".index", ".timeindex"}},
    {"append: remove", {".seal", ".snapshot"}},
    {"append: stat", {".appendtime", ".index", ".timeindex"}},
    {"append: truncate", {".appendtime", ".index", ".log", ".snapshot", ".timeindex"}},
    {"append: write", {".appendtime", ".index", ".seal", ".snapshot", ".timeindex"}},
    {"let go: open", {".sources"}},
    {"let go: read", {".sources"}},
    {"let go: stat", {".sources"}},
    {"read: open", {".index", ".seal", ".timeindex"}},
    {"read: read", {".index", ".seal", ".timeindex"}},
    {"read: stat", {".index", ".seal", ".timeindex"}},
    {"recover: open", {".snapshot", "leader-epoch-checkpoint", "leader-epochs"}},
    {"recover: read", {".snapshot", "leader-epoch-checkpoint", "leader-epochs"}},
    {"recover: stat", {".snapshot", "leader-epoch-checkpoint", "leader-epochs"}},
    {"rewrite: read", {".appendtime.cleaned", ".index.cleaned", ".timeindex.cleaned"}},
    {"rewrite: stat", {".appendtime.cleaned", ".index.cleaned", ".timeindex.cleaned"}},
    {"sleep: read", {".appendtime", ".index", ".timeindex"}},
    {"sleep: stat", {".appendtime", ".index", ".timeindex"}},
    {"sleep: truncate", {".log"}},
    {"start: stat", {".log"}},
    {"stop: read", {".appendtime", ".index", ".timeindex"}},
    {"stop: remove", {".snapshot"}},
    {"stop: stat", {".appendtime", ".index", ".timeindex"}},
    {"stop: truncate", {".log"}},
    {"wake: open", {".index", ".seal", ".timeindex"}},
    {"wake: read", {".index", ".seal", ".timeindex"}},
    {"wake: stat", {".index", ".seal", ".timeindex"}},
};

TEST_F(PartitionLogErrors, AFailedCallIsToldAndCostsNothingThatWasCommitted) {
  Untold untold;
  for (std::uint64_t call = 0;; ++call) {
    StartLife();
    std::string what;
    std::string file;
    faulty_->Add({.matches = [&, calls = std::uint64_t{0}](file::CallKind kind,
                                                           const std::string& path) mutable {
      if (calls++ != call) return false;
      what = fmt::format("{}: {}", step_, file::CallKindName(kind));
      file = FileOf(path);
      return true;
    }});
    const Status lived = Live();
    if (what.empty()) {
      ASSERT_TRUE(lived.ok()) << lived.error().message;
      break;
    }
    SCOPED_TRACE(fmt::format("call {}, {} {}", call, what, file));
    if (lived.ok() && !log_->broken()) untold[what].insert(file);
    ASSERT_NO_FATAL_FAILURE(ExpectCommitted());
  }
  EXPECT_EQ(untold, kUntold);
}

}  // namespace
}  // namespace logboom::broker
