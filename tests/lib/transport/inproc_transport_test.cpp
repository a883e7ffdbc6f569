#include "lib/transport/inproc_transport.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace logboom::transport {
namespace {

using namespace std::chrono_literals;

Message Say(const std::string& envelope, const std::string& payload = {}) {
  return {.envelope = envelope, .payload = Payload(payload)};
}

class Inproc : public testing::Test {
 protected:
  InprocNetwork network;
  std::unique_ptr<ServerTransport> server = network.MakeServer("broker");
  std::unique_ptr<ClientTransport> client = network.MakeClient("broker");
};

TEST_F(Inproc, CarriesMessagesBothWays) {
  ASSERT_EQ(client->Send(Say("hello", "bytes")), SendOutcome::kSent);
  const auto inbound = server->Receive();
  ASSERT_TRUE(inbound);
  EXPECT_EQ(inbound->message.envelope, "hello");
  EXPECT_EQ(inbound->message.payload.view(), "bytes");
  EXPECT_EQ(inbound->peer.authenticated_by, "in process");
  ASSERT_EQ(server->Send(inbound->peer, Say("welcome")), SendOutcome::kSent);
  const auto answer = client->Receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->envelope, "welcome");
  EXPECT_TRUE(answer->payload.empty());
  EXPECT_FALSE(client->Receive());
  EXPECT_FALSE(server->Receive());
}

TEST_F(Inproc, PayloadIsCopiedOnTheWay) {
  const Payload payload(std::string("bytes"));
  client->Send({.envelope = "e", .payload = payload});
  auto inbound = server->Receive();
  inbound->message.payload.data()[0] = 'X';
  EXPECT_EQ(payload.view(), "bytes");
}

TEST_F(Inproc, FullQueueRefusesOneMore) {
  network.SetFaults({.queue_messages_max = 2});
  EXPECT_EQ(client->Send(Say("1")), SendOutcome::kSent);
  EXPECT_EQ(client->Send(Say("2")), SendOutcome::kSent);
  EXPECT_EQ(client->Send(Say("3")), SendOutcome::kFull);
  server->Receive();
  EXPECT_EQ(client->Send(Say("3")), SendOutcome::kSent);
}

TEST_F(Inproc, ServerWithoutClientIsGoneAndClientWithoutServerIsFull) {
  EXPECT_EQ(server->Send({.key = "nobody", .user_id = {}, .authenticated_by = {}}, Say("x")),
            SendOutcome::kGone);
  auto lonely = network.MakeClient("elsewhere");
  EXPECT_EQ(lonely->Send(Say("x")), SendOutcome::kFull);
}

TEST_F(Inproc, CutLosesWhatIsUnderWayAndChangesTheKey) {
  client->Send(Say("1"));
  const auto before = server->Receive();
  server->Send(before->peer, Say("answer"));
  client->Send(Say("2"));
  network.Cut("broker");
  EXPECT_EQ(network.lost_count(), 2U);
  EXPECT_EQ(network.under_way(), 0U);
  EXPECT_FALSE(client->Receive());
  EXPECT_FALSE(server->Receive());
  EXPECT_EQ(server->Send(before->peer, Say("late")), SendOutcome::kGone);

  ASSERT_EQ(client->Send(Say("3")), SendOutcome::kSent);
  const auto after = server->Receive();
  ASSERT_TRUE(after);
  EXPECT_NE(after->peer.key, before->peer.key);
}

TEST_F(Inproc, CutAfterLetsThatManyPassAndLosesTheNext) {
  network.CutAfter("broker", 1);
  client->Send(Say("1"));
  ASSERT_TRUE(server->Receive());
  EXPECT_EQ(client->Send(Say("2")), SendOutcome::kSent);
  EXPECT_FALSE(server->Receive());
  EXPECT_EQ(network.lost_count(), 1U);
  client->Send(Say("3"));
  EXPECT_TRUE(server->Receive());
}

TEST_F(Inproc, ReconnectDropsTheQueuesAndChangesTheKey) {
  client->Send(Say("1"));
  const auto before = server->Receive();
  server->Send(before->peer, Say("answer"));
  client->Reconnect();
  EXPECT_FALSE(client->Receive());
  EXPECT_EQ(server->Send(before->peer, Say("late")), SendOutcome::kGone);
}

TEST_F(Inproc, UnreachableAndBlackHole) {
  network.SetFaults({.unreachable = true});
  EXPECT_EQ(client->Send(Say("1")), SendOutcome::kFull);
  network.SetFaults({.black_hole = true});
  EXPECT_EQ(client->Send(Say("2")), SendOutcome::kSent);
  network.SetFaults({});
  EXPECT_FALSE(server->Receive());
  EXPECT_EQ(client->Send(Say("3")), SendOutcome::kSent);
  EXPECT_TRUE(server->Receive());
}

TEST_F(Inproc, ByHandMessagesArriveOneByOne) {
  network.SetFaults({.by_hand = true});
  client->Send(Say("1"));
  client->Send(Say("2"));
  EXPECT_FALSE(server->Receive());
  EXPECT_EQ(network.Deliver(1), 1U);
  EXPECT_EQ(server->Receive()->message.envelope, "1");
  EXPECT_FALSE(server->Receive());
  EXPECT_EQ(network.Deliver(5), 1U);
  EXPECT_EQ(server->Receive()->message.envelope, "2");
}

TEST_F(Inproc, OversizedMessageIsSentWellAndCutsTheConnection) {
  const std::string payload(kMessageBytesMax - 1, 'x');
  EXPECT_EQ(client->Send(Say("e", payload)), SendOutcome::kSent);
  EXPECT_TRUE(server->Receive());
  EXPECT_EQ(client->Send(Say("ee", payload)), SendOutcome::kSent);
  EXPECT_FALSE(server->Receive());
  EXPECT_EQ(network.lost_count(), 1U);
}

TEST_F(Inproc, EmptyEnvelopeIsMalformed) {
  client->Send(Say("", "bytes"));
  client->Send(Say("good"));
  EXPECT_EQ(server->Receive()->message.envelope, "good");
  EXPECT_EQ(server->malformed_count(), 1U);
}

TEST_F(Inproc, ClientFindsTheNextServerOfItsAddress) {
  client->Send(Say("1"));
  server.reset();
  EXPECT_EQ(client->Send(Say("2")), SendOutcome::kFull);
  server = network.MakeServer("broker");
  EXPECT_FALSE(server->Receive());
  EXPECT_EQ(client->Send(Say("3")), SendOutcome::kSent);
  EXPECT_EQ(server->Receive()->message.envelope, "3");
}

TEST_F(Inproc, WaitEndsWithAMessageAndWithWakeUp) {
  std::jthread other([this] { client->Send(Say("1")); });
  while (!server->Receive()) server->Wait(10s, {});
  std::jthread waker([this] { server->WakeUp(); });
  server->Wait(10s, {});
  client->WakeUp();
  client->Wait(10s, {});
}

}  // namespace
}  // namespace logboom::transport
