// Over real sockets on loopback, free ports.
#include "lib/transport/zmq_transport.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

namespace logboom::transport {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = 20s;

Message Say(const std::string& envelope, std::string payload = {}) {
  return {.envelope = envelope, .payload = Payload(std::move(payload))};
}

std::unique_ptr<ServerTransport> Listen(const std::string& address = "tcp://127.0.0.1:0") {
  auto server = ListenZmq({.address = address});
  EXPECT_TRUE(server.ok()) << server.error().message;
  return *std::move(server);
}

// ZeroMQ's thread closes a listener a moment after its socket: wait for the port.
std::unique_ptr<ServerTransport> ListenAgain(const std::string& address) {
  const auto deadline = Clock::now() + kPatience;
  while (Clock::now() < deadline) {
    if (auto server = ListenZmq({.address = address}); server.ok()) return *std::move(server);
    std::this_thread::yield();
  }
  return nullptr;
}

std::unique_ptr<ClientTransport> Connect(const std::string& address) {
  auto client = ConnectZmq(address);
  EXPECT_TRUE(client.ok()) << client.error().message;
  return *std::move(client);
}

bool SendWithin(ClientTransport& client, const Message& message) {
  const auto deadline = Clock::now() + kPatience;
  while (client.Send(message) != SendOutcome::kSent) {
    if (Clock::now() > deadline) return false;
    client.Wait(10ms, {});
  }
  return true;
}

std::optional<Inbound> ReceiveWithin(ServerTransport& server, std::chrono::seconds patience) {
  const auto deadline = Clock::now() + patience;
  while (Clock::now() < deadline) {
    if (auto inbound = server.Receive()) return inbound;
    server.Wait(100ms, {});
  }
  return std::nullopt;
}

std::optional<Message> ReceiveWithin(ClientTransport& client, std::chrono::seconds patience) {
  const auto deadline = Clock::now() + patience;
  while (Clock::now() < deadline) {
    if (auto message = client.Receive()) return message;
    client.Wait(100ms, {});
  }
  return std::nullopt;
}

TEST(ZmqTransport, CarriesMessagesBothWays) {
  auto server = Listen();
  auto client = Connect(server->address());
  const std::string large(300'000, 'x');
  ASSERT_TRUE(SendWithin(*client, Say("hello", large)));
  const auto inbound = ReceiveWithin(*server, kPatience);
  ASSERT_TRUE(inbound);
  EXPECT_EQ(inbound->message.envelope, "hello");
  EXPECT_EQ(inbound->message.payload.view(), large);
  EXPECT_EQ(inbound->peer.authenticated_by, "none");
  EXPECT_EQ(inbound->peer.user_id, "");
  EXPECT_FALSE(inbound->peer.key.empty());

  EXPECT_EQ(server->Send(inbound->peer, Say("small", "bytes")), SendOutcome::kSent);
  const auto answer = ReceiveWithin(*client, kPatience);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->envelope, "small");
  EXPECT_EQ(answer->payload.view(), "bytes");
}

TEST(ZmqTransport, ReceivedPayloadOutlivesTheTransportAndIsWritable) {
  std::optional<Inbound> inbound;
  {
    auto server = Listen();
    auto client = Connect(server->address());
    ASSERT_TRUE(SendWithin(*client, Say("e", std::string(10'000, 'a'))));
    inbound = ReceiveWithin(*server, kPatience);
    ASSERT_TRUE(inbound);
  }
  inbound->message.payload.data()[0] = 'b';
  EXPECT_EQ(inbound->message.payload.view().substr(0, 2), "ba");
}

TEST(ZmqTransport, LargePayloadIsSentWithoutACopyAndLetGo) {
  auto server = Listen();
  auto client = Connect(server->address());
  auto owner = std::make_shared<Bytes>(200'000, 'z');
  const std::weak_ptr<Bytes> alive = owner;
  Message message{.envelope = "e", .payload = Payload(owner, owner->data(), owner->size())};
  owner.reset();
  ASSERT_TRUE(SendWithin(*client, message));
  ASSERT_TRUE(ReceiveWithin(*server, kPatience));
  message = {};
  const auto deadline = Clock::now() + kPatience;
  while (!alive.expired() && Clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(alive.expired());
}

TEST(ZmqTransport, PortZeroPicksOneAndSaysWhich) {
  auto server = Listen("tcp://127.0.0.1:0");
  EXPECT_TRUE(server->address().starts_with("tcp://127.0.0.1:")) << server->address();
  EXPECT_FALSE(server->address().ends_with(":0"));
}

TEST(ZmqTransport, TakenPortSaysThatAnotherProgramListens) {
  auto server = Listen();
  const auto second = ListenZmq({.address = server->address()});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_NE(second.error().message.find("another program listens on " + server->address()),
            std::string::npos)
      << second.error().message;
}

TEST(ZmqTransport, BadAddressesAreRefused) {
  for (const char* address : {"127.0.0.1:1", "tcp://192.0.2.1:0", "tcp://nosuchhost.invalid:0"}) {
    const auto server = ListenZmq({.address = address});
    ASSERT_FALSE(server.ok()) << address;
    EXPECT_EQ(server.error().code, ErrorCode::kInvalid) << server.error().message;
  }
  for (const char* address : {"tcp://127.0.0.1:0", "tcp://*:1", "inproc://x"}) {
    EXPECT_FALSE(ConnectZmq(address).ok()) << address;
  }
}

TEST(ZmqTransport, NothingIsQueuedForAServerThatIsNotThere) {
  std::string address;
  { address = Listen()->address(); }
  auto client = Connect(address);
  EXPECT_EQ(client->Send(Say("x")), SendOutcome::kFull);
}

TEST(ZmqTransport, ClientComesBackToARestartedServerUnderANewKey) {
  auto server = Listen();
  const std::string address = server->address();
  auto client = Connect(address);
  ASSERT_TRUE(SendWithin(*client, Say("before")));
  const auto before = ReceiveWithin(*server, kPatience);
  ASSERT_TRUE(before);
  server.reset();
  server = ListenAgain(address);
  ASSERT_TRUE(server);
  EXPECT_EQ(server->Send(before->peer, Say("late")), SendOutcome::kGone);

  // What is sent while the loss is not yet noticed may vanish: a client repeats itself.
  std::optional<Inbound> after;
  const auto deadline = Clock::now() + kPatience;
  while (!after && Clock::now() < deadline) {
    client->Send(Say("after"));
    after = ReceiveWithin(*server, 1s);
  }
  ASSERT_TRUE(after);
  EXPECT_EQ(after->message.envelope, "after");
  EXPECT_NE(after->peer.key, before->peer.key);
}

TEST(ZmqTransport, ReconnectTakesANewKeyAndDropsWhatWasQueued) {
  auto server = Listen();
  auto client = Connect(server->address());
  ASSERT_TRUE(SendWithin(*client, Say("1")));
  const auto before = ReceiveWithin(*server, kPatience);
  ASSERT_TRUE(before);
  server->Send(before->peer, Say("answer"));
  client->Reconnect();
  ASSERT_TRUE(SendWithin(*client, Say("2")));
  const auto after = ReceiveWithin(*server, kPatience);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->message.envelope, "2");
  EXPECT_NE(after->peer.key, before->peer.key);
  EXPECT_FALSE(client->Receive());
}

TEST(ZmqTransport, FullQueueIsFullAndDrains) {
  auto server = Listen();
  auto client = Connect(server->address());
  const Message message = Say("e", std::string(1'000'000, 'x'));
  ASSERT_TRUE(SendWithin(*client, message));
  // Both queues, and what the kernel takes; the server reads nothing.
  std::size_t sent = 1;
  const auto deadline = Clock::now() + kPatience;
  for (int refused = 0; refused < 20 && Clock::now() < deadline;) {
    if (client->Send(message) == SendOutcome::kSent) {
      ++sent;
      refused = 0;
      ASSERT_LT(sent, 200U) << "never full";
    } else {
      ++refused;
      client->Wait(10ms, {});
    }
  }
  for (std::size_t i = 0; i < sent; ++i) ASSERT_TRUE(ReceiveWithin(*server, kPatience)) << i;
  EXPECT_TRUE(SendWithin(*client, Say("more")));
}

TEST(ZmqTransport, ServersSendToAClientThatDoesNotReadNeverBlocks) {
  auto server = Listen();
  auto client = Connect(server->address());
  ASSERT_TRUE(SendWithin(*client, Say("hello")));
  const auto inbound = ReceiveWithin(*server, kPatience);
  ASSERT_TRUE(inbound);
  const Message message = Say("e", std::string(1'000'000, 'x'));
  bool full = false;
  for (int i = 0; i < 100'000 && !full; ++i) {
    full = server->Send(inbound->peer, message) == SendOutcome::kFull;
  }
  EXPECT_TRUE(full);
}

TEST(ZmqTransport, OversizedMessageCutsTheConnectionAndLaterOnesFlow) {
  auto server = Listen();
  auto client = Connect(server->address());
  ASSERT_TRUE(SendWithin(*client, Say("fits", std::string(kMessageBytesMax - 4, 'x'))));
  ASSERT_TRUE(ReceiveWithin(*server, kPatience));
  ASSERT_TRUE(SendWithin(*client, Say("too large", std::string(kMessageBytesMax + 1, 'x'))));
  std::optional<Inbound> next;
  const auto deadline = Clock::now() + kPatience;
  while (!next && Clock::now() < deadline) {
    client->Send(Say("next"));
    next = ReceiveWithin(*server, 1s);
  }
  ASSERT_TRUE(next);
  EXPECT_EQ(next->message.envelope, "next");
}

TEST(ZmqTransport, FramesAboveTheLimitInSumAndEmptyEnvelopesAreMalformed) {
  auto server = Listen();
  auto client = Connect(server->address());
  ASSERT_TRUE(SendWithin(*client, Say("", "payload alone")));
  ASSERT_TRUE(SendWithin(*client, Say("12345", std::string(kMessageBytesMax - 4, 'x'))));
  ASSERT_TRUE(SendWithin(*client, Say("good")));
  const auto inbound = ReceiveWithin(*server, kPatience);
  ASSERT_TRUE(inbound);
  EXPECT_EQ(inbound->message.envelope, "good");
  EXPECT_EQ(server->malformed_count(), 2U);
}

TEST(ZmqTransport, WaitEndsWithWakeUpFromAnotherThread) {
  auto server = Listen();
  auto client = Connect(server->address());
  const auto start = Clock::now();
  {
    std::jthread other([&] { server->WakeUp(); });
    server->Wait(60s, {});
  }
  {
    std::jthread other([&] { client->WakeUp(); });
    client->Wait(60s, {});
  }
  EXPECT_LT(Clock::now() - start, 30s);
}

TEST(ZmqTransport, WaitEndsWithAReadableDescriptor) {
  auto server = Listen();
  auto client = Connect(server->address());
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  const auto start = Clock::now();
  client->Wait(60s, std::array{ends[0]});
  EXPECT_LT(Clock::now() - start, 30s);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace logboom::transport
