// An agent, a broker, files and time, all in one thread: what a test writes is watched, read,
// shipped and stored as time passes by Run().
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/archives.h"
#include "lib/client/agent_link.h"
#include "lib/file/faulty_file_system.h"
#include "lib/file/memory_file_system.h"
#include "lib/transport/inproc_transport.h"
#include "tests/fakes/fake_broker.h"

namespace logboom::agent {

inline constexpr const char* kBrokerAddress = "broker";
inline constexpr const char* kTopic = "logs";

// Equal, or where they begin to differ: whole files would drown the message.
inline ::testing::AssertionResult SameBytes(const std::string& found, const std::string& written) {
  if (found == written) return ::testing::AssertionSuccess();
  const auto differ = std::mismatch(found.begin(), found.end(), written.begin(), written.end());
  const auto at = static_cast<std::size_t>(differ.first - found.begin());
  return ::testing::AssertionFailure()
         << found.size() << " bytes instead of " << written.size() << ", different from byte " << at
         << ": found '" << found.substr(at, 60) << "' instead of '" << written.substr(at, 60)
         << "'";
}

inline std::string Lines(const std::string& name, int from, int to) {
  std::string lines;
  for (int i = from; i < to; ++i) lines += fmt::format("{} line {:06} of some length\n", name, i);
  return lines;
}

struct RigOptions {
  std::uint64_t seed = 1;
  bool watched = true;  // else directories are polled
};

class AgentRig {
 public:
  using Options = RigOptions;

  explicit AgentRig(Options options = {})
      : random(options.seed), watched_(options.watched), link_random_(options.seed + 1) {
    fs.SetTime(now.wall.value() * 1'000'000);
    EXPECT_TRUE(fs.CreateDirectories("/log").ok());
    agent_options.agent_id = "agent-1";
    agent_options.host = "host";
    agent_options.inputs = {Input({"/log/*.log", "/log/*.log.*"})};
    agent_options.codec = record::Codec::kLz4;
  }
  ~AgentRig() {
    EXPECT_TRUE(broker.complaints().empty()) << broker.complaints().front();
    link_.reset();
  }

  static InputOptions Input(std::vector<std::string> include, StartFrom from = StartFrom::kStart) {
    return {.name = "input",
            .include = std::move(include),
            .exclude = {},
            .topic = kTopic,
            .from = from};
  }

  // ---- the agent

  void Start() { Begin(nullptr); }
  // The same process under agent_options as they are now; `meanwhile` happens when nobody looks.
  void Reload(const std::function<void()>& meanwhile = [] {}) {
    constexpr std::int64_t kDrainMs = 5'000;
    agent->Pause(now);
    for (std::int64_t passed = 0; passed < kDrainMs && !agent->drained(); passed += 10) Tick();
    agent->SaveCheckpoint(now);
    agent->Leave(now);
    Handover handover = agent->HandOver();
    Kill();
    meanwhile();
    Begin(&handover);
  }
  // As SIGTERM.
  void Stop() {
    constexpr std::int64_t kDrainMs = 5'000;
    agent->Stop(now);
    for (std::int64_t passed = 0; passed < kDrainMs && !agent->drained(); passed += 10) Tick();
    agent->Leave(now);
    for (Notice& notice : agent->TakeNotices()) notices.push_back(std::move(notice));
    Kill();
  }
  // As kill -9: nothing more is sent or saved.
  void Kill() {
    link_.reset();
    agent.reset();
    watch_ = std::make_unique<file::ManualWatch>();
  }
  void DeleteState() { checkpoint_ = std::make_unique<MemoryCheckpoint>(); }

