// Syslog over real sockets of this machine.
#include "agent/streams/syslog_stream.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "agent/streams/limits.h"
#include "agent/streams/syslog_socket.h"
#include "tests/agent/agent_rig.h"
#include "tests/agent/loopback.h"

namespace logboom::agent {
namespace {

using Strings = std::vector<std::string>;

class SyslogRig : public AgentRig {
 public:
  explicit SyslogRig(const std::string& address) {
    InputOptions input;
    input.name = "syslog";
    input.kind = InputKind::kSyslog;
    input.syslog = address;
    input.topic = kTopic;
    agent_options.inputs = {input};
    broker.values_are_bytes = false;
    open_stream = [this](const InputOptions& each) {
      return MakeSyslogStream({.address = each.syslog,
                               .message_bytes_max = agent_options.max_line_bytes,
                               .connections_max = connections_max},
                              Uuid::Make(random));
    };
  }
  std::uint16_t port() const { return PortOf(agent->addresses().front()); }
  Socket Connect(int type) const { return ConnectTo(port(), type); }
  static void Send(const Socket& socket, ByteView bytes) { SendTo(socket, bytes); }
  std::uint64_t Lost(Loss loss) const {
    return agent->Totals().counters.losses[static_cast<std::size_t>(loss)];
  }
  // The other end of a connection is another thread's: the kernel's.
  void RunUntil(std::size_t records) {
    for (int i = 0; i < 100'000 && Values().size() < records; ++i) Tick();
    EXPECT_EQ(Values().size(), records);
  }

  std::size_t connections_max = kSyslogConnectionsMax;
};

// Whether nobody is at the other end any more.
bool IsClosed(const Socket& socket) {
  char byte = 0;
  return recv(socket.descriptor(), &byte, 1, MSG_DONTWAIT) == 0;
}

std::string TemporaryPath(const char* name) {
  return (std::filesystem::temp_directory_path() / fmt::format("logboom-{}-{}", name, getpid()))
      .string();
}

Socket ConnectUnix(const std::string& path) {
  Socket sender(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  path.copy(to.sun_path, path.size());
  EXPECT_EQ(connect(sender.descriptor(), reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  return sender;
}

TEST(SyslogStream, ADatagramIsARecordWithItsSender) {
  SyslogRig rig("udp://127.0.0.1:0");
  rig.Start();
  const Socket sender = rig.Connect(SOCK_DGRAM);
  SyslogRig::Send(sender, "<13>one\n");
  SyslogRig::Send(sender, "");
  SyslogRig::Send(sender, std::string("<14>two\nlines\0", 14));
  rig.RunUntil(2);
  EXPECT_EQ(rig.Values(), (Strings{"<13>one", "<14>two\nlines"}));
  const fakes::StoredRecord& record = rig.topic().log.front();
  EXPECT_EQ(record.headers.at("lb.label.peer"), "127.0.0.1");
  EXPECT_EQ(record.key, fmt::format("host:syslog udp://127.0.0.1:{}", rig.port()));
}

TEST(SyslogStream, MessagesOfAConnectionAreCutAndHalfOnesSentAtItsEnd) {
  SyslogRig rig("tcp://127.0.0.1:0");
  rig.Start();
  Socket one = rig.Connect(SOCK_STREAM);
  const Socket two = rig.Connect(SOCK_STREAM);
  SyslogRig::Send(one, "<13>one\n7 <1");
  SyslogRig::Send(two, "<13>of two\n");
  rig.RunUntil(2);
  SyslogRig::Send(one, "3>two<13>half");
  one = Socket();
  rig.RunUntil(4);
  Strings values = rig.Values();
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, (Strings{"<13>half", "<13>of two", "<13>one", "<13>two"}));
  EXPECT_EQ(rig.topic().sources.size(), 1U);
}

TEST(SyslogStream, ALongMessageIsSentInPartsThatStandTogether) {
  SyslogRig rig("tcp://127.0.0.1:0");
  rig.agent_options.max_line_bytes = 10;
  rig.Start();
  const Socket one = rig.Connect(SOCK_STREAM);
  const Socket two = rig.Connect(SOCK_STREAM);
  SyslogRig::Send(one, "0123456789abcde");
  SyslogRig::Send(two, "two\n");
  rig.RunUntil(1);
  SyslogRig::Send(one, "fghij\n0123456789\n");
  rig.RunUntil(4);
  EXPECT_EQ(rig.Values(), (Strings{"two", "0123456789", "abcdefghij", "0123456789"}));
  EXPECT_TRUE(rig.topic().log[1].more);
  EXPECT_FALSE(rig.topic().log[2].more);
  EXPECT_FALSE(rig.topic().log[3].more);
}

TEST(SyslogStream, AUnixSocketIsReplacedWhereNobodyListensAndGoneAtTheEnd) {
  const std::string path = TemporaryPath("syslog");
  SyslogRig rig("unix://" + path);
  rig.Start();
  {
    SyslogRig other("unix://" + path);
    MemoryCheckpoint checkpoint;
    const auto made = Agent::Make(other.agent_options, {.fs = other.archives,
                                                        .watch = nullptr,
                                                        .checkpoint = checkpoint,
                                                        .random = other.random,
                                                        .open_stream = other.open_stream});
    ASSERT_FALSE(made.ok()) << "somebody listens there";
    EXPECT_NE(made.error().message.find("another program"), std::string::npos);
  }
  const Socket sender(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  path.copy(to.sun_path, path.size());
  ASSERT_EQ(connect(sender.descriptor(), reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  SyslogRig::Send(sender, "<13>one");
  rig.RunUntil(1);
  EXPECT_EQ(rig.topic().log.front().headers.count("lb.label.peer"), 0U);
  rig.Kill();
  EXPECT_FALSE(std::filesystem::exists(path));
  // As a killed process leaves it.
  const Socket left(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(left.descriptor(), reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  close(left.descriptor());
  rig.Start();
  rig.Kill();
}

TEST(SyslogStream, NothingIsTakenBeyondWhatIsHeldAndNothingTakenIsLost) {
  SyslogRig rig("tcp://127.0.0.1:0");
  rig.broker.syncs_by_itself = false;
  rig.Start();
  const Socket sender = rig.Connect(SOCK_STREAM);
  const std::string message = std::string(9'999, 'x') + "\n";
  std::size_t sent = 0;
  std::size_t at = 0;
  const auto send_for = [&](int ticks) {
    for (int i = 0; i < ticks; ++i) {
      const ByteView rest = ByteView(message).substr(at);
      const ssize_t got =
          send(sender.descriptor(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (got > 0) at += static_cast<std::size_t>(got);
      if (at == message.size()) {
        at = 0;
        ++sent;
      }
      if (got <= 0 || i % 10 == 0) rig.Tick();
    }
  };
  send_for(20'000);
  const std::size_t stuck = sent;
  EXPECT_GT(stuck * message.size(), kStreamHeldBytesMax);
  send_for(1'000);
  EXPECT_EQ(sent, stuck);
  rig.broker.syncs_by_itself = true;
  rig.broker.Sync();
  send_for(1'000);
  EXPECT_GT(sent, stuck);
  rig.RunUntil(sent);
}

TEST(SyslogStream, DatagramsThatTheKernelDropsAreCountedAndTold) {
  SyslogRig rig("udp://127.0.0.1:0");
  rig.broker.syncs_by_itself = false;
  rig.Start();
  const Socket sender = rig.Connect(SOCK_DGRAM);
  const std::string datagram(60'000, 'x');
  constexpr std::size_t kSent = 300;
  for (std::size_t i = 0; i < kSent; ++i) {
    SyslogRig::Send(sender, datagram);
    rig.Tick();
  }
  rig.broker.syncs_by_itself = true;
  rig.broker.Sync();
  rig.Run(81'000);
  const std::size_t stored = rig.Values().size();
  EXPECT_LT(stored, kSent);
  std::size_t told = 0;
  for (const Notice& notice : rig.notices) {
    const std::size_t at = notice.text.find("dropped ");
    if (at != std::string::npos) told += std::stoul(notice.text.substr(at + 8));
  }
  EXPECT_EQ(stored + told, kSent) << "though none came after those that were dropped";
  EXPECT_EQ(rig.Lost(Loss::kBufferFull), told);
}

TEST(SyslogStream, TheEndOfADatagramThatIsTooLongIsCutOffAndCounted) {
  const std::string path = TemporaryPath("syslog-long");
  SyslogRig rig("unix://" + path);
  rig.Start();
  const Socket sender = ConnectUnix(path);
  const int bytes = 2 * static_cast<int>(kSyslogUnixBytesMax);
  setsockopt(sender.descriptor(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
  const std::string longest(kSyslogUnixBytesMax, 'x');
  SyslogRig::Send(sender, longest);
  rig.RunUntil(1);
  EXPECT_EQ(rig.Lost(Loss::kTooLarge), 0U);
  SyslogRig::Send(sender, longest + "y");
  rig.RunUntil(2);
  EXPECT_EQ(rig.Values(), (Strings{longest, longest}));
  EXPECT_EQ(rig.Lost(Loss::kTooLarge), 1U);
  EXPECT_TRUE(rig.Said("1 datagrams were cut"));
}

TEST(SyslogStream, WhereThereAreAsManyConnectionsAsItTakesOthersWait) {
  SyslogRig rig("tcp://127.0.0.1:0");
  rig.connections_max = 2;
  rig.Start();
  const Socket one = rig.Connect(SOCK_STREAM);
  Socket two = rig.Connect(SOCK_STREAM);
  SyslogRig::Send(one, "one\n");
  SyslogRig::Send(two, "two\n");
  rig.RunUntil(2);
  EXPECT_FALSE(rig.Said("others wait"));
  const Socket three = rig.Connect(SOCK_STREAM);
  SyslogRig::Send(three, "three\n");
  rig.Run(30'000);
  EXPECT_EQ(rig.Values().size(), 2U);
  EXPECT_TRUE(rig.Said("2 connections are as many as it takes"));
  two = Socket();
  rig.RunUntil(3);
  EXPECT_EQ(rig.Values().back(), "three");
  EXPECT_EQ(rig.Lost(Loss::kConnectionLimit), 0U);
}

TEST(SyslogStream, AConnectionThatIsQuietForAMinuteIsClosedForAnotherAndForNobodyElse) {
  SyslogRig rig("tcp://127.0.0.1:0");
  rig.connections_max = 2;
  rig.Start();
  const Socket one = rig.Connect(SOCK_STREAM);
  const Socket two = rig.Connect(SOCK_STREAM);
  SyslogRig::Send(one, "half");
  SyslogRig::Send(two, "two\n");
  rig.RunUntil(1);
  rig.Run(2 * kSyslogQuietMax.count());
  EXPECT_FALSE(IsClosed(one)) << "nobody waits";
  SyslogRig::Send(two, "talks\n");
  rig.RunUntil(2);
  const Socket three = rig.Connect(SOCK_STREAM);
  SyslogRig::Send(three, "three\n");
  rig.RunUntil(4);
  EXPECT_TRUE(IsClosed(one));
  EXPECT_FALSE(IsClosed(two));
  Strings values = rig.Values();
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, (Strings{"half", "talks", "three", "two"}));
  EXPECT_EQ(rig.Lost(Loss::kConnectionLimit), 1U);
  EXPECT_TRUE(rig.Said("1 connections that were quiet were closed"));
}

// While the broker is away and memory is full nothing is read: who spoke meanwhile was not quiet.
TEST(SyslogStream, AConnectionThatWasNotReadIsNotTakenForAQuietOne) {
  SyslogRig rig("tcp://127.0.0.1:0");
  rig.connections_max = 2;
  rig.broker.syncs_by_itself = false;
  rig.Start();
  const Socket one = rig.Connect(SOCK_STREAM);
  const Socket two = rig.Connect(SOCK_STREAM);
  SyslogRig::Send(two, "two\n");
  SyslogRig::Send(one, "one\n");
  rig.RunUntil(2);
  const std::string message = std::string(9'999, 'x') + "\n";
  std::size_t bytes = 0;
  for (int refused = 0; refused < 100; rig.Tick()) {
    const ssize_t got =
        send(two.descriptor(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    refused = got < 0 ? refused + 1 : 0;
    bytes += got < 0 ? 0 : static_cast<std::size_t>(got);
  }
  ASSERT_GT(bytes, kStreamHeldBytesMax);
  SyslogRig::Send(one, "meanwhile\n");
  const Socket three = rig.Connect(SOCK_STREAM);
  SyslogRig::Send(three, "three\n");
  rig.Run(2 * kSyslogQuietMax.count());
  rig.broker.syncs_by_itself = true;
  rig.broker.Sync();
  const auto has = [&rig](const std::string& wanted) {
    const Strings values = rig.Values();
    return std::find(values.begin(), values.end(), wanted) != values.end();
  };
  for (int i = 0; i < 100'000 && !has("meanwhile"); ++i) rig.Tick();
  EXPECT_TRUE(has("meanwhile"));
  EXPECT_FALSE(IsClosed(one));
  EXPECT_EQ(rig.Lost(Loss::kConnectionLimit), 0U);
}

TEST(SyslogStream, WhereDescriptorsRunOutConnectionsWaitAndAreAskedForNowAndThen) {
  SyslogRig rig("tcp://127.0.0.1:0");
  rig.Start();
  const Socket sender = rig.Connect(SOCK_STREAM);
  SyslogRig::Send(sender, "one\n");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const Socket next(dup(sender.descriptor()));
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next.descriptor()) + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  rig.Run(5'000);
  const std::size_t waits_for = rig.agent->Descriptors(rig.now).size();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(waits_for, 0U) << "a listener that is always readable would keep the agent busy";
  EXPECT_EQ(std::count_if(rig.notices.begin(), rig.notices.end(),
                          [](const Notice& notice) {
                            return notice.text.find("let a connection in") != std::string::npos;
                          }),
            1);
  rig.RunUntil(1);
}

TEST(SyslogStream, MessagesThatNeverEndAreSentBeforeTheyFillTheMemory) {
  SyslogRig rig("tcp://127.0.0.1:0");
  rig.Start();
  rig.Run(1'000);
  std::vector<Socket> senders;
  for (int i = 0; i < 8; ++i) senders.push_back(rig.Connect(SOCK_STREAM));
  const std::string part(50'000, 'x');
  std::size_t bytes = 0;
  for (int round = 0; round < 20; ++round) {
    for (const Socket& sender : senders) {
      SyslogRig::Send(sender, part);
      bytes += part.size();
      rig.Tick();
    }
  }
  ASSERT_GT(bytes, kSyslogPartialBytesMax);
  senders.clear();
  const auto stored = [&rig] {
    std::size_t size = 0;
    for (const std::string& value : rig.Values()) size += value.size();
    return size;
  };
  for (int i = 0; i < 100'000 && stored() < bytes; ++i) rig.Tick();
  EXPECT_EQ(stored(), bytes);
  EXPECT_GT(rig.Values().size(), 8U);
}

TEST(SyslogStream, TheSourceOfAProcessThatIsGoneIsClosedByTheNext) {
  SyslogRig rig("udp://127.0.0.1:0");
  rig.Start();
  SyslogRig::Send(rig.Connect(SOCK_DGRAM), "one");
  rig.RunUntil(1);
  rig.Kill();
  rig.Start();
  SyslogRig::Send(rig.Connect(SOCK_DGRAM), "two");
  rig.RunUntil(2);
  rig.Run(2'000);
  EXPECT_EQ(rig.Rows(protocol::CLOSE).size(), 1U);
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
}

TEST(SyslogStream, OnceIsRefused) {
  SyslogRig rig("udp://127.0.0.1:0");
  rig.agent_options.once = true;
  MemoryCheckpoint checkpoint;
  const auto made = Agent::Make(rig.agent_options, {.fs = rig.archives,
                                                    .watch = nullptr,
                                                    .checkpoint = checkpoint,
                                                    .random = rig.random,
                                                    .open_stream = rig.open_stream});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kInvalid);
}

TEST(SyslogAddress, TellsWhatItTakes) {
  EXPECT_EQ(ParseSyslogAddress("udp://127.0.0.1:514")->port, 514);
  EXPECT_EQ(ParseSyslogAddress("tcp://[::1]:0")->host, "::1");
  EXPECT_EQ(ParseSyslogAddress("unix:///dev/log")->path, "/dev/log");
  for (const char* wrong :
       {"", "127.0.0.1:514", "udp://", "udp://host", "unix://dev/log", "x://a:1"}) {
    const auto address = ParseSyslogAddress(wrong);
    ASSERT_FALSE(address.ok()) << wrong;
    EXPECT_NE(address.error().message.find("udp://HOST:PORT"), std::string::npos);
  }
}

}  // namespace
}  // namespace logboom::agent
