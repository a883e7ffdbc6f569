// Inputs that are no files, under another configuration in the same process, and at its end.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "agent/streams/pipe_stream.h"
#include "agent/streams/syslog_socket.h"
#include "agent/streams/syslog_stream.h"
#include "tests/agent/agent_rig.h"
#include "tests/agent/loopback.h"
#include "tests/agent/scripted_stream.h"

namespace logboom::agent {
namespace {

using Strings = std::vector<std::string>;

class StreamsRig : public AgentRig {
 public:
  explicit StreamsRig(Options options = {}) : AgentRig(options) {
    broker.values_are_bytes = false;
    agent_options.inputs.clear();
    journal.unit = PositionUnit::kEntries;
    EXPECT_EQ(pipe2(pipe_, O_CLOEXEC), 0);
    open_stream = [this](const InputOptions& input) { return Open(input); };
  }
  ~StreamsRig() {
    close(pipe_[0]);
    CloseStandardInput();
  }
  StreamsRig(const StreamsRig&) = delete;
  StreamsRig& operator=(const StreamsRig&) = delete;

  static InputOptions StreamInput(InputKind kind, const std::string& topic = kTopic) {
    InputOptions input;
    input.name = "of " + topic;
    input.kind = kind;
    input.topic = topic;
    return input;
  }
  InputOptions& AddInput(InputKind kind, const std::string& topic = kTopic) {
    return agent_options.inputs.emplace_back(StreamInput(kind, topic));
  }
  InputOptions& AddSyslog(const std::string& address, const std::string& topic = kTopic) {
    InputOptions& input = AddInput(InputKind::kSyslog, topic);
    input.syslog = address;
    return input;
  }
  // So that there is an input where another is taken away.
  void AddFiles() { agent_options.inputs.push_back(Input({"/log/*.log"})); }