  void Tick(std::int64_t ms = 10) {
    now.wall += ms;
    now.monotonic += ms;
    fs.SetTime(now.wall.value() * 1'000'000);
    broker.Step();
    if (agent) {
      link_->Poll(now);
      agent->Step(now);
      for (Notice& notice : agent->TakeNotices()) {
        if (prints_notices) fmt::print(stderr, "{} {}\n", now.monotonic, notice.text);
        notices.push_back(std::move(notice));
      }
    }
    broker.Step();
  }
  void Run(std::int64_t ms) {
    for (std::int64_t passed = 0; passed < ms; passed += 10) Tick();
  }
  // Long enough for linger, polls, reconnects and settling.
  void Settle() { Run(20'000); }

  client::AgentLink& link() { return *link_; }

  // ---- who writes the files

  void Append(const std::string& path, ByteView bytes) {
    auto opened = fs.Open(path, file::OpenMode::kCreate);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    const auto stat = (*opened)->Stat();
    ASSERT_TRUE((*opened)->PWrite(stat->size_bytes, bytes).ok());
    Tell(stat->size_bytes == 0 ? file::ChangeKind::kAppeared : file::ChangeKind::kWritten, path);
  }
  void Rename(const std::string& from, const std::string& to) {
    ASSERT_TRUE(fs.Rename(from, to).ok());
    Tell(file::ChangeKind::kVanished, from);
    Tell(file::ChangeKind::kAppeared, to);
  }
  void Remove(const std::string& path) {
    ASSERT_TRUE(fs.Remove(path).ok());
    Tell(file::ChangeKind::kVanished, path);
  }
  void Truncate(const std::string& path, std::int64_t size = 0) {
    auto opened = fs.Open(path, file::OpenMode::kReadWrite);
    ASSERT_TRUE(opened.ok());
    ASSERT_TRUE((*opened)->Truncate(size).ok());
    Tell(file::ChangeKind::kWritten, path);
  }
  std::string Content(const std::string& path) {
    const auto bytes = file::ReadWholeFile(fs, path, std::size_t{1} << 30U);
    return bytes ? *bytes : "";
  }
  void Copy(const std::string& from, const std::string& to) { Append(to, Content(from)); }
  void CopyTruncate(const std::string& path, const std::string& copy) {
    Copy(path, copy);
    Truncate(path);
  }
  void Tell(file::ChangeKind kind, const std::string& path) {
    if (prints_notices) {
      fmt::print(stderr, "{} change {} of {}\n", now.monotonic, static_cast<int>(kind), path);
    }
    const std::size_t slash = path.rfind('/');
    watch_->Notify({.kind = kind,
                    .directory = slash == 0 ? "/" : path.substr(0, slash),
                    .name = path.substr(slash + 1)});
  }

  // ---- what the broker has

  fakes::StoredTopic& topic(const std::string& name = kTopic) { return broker.topic(name); }
  // Of all sources whose file was opened at `path`, in the order of the log.
  std::string BytesOf(const std::string& path, const std::string& name = kTopic) {
    std::string bytes;
    for (const fakes::StoredRecord& record : topic(name).log) {
      if (record.key != "host:" + path) continue;
      bytes += record.value;
      if (!record.more) bytes += '\n';
    }
    return bytes;
  }
  std::vector<std::string> Values(const std::string& name = kTopic) {
    std::vector<std::string> values;
    for (const fakes::StoredRecord& record : topic(name).log) values.push_back(record.value);
    return values;
  }
  std::vector<fakes::StoredRow> Rows(protocol::RowKind kind) {
    std::vector<fakes::StoredRow> rows;
    for (const fakes::StoredRow& row : topic().rows) {
      if (row.row.kind() == kind) rows.push_back(row);
    }
    return rows;
  }
  std::string StateOf(const std::string& path) const {
    for (const client::FileReport& report : agent->FileReports()) {
      if (report.path == path) return report.state;
    }
    return "";
  }
  // Sources, rows and files, for the message of a test that fails.
  std::string Describe() {
    std::string text = "sources:\n";
    for (const auto& [id, source] : topic().sources) {
      text +=
          fmt::format("  {} inode {} [{}, {}) durable {}{} begins '{}' ends '{}'\n",
                      source.identity.path, source.identity.inode, source.begin, source.appended,
                      source.durable, source.final ? " final" : "", source.bytes.substr(0, 15),
                      source.bytes.substr(source.bytes.size() -
                                          std::min<std::size_t>(source.bytes.size(), 40)));
    }
    for (const auto& row : topic().rows) {
      text += fmt::format("row {} {} [{}, {}) {}\n", static_cast<int>(row.row.kind()), row.path,
                          row.row.begin(), row.row.end(), row.row.reason());
    }
    if (!agent) return text;
    for (const client::FileReport& file : agent->FileReports()) {
      text += fmt::format("file {} size {} read {} acked {} {}\n", file.path, file.size_bytes,
                          file.read, file.acked, file.state);
    }
    return text;
  }
  bool Said(std::string_view text) const {
    for (const Notice& notice : notices) {
      if (notice.text.find(text) != std::string::npos) return true;
    }
    return false;
  }

  Instant now{.wall = TimestampMs(1'790'000'000'000), .monotonic = MonotonicMs(100'000)};
  file::MemoryFileSystem fs;
  // Between the agent and `fs`.
  file::FaultyFileSystem faults{fs};
  ArchiveFileSystem archives{faults};
  SeededRandom random;
  transport::InprocNetwork network;
  fakes::FakeBroker broker{network.MakeServer(kBrokerAddress)};
  AgentOptions agent_options;
  StreamFactory open_stream;
  // What goes on where agent_options can't be, at a reload.
  std::optional<AgentOptions> fallback;
  // Of the process that the agent is in.
  std::function<std::uint64_t()> memory_bytes = [] { return std::uint64_t{0}; };
  std::function<std::chrono::microseconds()> cpu_time = [] { return std::chrono::microseconds(0); };
  int memory_returns = 0;  // how often it gave memory back
  std::unique_ptr<Agent> agent;
  std::vector<Notice> notices;
  bool prints_notices = false;  // to follow a test that fails

 private:
  Result<std::unique_ptr<Agent>> Make(Handover* handover) {
    return Agent::Make(agent_options,
                       {.fs = archives,
                        .watch = watched_ ? watch_.get() : nullptr,
                        .checkpoint = *checkpoint_,
                        .random = random,
                        .open_stream = open_stream,
                        .memory_bytes = memory_bytes,
                        .return_memory = [this] { ++memory_returns; },
                        .cpu_time = cpu_time},
                       handover);
  }
  void Begin(Handover* handover) {
    auto made = Make(handover);
    if (!made.ok() && fallback) {
      agent_options = *fallback;
      made = Make(handover);
    }
    ASSERT_TRUE(made.ok()) << made.error().message;
    agent = std::move(*made);
    if (handover != nullptr) agent->TakeOver(*handover);
    client::AgentHello hello;
    hello.agent_id = agent_options.agent_id;
    hello.host = "host";
    hello.boot_id = "boot";
    if (handover == nullptr) ++processes_;
    hello.process_id = "process-" + std::to_string(processes_);
    hello.topics = agent->topics();
    link_ = std::make_unique<client::AgentLink>(network.MakeClient(kBrokerAddress), hello, *agent,
                                                link_random_);
    agent->Attach(*link_);
    agent->Begin(now);
  }

  bool watched_;
  SeededRandom link_random_;
  std::unique_ptr<file::ManualWatch> watch_ = std::make_unique<file::ManualWatch>();
  std::unique_ptr<MemoryCheckpoint> checkpoint_ = std::make_unique<MemoryCheckpoint>();
  std::unique_ptr<client::AgentLink> link_;
  int processes_ = 0;
};

}  // namespace logboom::agent
