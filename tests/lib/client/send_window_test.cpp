// Sequences of a partition's batches: kept while the broker may have them, begun anew where it
// surely has not, and never doubled.
#include "lib/client/send_window.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/record/batch_header.h"
#include "lib/record/batch_view.h"

namespace logboom::client {
namespace {

constexpr MonotonicMs kNow{1'000};
constexpr MonotonicMs kLater = kNow + kRetryPause.count();

struct Stamp {
  std::int64_t id;
  int epoch;
  std::int32_t sequence;
  friend bool operator==(const Stamp&, const Stamp&) = default;
};
std::ostream& operator<<(std::ostream& out, const Stamp& stamp) {
  return out << stamp.id << '/' << stamp.epoch << '/' << stamp.sequence;
}

class SendWindowTest : public ::testing::Test {
 protected:
  void SetUp() override { window_.SetId(7); }

  void Push(std::size_t records = 10) {
    record::BatchBuilder builder({.codec = record::Codec::kNone});
    for (std::size_t i = 0; i < records; ++i) {
      builder.Add({.timestamp = TimestampMs(1), .key = {}, .value = "v", .headers = {}});
    }
    window_.Push({.records = records, .bytes = 1, .oldest = kNow},
                 transport::Payload(Bytes(*builder.Finish())));
  }
  static Stamp StampOf(const SendWindow::Batch& batch) {
    const auto header = record::VerifyBatch(batch->payload.view());
    EXPECT_TRUE(header.ok());
    return {header->producer_id, header->producer_epoch, header->base_sequence};
  }
  // Sends all that may be sent now.
  std::vector<SendWindow::Batch> SendAll(MonotonicMs now = kNow) {
    std::vector<SendWindow::Batch> sent;
    while (const auto batch = window_.Next(now)) {
      window_.Sent();
      sent.push_back(batch);
    }
    return sent;
  }
  std::vector<SendWindow::Batch> PushAndSend(int count) {
    for (int i = 0; i < count; ++i) Push();
    return SendAll();
  }

  SendWindow window_{Idempotence::kOn};
};

TEST_F(SendWindowTest, SequencesCountRecords) {
  Push(3);
  Push(1);
  Push(2);
  const auto sent = SendAll();
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(StampOf(sent[0]), (Stamp{7, 0, 0}));
  EXPECT_EQ(StampOf(sent[1]), (Stamp{7, 0, 3}));
  EXPECT_EQ(StampOf(sent[2]), (Stamp{7, 0, 4}));
}

TEST_F(SendWindowTest, WaitsForAnId) {
  SendWindow window(Idempotence::kOn);
  EXPECT_FALSE(window.WantsId());
  Bytes bytes = "x";
  window.Push({}, transport::Payload(std::move(bytes)));
  EXPECT_TRUE(window.WantsId());
  EXPECT_EQ(window.Next(kNow), nullptr);
}

TEST_F(SendWindowTest, WithoutIdempotenceBatchesStayAsTheyAre) {
  window_ = SendWindow(Idempotence::kOff);
  const auto sent = PushAndSend(1);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(StampOf(sent[0]), (Stamp{-1, -1, -1}));
}

TEST_F(SendWindowTest, FiveBatchesAreUnderWay) {
  auto sent = PushAndSend(7);
  ASSERT_EQ(sent.size(), kUnderWayMax);
  window_.Delivered(sent[0]);
  sent = SendAll();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(StampOf(sent[0]), (Stamp{7, 0, 50}));
}

TEST_F(SendWindowTest, ALostSessionSendsTheSameSequencesAgain) {
  const auto first = PushAndSend(4);
  window_.Delivered(first[0]);
  EXPECT_TRUE(window_.SessionLost().empty());
  const auto again = SendAll();
  ASSERT_EQ(again.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(StampOf(again[i]), (Stamp{7, 0, static_cast<std::int32_t>(10 * (i + 1))}));
    EXPECT_EQ(again[i], first[i + 1]);
  }
}

// The broker's disk was full for one batch: those behind it were out of order, and are sent again
// behind it, with the sequences that they had.
TEST_F(SendWindowTest, BatchesBehindARefusedOneFollowItAgain) {
  const auto sent = PushAndSend(4);
  window_.Delivered(sent[0]);
  EXPECT_TRUE(window_.Refused(sent[1], RefusalKind::kPasses, kNow).empty());
  EXPECT_TRUE(window_.Refused(sent[2], RefusalKind::kOutOfOrder, kNow).empty());
  Push();
  EXPECT_TRUE(SendAll(kLater).empty()) << "one is under way still, and will be refused too";
  EXPECT_TRUE(window_.Refused(sent[3], RefusalKind::kOutOfOrder, kNow).empty());
  EXPECT_TRUE(SendAll(kLater - 1).empty());
  const auto again = SendAll(kLater);
  ASSERT_EQ(again.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(StampOf(again[i]), (Stamp{7, 0, static_cast<std::int32_t>(10 * (i + 1))}));
  }
}

// Refusals are answered at once, what was appended only after its sync: so they overtake it.
TEST_F(SendWindowTest, ARefusalThatOvertakesAnAnswerWaitsForIt) {
  const auto sent = PushAndSend(2);
  EXPECT_TRUE(window_.Refused(sent[1], RefusalKind::kOutOfOrder, kNow).empty());
  EXPECT_TRUE(SendAll(kLater).empty());
  window_.Delivered(sent[0]);
  const auto again = SendAll(kLater);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(StampOf(again[0]), (Stamp{7, 0, 10}));
}

// The broker lost acked records: what it refuses it does not have, and nobody else sends it.
TEST_F(SendWindowTest, SurelyRefusedBatchesBeginAnEpoch) {
  auto sent = PushAndSend(3);
  window_.Delivered(sent[0]);
  EXPECT_TRUE(window_.Refused(sent[1], RefusalKind::kOutOfOrder, kNow).empty());
  EXPECT_TRUE(SendAll(kLater).empty());
  EXPECT_TRUE(window_.Refused(sent[2], RefusalKind::kOutOfOrder, kNow).empty());
  EXPECT_TRUE(SendAll(kNow).empty());
  sent = SendAll(kLater);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(StampOf(sent[0]), (Stamp{7, 1, 0}));
  EXPECT_EQ(StampOf(sent[1]), (Stamp{7, 1, 10}));
}

TEST_F(SendWindowTest, AnUnknownProducerTakesAnotherId) {
  auto sent = PushAndSend(2);
  EXPECT_TRUE(window_.Refused(sent[0], RefusalKind::kProducerUnknown, kNow).empty());
  EXPECT_FALSE(window_.WantsId());
  EXPECT_TRUE(window_.Refused(sent[1], RefusalKind::kProducerUnknown, kNow).empty());
  EXPECT_TRUE(window_.WantsId());
  EXPECT_EQ(window_.last_id(), 7);
  EXPECT_TRUE(SendAll(kLater).empty());
  window_.SetId(8);
  sent = SendAll(kLater);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(StampOf(sent[0]), (Stamp{8, 0, 0}));
  EXPECT_EQ(StampOf(sent[1]), (Stamp{8, 0, 10}));
}

// It may be in the log: under a new epoch it might stand there twice.
TEST_F(SendWindowTest, WhatTheBrokerMayHaveFailsInsteadOfBeginningAnew) {
  const auto first = PushAndSend(3);
  window_.Delivered(first[0]);
  EXPECT_TRUE(window_.SessionLost().empty());
  Push();  // the broker never saw this one
  const auto again = SendAll();
  ASSERT_EQ(again.size(), 3U);
  EXPECT_EQ(window_.Refused(again[0], RefusalKind::kOutOfOrder, kNow), std::vector{again[0]});
  EXPECT_EQ(window_.Refused(again[1], RefusalKind::kOutOfOrder, kNow), std::vector{again[1]});
  EXPECT_TRUE(window_.Refused(again[2], RefusalKind::kOutOfOrder, kNow).empty());
  const auto anew = SendAll(kLater);
  ASSERT_EQ(anew.size(), 1U);
  EXPECT_EQ(anew[0], again[2]);
  EXPECT_EQ(StampOf(anew[0]), (Stamp{7, 1, 0}));
}

// The session ends between the refusal and those of the batches behind it: they can't have been
// appended either.
TEST_F(SendWindowTest, BatchesBehindASequenceThatEndedAreSurelyRefused) {
  const auto sent = PushAndSend(3);
  EXPECT_TRUE(window_.Refused(sent[0], RefusalKind::kOutOfOrder, kNow).empty());
  EXPECT_TRUE(window_.SessionLost().empty());
  const auto again = SendAll(kLater);
  ASSERT_EQ(again.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(StampOf(again[i]), (Stamp{7, 1, static_cast<std::int32_t>(10 * i)}));
  }
}

// The one before was too large, say: its sequence is a hole, which the broker tells.
TEST_F(SendWindowTest, AHoleOfABatchThatFailedIsClosedByAnEpoch) {
  auto sent = PushAndSend(2);
  EXPECT_EQ(window_.Refused(sent[0], RefusalKind::kFinal, kNow), std::vector{sent[0]});
  EXPECT_TRUE(window_.Refused(sent[1], RefusalKind::kOutOfOrder, kNow).empty());
  sent = SendAll(kLater);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(StampOf(sent[0]), (Stamp{7, 1, 0}));
}

// The transport may still be reading the bytes of the first sending.
TEST_F(SendWindowTest, BytesThatWereSentAreNotWrittenTo) {
  const auto sent = PushAndSend(1);
  const transport::Payload first = sent[0]->payload;
  const Bytes before(first.view());
  EXPECT_TRUE(window_.Refused(sent[0], RefusalKind::kOutOfOrder, kNow).empty());
  const auto again = SendAll(kLater);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(Bytes(first.view()), before);
  EXPECT_EQ(StampOf(again[0]), (Stamp{7, 1, 0}));
}

TEST_F(SendWindowTest, BehindTheLastEpochComesAnotherId) {
  Push();
  for (int epoch = 0; epoch < 32'767; ++epoch) {
    ASSERT_FALSE(window_.WantsId());
    const auto sent = SendAll(kLater);
    ASSERT_EQ(StampOf(sent.at(0)).epoch, epoch);
    ASSERT_TRUE(window_.Refused(sent.at(0), RefusalKind::kOutOfOrder, kNow).empty());
  }
  const auto sent = SendAll(kLater);
  ASSERT_TRUE(window_.Refused(sent.at(0), RefusalKind::kOutOfOrder, kNow).empty());
  EXPECT_TRUE(window_.WantsId());
}

TEST_F(SendWindowTest, OldBatchesThatWaitCanBeTakenOut) {
  Push();
  EXPECT_EQ(window_.TakeOlderThan(kNow - 1), nullptr);
  EXPECT_NE(window_.TakeOlderThan(kNow), nullptr);
  EXPECT_TRUE(window_.idle());
}

}  // namespace
}  // namespace logboom::client
