// What three hundred agents leave on the disk, before and after rewriting, beside one fast one.
//
//   slow_agents_bench LINES_FILE FOLDER: makes the batches that agents would send which read the
// file's lines at 1, 10 and 100 lines a second each with the default linger, without waiting for
// real time, stores them in a partition, and rewrites its finished segments. One line of figures
// a rate; rate 0 is the fast agent.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "broker/storage/limits.h"
#include "broker/storage/partition_log.h"
#include "broker/storage/small_batches.h"
#include "lib/base/random.h"
#include "lib/file/posix_file_system.h"
#include "lib/record/batch_builder.h"
#include "lib/record/span.h"

namespace logboom::broker {
namespace {

constexpr int kAgents = 300;
constexpr std::int64_t kLingerMs = 500;
constexpr std::size_t kFastBatchBytes = std::size_t{256} << 10U;
constexpr std::int64_t kStartMs = 1'790'000'000'000;

struct Agent {
  Bytes key;
  Uuid source;
  std::int64_t position = 0;
  std::int64_t raw_bytes = 0;  // of lines, without their newlines
};

[[noreturn]] void Give(const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  std::exit(1);
}
void Must(const Status& status) {
  if (!status.ok()) Give(status.error());
}
template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) Give(result.error());
  return *std::move(result);
}

std::vector<ByteView> LinesOf(const Bytes& text) {
  std::vector<ByteView> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(ByteView(text).substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// One partition that is filled and rewritten.
class Run {
 public:
  Run(file::FileSystem& fs, std::string directory, int rate)
      : fs_(fs), directory_(std::move(directory)), rate_(rate) {
    Must(fs_.CreateDirectories(directory_));
    PartitionLogOptions options;
    options.segment_bytes = std::int64_t{16} << 20U;
    log_ = Must(PartitionLog::Open(fs_, directory_, directory_ + "/quarantine", options,
                                   std::nullopt, false, TimestampMs(kStartMs), {}));
    for (int i = 0; i < (rate == 0 ? 1 : kAgents); ++i) {
      agents_.push_back({fmt::format("web-{:03}.example.com:/var/log/app/app.log", i),
                         Uuid::Make(random_), 0, 0});
    }
  }

  void Fill(const std::vector<ByteView>& lines) {
    const std::size_t count =
        rate_ == 0 ? 0
                   : std::max<std::size_t>(1, static_cast<std::size_t>(rate_ * kLingerMs / 1000));
    for (std::size_t at = 0, turn = 0; at < lines.size(); ++turn) {
      Agent& agent = agents_[turn % agents_.size()];
      // All agents send once in this time.
      const std::int64_t interval =
          rate_ == 0 ? 1 : std::max(kLingerMs, std::int64_t{1000} / rate_);
      now_ms_ = kStartMs + static_cast<std::int64_t>(turn / agents_.size()) * interval +
                static_cast<std::int64_t>(random_.Below(2));
      at += Send(agent, lines, at, count);
      if (turn % 1000 == 0) Commit();
    }
    Commit();
    // What stands in the active segment counts as well.
    PartitionLogOptions options;
    options.segment_bytes = 1;
    log_->SetOptions(options);
    std::size_t last = lines.size() - 1;
    Send(agents_.front(), lines, last, 1);
    Commit();
    Commit();
    Send(agents_.front(), lines, last, 1);
    Commit();
  }

  struct Figures {
    std::int64_t raw = 0;
    std::int64_t stored = 0;
    std::int64_t rewritten = 0;
  };
  Figures Rewrite() {
    Figures figures;
    for (const Agent& agent : agents_) figures.raw += agent.raw_bytes;
    figures.stored = log_->size_bytes();
    const RewriteLimits limits;
    for (const CopySource& source : log_->Copyable()) {
      if (Must(JudgeRewriting(fs_, directory_, source, limits)) == RewriteVerdict::kKeep) continue;
      SegmentCopy copy(
          fs_,
          {.directory = directory_,
           .sources = {source},
           .merge = {.raw_bytes = limits.batch_raw_bytes, .zstd_level = kRewriteZstdLevel}},
          nullptr);
      while (Must(copy.Step(std::int64_t{8} << 20U, {}))) {
      }
      Must(log_->Install(Must(copy.Finish())));
    }
    figures.rewritten = log_->size_bytes();
    return figures;
  }

 private:
  // A batch of `count` lines (0: of 256 KiB) from `at` on. Gives how many it took.
  std::size_t Send(Agent& agent, const std::vector<ByteView>& lines, std::size_t at,
                   std::size_t count) {
    record::SourceSpan span{.log_tag = 7,
                            .source_id = agent.source,
                            .begin = SourcePosition(agent.position),
                            .end = SourcePosition(agent.position),
                            .window = random_.Next()};
    const Bytes place(record::kSpanBytes, '\0');
    std::size_t taken = 0;
    record::HeaderSlot slot;
    while (at + taken < lines.size() &&
           (count == 0 ? builder_.raw_bytes() < kFastBatchBytes : taken < count)) {
      const ByteView line = lines[at + taken];
      const record::HeaderView header{.key = record::kSpanHeader, .value = place};
      const record::RecordView record{.timestamp = TimestampMs(now_ms_),
                                      .key = agent.key,
                                      .value = line,
                                      .headers = std::span(&header, taken == 0 ? 1U : 0U)};
      if (taken == 0) {
        slot = builder_.AddWithSlot(record, 0);
      } else {
        builder_.Add(record);
      }
      agent.position += static_cast<std::int64_t>(line.size()) + 1;
      agent.raw_bytes += static_cast<std::int64_t>(line.size());
      ++taken;
    }
    span.end = SourcePosition(agent.position);
    span.records = static_cast<std::uint32_t>(taken);
    builder_.PatchHeader(slot, record::EncodeSpan(span));
    Bytes batch(Must(builder_.Finish()));
    const record::BatchHeader header = Must(record::ParseBatchHeader(batch));
    Must(log_->Append(batch.data(), header, TimestampMs(now_ms_)));
    return taken;
  }

  // What is measured are bytes: the device need not be waited for.
  void Commit() { log_->SyncDone(log_->TakeSyncWork().covers); }

  file::FileSystem& fs_;
  std::string directory_;
  int rate_;
  SeededRandom random_{1};
  record::BatchBuilder builder_{record::BatchBuilderOptions{}};
  std::unique_ptr<PartitionLog> log_;
  std::vector<Agent> agents_;
  std::int64_t now_ms_ = kStartMs;
};

int Main(const std::string& file, const std::string& folder) {
  file::PosixFileSystem fs;
  const Bytes text = Must(file::ReadWholeFile(fs, file, std::size_t{1} << 30U));
  const std::vector<ByteView> lines = LinesOf(text);
  for (const int rate : {0, 100, 10, 1}) {
    const std::string directory = fmt::format("{}/rate-{}", folder, rate);
    std::filesystem::remove_all(directory);
    Run run(fs, directory, rate);
    run.Fill(lines);
    const Run::Figures figures = run.Rewrite();
    fmt::print("{} {} {} {}\n", rate, figures.raw, figures.stored, figures.rewritten);
    std::filesystem::remove_all(directory);
  }
  return 0;
}

}  // namespace
}  // namespace logboom::broker

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: slow_agents_bench LINES_FILE FOLDER\n");
    return 2;
  }
  return logboom::broker::Main(argv[1], argv[2]);
}
