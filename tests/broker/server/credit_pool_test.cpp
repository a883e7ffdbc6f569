#include "broker/server/credit_pool.h"

#include <gtest/gtest.h>

#include <map>

#include "lib/base/random.h"
#include "tests/broker/sources/table_fixture.h"

namespace logboom::broker {
namespace {

constexpr CreditLimits kLimits{.budget_bytes = 100, .session_bytes_max = 60, .grant_bytes_min = 20};

class CreditPoolTest : public testing::Test {
 protected:
  std::uint64_t Granted(std::uint64_t session) { return pool_.granted(IdOf(session)); }
  void Open(std::uint64_t session) { pool_.Open(IdOf(session)); }
  void Want(std::uint64_t session, std::uint64_t bytes) { pool_.Want(IdOf(session), bytes); }
  bool Receive(std::uint64_t session, std::uint64_t bytes) {
    return pool_.Receive(IdOf(session), bytes);
  }
  void Finish(std::uint64_t session, std::uint64_t bytes) { pool_.Finish(IdOf(session), bytes); }
  bool Raised(std::uint64_t session) {
    const auto raised = pool_.TakeRaised();
    return std::find(raised.begin(), raised.end(), IdOf(session)) != raised.end();
  }
  CreditPool pool_{kLimits};
};

TEST_F(CreditPoolTest, NothingIsGrantedBeforeItIsWanted) {
  Open(1);
  EXPECT_EQ(Granted(1), 0U);
  EXPECT_FALSE(Receive(1, 1));
  EXPECT_TRUE(Receive(1, 0));
}

TEST_F(CreditPoolTest, ASessionGetsWhatItWantsWithinItsLimit) {
  Open(1);
  Want(1, 30);
  EXPECT_EQ(Granted(1), 30U);
  Want(1, 1'000);
  EXPECT_EQ(Granted(1), kLimits.session_bytes_max);
  EXPECT_EQ(pool_.held_bytes(), kLimits.session_bytes_max);
}

TEST_F(CreditPoolTest, MoreThanWasGrantedIsNotReceived) {
  Open(1);
  Want(1, 30);
  EXPECT_TRUE(Receive(1, 30));
  EXPECT_FALSE(Receive(1, 1));
  Finish(1, 30);
  EXPECT_EQ(Granted(1), 60U) << "cumulative";
  EXPECT_FALSE(Receive(1, 31));
  EXPECT_TRUE(Receive(1, 30));
}

TEST_F(CreditPoolTest, BytesUnderWayStayHeldUntilTheyAreFinished) {
  Open(1);
  Want(1, 60);
  EXPECT_TRUE(Receive(1, 60));
  EXPECT_EQ(pool_.held_bytes(), 60U);
  EXPECT_EQ(Granted(1), 60U);
  Finish(1, 20);
  EXPECT_EQ(Granted(1), 80U);
  EXPECT_EQ(pool_.held_bytes(), 60U);
}

TEST_F(CreditPoolTest, WhatComesBackBehindAProduceWithoutAnswerIsTold) {
  Open(1);
  Want(1, 30);
  EXPECT_FALSE(Raised(1)) << "it has asked: the answer tells";
  EXPECT_TRUE(Receive(1, 30));
  Finish(1, 10);
  Finish(1, 10);
  EXPECT_EQ(pool_.TakeRaised(), std::vector{IdOf(1)}) << "once";
  EXPECT_FALSE(Raised(1));
}

TEST_F(CreditPoolTest, WhoWaitsIsServedInTurn) {
  for (std::uint64_t session : {1U, 2U, 3U, 4U}) Open(session);
  Want(1, 25);
  Want(2, 25);
  Want(3, 25);
  Want(4, 25);
  EXPECT_EQ(pool_.held_bytes(), 100U);
  Open(5);
  Open(6);
  Want(5, 20);
  Want(6, 20);
  EXPECT_EQ(Granted(5) + Granted(6), 0U);
  EXPECT_TRUE(Receive(1, 25));
  Finish(1, 25);
  EXPECT_EQ(Granted(5), 20U);
  EXPECT_EQ(Granted(6), 0U) << "there were but 25";
  EXPECT_TRUE(Raised(5));
  EXPECT_EQ(Granted(1), 25U) << "those who wait come first";
  EXPECT_TRUE(Receive(2, 25));
  Finish(2, 25);
  EXPECT_EQ(Granted(6), 20U);
  EXPECT_EQ(Granted(2), 25U) << "the first waits ahead of it";
}

TEST_F(CreditPoolTest, SharesShrinkWithTheNumberOfSessions) {
  Open(1);
  Want(1, 60);
  EXPECT_EQ(Granted(1), 60U);
  for (std::uint64_t session = 2; session <= 5; ++session) Open(session);
  EXPECT_TRUE(Receive(1, 60));
  Finish(1, 60);
  EXPECT_EQ(Granted(1), 80U) << "a fifth of the budget, no more than that";
}

TEST_F(CreditPoolTest, WantingNothingGivesBackWhatWasNotUsed) {
  Open(1);
  Open(2);
  Want(1, 50);
  Want(2, 50);
  EXPECT_TRUE(Receive(1, 10));
  Open(3);
  Want(3, 20);
  EXPECT_EQ(Granted(3), 0U);
  Want(1, 0);
  EXPECT_EQ(Granted(1), 10U);
  EXPECT_FALSE(Receive(1, 1));
  EXPECT_EQ(Granted(3), 20U);
  EXPECT_TRUE(Raised(3));
  Finish(1, 10);
  EXPECT_EQ(pool_.held_bytes(), 70U);
  Want(1, 30);
  EXPECT_EQ(Granted(1), 10U + 30U);
}

TEST_F(CreditPoolTest, ClosingReturnsAllThatWasHeld) {
  Open(1);
  Open(2);
  Want(1, 50);
  Want(2, 50);
  EXPECT_TRUE(Receive(1, 50));
  Open(3);
  Want(3, 30);
  pool_.Close(IdOf(1));
  EXPECT_EQ(Granted(1), 0U);
  EXPECT_EQ(Granted(3), 30U);
  Finish(1, 50);  // its bytes are done with later
  EXPECT_EQ(pool_.held_bytes(), 80U);
  EXPECT_FALSE(Receive(1, 1));
  pool_.Close(IdOf(2));
  pool_.Close(IdOf(3));
  pool_.Close(IdOf(3));
  EXPECT_EQ(pool_.held_bytes(), 0U);
}

TEST_F(CreditPoolTest, AClosedSessionThatWaitedIsPassedOver) {
  Open(1);
  Open(2);
  Want(1, 50);
  Want(2, 50);
  Open(3);
  Open(4);
  Want(3, 20);
  Want(4, 20);
  pool_.Close(IdOf(3));
  pool_.Close(IdOf(1));
  EXPECT_EQ(Granted(4), 20U);
}

TEST(CreditPoolModel, CreditNeverExceedsTheBudgetAndNobodyStarves) {
  const std::uint64_t first = SystemRandom().Next();
  for (std::uint64_t seed = first; seed != first + 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random(seed);
    CreditPool pool(kLimits);
    struct Peer {
      std::uint64_t received = 0;
      std::uint64_t finished = 0;
    };
    std::map<std::uint64_t, Peer> peers;
    for (int step = 0; step < 500; ++step) {
      const std::uint64_t id = random.Below(12);
      auto peer = peers.find(id);
      const std::uint64_t kind = random.Below(10);
      if (peer == peers.end()) {
        if (kind > 3) continue;
        pool.Open(IdOf(id));
        peers[id];
      } else if (kind == 0) {
        pool.Close(IdOf(id));
        peers.erase(peer);
      } else if (kind <= 4) {
        pool.Want(IdOf(id), random.Below(4) == 0 ? 0 : random.Below(80));
      } else if (kind <= 7) {
        const std::uint64_t left = pool.granted(IdOf(id)) - peer->second.received;
        const std::uint64_t bytes = random.Below(left + 1);
        ASSERT_TRUE(pool.Receive(IdOf(id), bytes));
        peer->second.received += bytes;
      } else {
        const std::uint64_t bytes = random.Below(peer->second.received - peer->second.finished + 1);
        pool.Finish(IdOf(id), bytes);
        peer->second.finished += bytes;
      }
      std::uint64_t held = 0;
      for (const auto& [number, one] : peers) {
        const std::uint64_t granted = pool.granted(IdOf(number));
        ASSERT_GE(granted, one.received) << "what was sent within credit was granted";
        held += granted - one.finished;
      }
      ASSERT_EQ(held, pool.held_bytes());
      ASSERT_LE(held, kLimits.budget_bytes);
    }
    // Everybody finishes, and wants once more: each in turn gets a batch.
    for (auto& [id, peer] : peers) {
      pool.Finish(IdOf(id), peer.received - peer.finished);
      peer.finished = peer.received;
    }
    for (auto& [id, peer] : peers) pool.Want(IdOf(id), 0);
    for (auto& [id, peer] : peers) {
      pool.Want(IdOf(id), 20);
      ASSERT_EQ(pool.granted(IdOf(id)) - peer.received, 20U);
      pool.Want(IdOf(id), 0);
    }
    ASSERT_EQ(pool.held_bytes(), 0U);
  }
}

}  // namespace
}  // namespace logboom::broker