  void Write(ByteView bytes) const {
    ASSERT_EQ(write(pipe_[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void CloseStandardInput() {
    if (pipe_[1] >= 0) close(std::exchange(pipe_[1], -1));
  }
  // At a port of this machine.
  static Socket Connect(int type, std::uint16_t port) { return ConnectTo(port, type); }
  static void Send(const Socket& socket, ByteView bytes) { SendTo(socket, bytes); }
  // Of the n-th listener.
  std::uint16_t port(std::size_t listener = 0) const {
    return PortOf(agent->addresses().at(listener));
  }
  static bool CanListen(const std::string& address) {
    return OpenSyslogSocket(*ParseSyslogAddress(address)).ok();
  }
  Strings Sorted(const std::string& topic = kTopic) {
    Strings values = Values(topic);
    std::sort(values.begin(), values.end());
    return values;
  }
  std::size_t OpenSources(const std::string& name = kTopic) {
    std::size_t open = 0;
    for (const auto& [id, source] : topic(name).sources) open += source.final ? 0 : 1;
    return open;
  }

  StreamScript journal;

 private:
  Result<std::unique_ptr<RecordStream>> Open(const InputOptions& input) {
    const std::size_t bytes_max = agent_options.max_line_bytes;
    switch (input.kind) {
      case InputKind::kStandardInput:
        return MakePipeStream(pipe_[0], Uuid::Make(random),
                              {.framing = {.record_bytes_max = bytes_max},
                               .multiline_timeout = input.multiline_timeout,
                               .partial_timeout = agent_options.partial_timeout});
      case InputKind::kSyslog:
        return MakeSyslogStream({.address = input.syslog, .message_bytes_max = bytes_max},
                                Uuid::Make(random));
      default: return std::make_unique<ScriptedStream>(journal);
    }
  }

  int pipe_[2] = {-1, -1};
};

class StreamReloadRandom : public testing::TestWithParam<std::uint64_t> {};

TEST_P(StreamReloadRandom, WhatStaysGoesOnWithoutALineLostOrDoubled) {
  StreamsRig rig({.seed = GetParam()});
  SeededRandom random(GetParam());
  rig.AddInput(InputKind::kStandardInput, "stdin").from = StartFrom::kEnd;
  rig.AddSyslog("tcp://127.0.0.1:0", "tcp").from = StartFrom::kEnd;
  rig.AddSyslog("udp://127.0.0.1:0", "udp");
  rig.AddInput(InputKind::kJournal, "journal");
  rig.Start();
  const Socket tcp = StreamsRig::Connect(SOCK_STREAM, rig.port(0));
  const Socket udp = StreamsRig::Connect(SOCK_DGRAM, rig.port(1));
  Strings written;
  for (int round = 0; round < 60; ++round) {
    for (std::uint64_t i = random.Below(20); i > 0; --i) {
      written.push_back(fmt::format("line {:06}", written.size()));
      const std::string& line = written.back();
      // A reload may come in the middle of a line.
      rig.Write(ByteView(line).substr(0, 5));
      StreamsRig::Send(tcp, ByteView(line).substr(0, 5));
      if (random.Below(20) == 0) rig.Reload();
      rig.Write(ByteView(line).substr(5));
      rig.Write("\n");
      StreamsRig::Send(tcp, line.substr(5) + "\n");
      StreamsRig::Send(udp, line);
      rig.journal.WriteAt("fake:1", static_cast<std::int64_t>(written.size()), line);
    }
    rig.broker.syncs_by_itself = random.Below(3) > 0;
    if (random.Below(6) == 0) rig.network.SetFaults({.unreachable = random.Below(2) == 0});
    if (random.Below(6) == 0) rig.network.CutAfter(kBrokerAddress, random.Below(20));
    if (random.Below(4) == 0) rig.Reload();
    rig.Run(static_cast<std::int64_t>(random.Below(100)) * 10);
  }
  rig.network.SetFaults({});
  rig.broker.syncs_by_itself = true;
  rig.Settle();
  rig.Settle();
  for (const char* topic : {"stdin", "tcp", "udp", "journal"}) {
    EXPECT_EQ(rig.Values(topic), written) << topic;
    EXPECT_EQ(rig.topic(topic).sources.size(), 1U) << topic;
    EXPECT_EQ(rig.OpenSources(topic), 1U) << topic;
    EXPECT_TRUE(rig.topic(topic).rows.empty()) << topic;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StreamReloadRandom, testing::Range<std::uint64_t>(1, 21));

TEST(StreamReload, WhatARemovedInputHoldsIsSentAndItsSourceIsClosedThoughTheBrokerWasAway) {
  StreamsRig rig;
  rig.AddFiles();
  rig.AddSyslog("tcp://127.0.0.1:0");
  rig.AddSyslog("udp://127.0.0.1:0");
  rig.AddInput(InputKind::kStandardInput);
  rig.Start();
  const Socket tcp = StreamsRig::Connect(SOCK_STREAM, rig.port(0));
  const Socket udp = StreamsRig::Connect(SOCK_DGRAM, rig.port(1));
  StreamsRig::Send(tcp, "tcp 1\n");
  StreamsRig::Send(udp, "udp 1");
  rig.Write("stdin 1\n");
  rig.Run(2'000);
  EXPECT_EQ(rig.OpenSources(), 3U);
  rig.network.SetFaults({.unreachable = true});
  StreamsRig::Send(tcp, "tcp 2\n");
  StreamsRig::Send(udp, "udp 2");
  rig.Write("stdin 2\n");
  rig.Run(1'000);
  StreamsRig::Send(tcp, "tcp 3, not read yet, and without its end");
  StreamsRig::Send(udp, "udp 3, not read yet");
  rig.Write("stdin 3\n");
  rig.agent_options.inputs.resize(1);
  rig.Reload();
  rig.Run(1'000);
  EXPECT_EQ(rig.Values().size(), 3U);
  rig.Reload();
  rig.network.SetFaults({});
  rig.Settle();
  EXPECT_EQ(rig.Sorted(), (Strings{"stdin 1", "stdin 2", "stdin 3", "tcp 1", "tcp 2",
                                   "tcp 3, not read yet, and without its end", "udp 1", "udp 2",
                                   "udp 3, not read yet"}));
  EXPECT_EQ(rig.OpenSources(), 0U) << rig.Describe();
  EXPECT_EQ(rig.agent->Totals().counters.records_acked, 9U);
  EXPECT_TRUE(rig.agent->FileReports().empty());
  char byte = 0;
  EXPECT_LE(recv(tcp.descriptor(), &byte, 1, MSG_DONTWAIT), 0);
}

TEST(StreamReload, WhereARemovedInputListenedAnotherMayListenAtOnce) {
  const std::string path =
      (std::filesystem::temp_directory_path() / fmt::format("logboom-stream-reload-{}", getpid()))
          .string();
  StreamsRig rig;
  rig.AddFiles();
  rig.AddSyslog("unix://" + path);
  rig.AddSyslog("tcp://127.0.0.1:0");
  rig.Start();
  rig.Run(1'000);
  const std::string address = fmt::format("tcp://127.0.0.1:{}", rig.port(1));
  EXPECT_FALSE(StreamsRig::CanListen(address));
  rig.network.SetFaults({.unreachable = true});
  rig.agent_options.inputs.resize(1);
  rig.Reload();
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(StreamsRig::CanListen(address));
  EXPECT_TRUE(rig.agent->addresses().empty());
}

TEST(StreamReload, ARemovedJournalsSourceStaysAndGoesOnWhenItComesBack) {
  StreamsRig rig;
  rig.AddFiles();
  rig.AddInput(InputKind::kJournal);
  rig.journal.WriteAt("fake:1", 1, "one");
  rig.Start();
  rig.Run(2'000);
  const InputOptions removed = rig.agent_options.inputs.back();
  rig.agent_options.inputs.pop_back();
  rig.Reload();
  rig.journal.WriteAt("fake:1", 2, "two");
  rig.Run(20'000);
  EXPECT_EQ(rig.Values(), Strings{"one"});
  EXPECT_EQ(rig.OpenSources(), 1U);
  EXPECT_TRUE(rig.agent->FileReports().empty());
  rig.agent_options.inputs.push_back(removed);
  rig.Reload();
  rig.Settle();
  EXPECT_EQ(rig.Values(), (Strings{"one", "two"}));
  EXPECT_EQ(rig.topic().sources.size(), 1U);
}

TEST(StreamReload, AnInputThatGetsAnotherTopicGoesOnThereAndItsSourceIsClosedWhereItWas) {
  StreamsRig rig;
  rig.AddInput(InputKind::kStandardInput, "before");
  rig.AddSyslog("tcp://127.0.0.1:0", "before");
  rig.Start();
  const Socket tcp = StreamsRig::Connect(SOCK_STREAM, rig.port());
  rig.Write("stdin 1\n");
  StreamsRig::Send(tcp, "tcp 1\n");
  rig.Run(2'000);
  for (InputOptions& input : rig.agent_options.inputs) input.topic = "after";
  rig.Reload();
  rig.Write("stdin 2\n");
  StreamsRig::Send(tcp, "tcp 2\n");
  rig.Settle();
  EXPECT_EQ(rig.Sorted("before"), (Strings{"stdin 1", "tcp 1"}));
  EXPECT_EQ(rig.Sorted("after"), (Strings{"stdin 2", "tcp 2"}));
  EXPECT_EQ(rig.OpenSources("before"), 0U);
  EXPECT_EQ(rig.OpenSources("after"), 2U);
}

TEST(StreamReload, WhereAnInputCantBeOpenedTheOthersGoOnAsTheyWere) {
  StreamsRig rig;
  rig.network.SetFaults({.unreachable = true});
  rig.AddInput(InputKind::kStandardInput);
  rig.AddSyslog("tcp://127.0.0.1:0");
  rig.Start();
  const Socket tcp = StreamsRig::Connect(SOCK_STREAM, rig.port());
  rig.Write("stdin 1\n");
  StreamsRig::Send(tcp, "tcp 1\n");
  rig.Run(1'000);
  rig.fallback = rig.agent_options;
  const auto listener = OpenSyslogSocket(*ParseSyslogAddress("udp://127.0.0.1:0"));
  ASSERT_TRUE(listener.ok());
  sockaddr_in taken{};
  socklen_t size = sizeof(taken);
  ASSERT_EQ(getsockname(listener->socket.descriptor(), reinterpret_cast<sockaddr*>(&taken), &size),
            0);
  rig.AddSyslog(fmt::format("udp://127.0.0.1:{}", ntohs(taken.sin_port)));
  rig.Reload();
  EXPECT_EQ(rig.agent_options.inputs.size(), 2U) << "it went on as it was";
  rig.Write("stdin 2\n");
  StreamsRig::Send(tcp, "tcp 2\n");
  rig.network.SetFaults({});
  rig.Settle();
  EXPECT_EQ(rig.Sorted(), (Strings{"stdin 1", "stdin 2", "tcp 1", "tcp 2"}));
  EXPECT_EQ(rig.topic().sources.size(), 2U);
  EXPECT_EQ(rig.OpenSources(), 2U);
}

TEST(StreamReload, AnInputMayListenAtMoreAddressesOfItsPort) {
  StreamsRig rig;
  rig.AddSyslog("udp://127.0.0.1:0");
  rig.Start();
  const std::uint16_t port = rig.port();
  StreamsRig::Send(StreamsRig::Connect(SOCK_DGRAM, port), "one");
  rig.Run(2'000);
  rig.agent_options.inputs.front().syslog = fmt::format("udp://0.0.0.0:{}", port);
  rig.Reload();
  StreamsRig::Send(StreamsRig::Connect(SOCK_DGRAM, port), "two");
  rig.Settle();
  EXPECT_EQ(rig.Values(), (Strings{"one", "two"}));
  EXPECT_EQ(rig.OpenSources(), 1U);
}

TEST(StreamReload, TheJournalTwiceInOneTopicIsFoundBeforeAnythingStops) {
  StreamsRig rig;
  rig.AddInput(InputKind::kJournal);
  EXPECT_TRUE(Agent::Check(rig.agent_options).ok());
  rig.AddInput(InputKind::kJournal);
  EXPECT_FALSE(Agent::Check(rig.agent_options).ok());
}

TEST(StreamStop, WhatIsHeldIsSentAndTheSourceIsClosed) {
  StreamsRig rig;
  rig.AddInput(InputKind::kStandardInput);
  rig.AddSyslog("udp://127.0.0.1:0");
  rig.AddInput(InputKind::kJournal, "journal");
  rig.Start();
  rig.Run(1'000);
  StreamsRig::Send(StreamsRig::Connect(SOCK_DGRAM, rig.port()), "udp");
  rig.Write("stdin\n");
  rig.journal.WriteAt("fake:1", 1, "one");
  rig.Run(1'000);
  StreamsRig::Send(StreamsRig::Connect(SOCK_DGRAM, rig.port()), "the last udp");
  rig.Write("the last of stdin");
  const MonotonicMs before = rig.now.monotonic;
  rig.Stop();
  EXPECT_LT(rig.now.monotonic - before, 1'000);
  rig.Run(1'000);
  EXPECT_EQ(rig.Sorted(), (Strings{"stdin", "the last of stdin", "the last udp", "udp"}));
  EXPECT_EQ(rig.OpenSources(), 0U);
  EXPECT_EQ(rig.OpenSources("journal"), 1U);
  EXPECT_FALSE(rig.Said("lost"));
}

TEST(StreamStop, WhatCouldNotBeSentIsTold) {
  StreamsRig rig;
  rig.AddInput(InputKind::kStandardInput);
  rig.AddSyslog("udp://127.0.0.1:0");
  rig.Start();
  rig.network.SetFaults({.unreachable = true});
  rig.Run(1'000);
  StreamsRig::Send(StreamsRig::Connect(SOCK_DGRAM, rig.port()), "0123456789");
  rig.Write("0123\n");
  rig.Run(1'000);
  const std::string syslog = fmt::format("syslog udp://127.0.0.1:{}", rig.port());
  rig.Stop();
  EXPECT_TRUE(rig.Said("stdin: 5 bytes that came in are not acked, and lost"));
  EXPECT_TRUE(rig.Said(syslog + ": 10 bytes that came in are not acked, and lost"));
}

}  // namespace
}  // namespace logboom::agent
