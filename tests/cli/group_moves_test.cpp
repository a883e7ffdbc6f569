// Members of a group that come and go while records come in, in one process, on a real broker.
#include <map>
#include <memory>

#include "lib/client/group_consumer.h"
#include "lib/client/producer.h"
#include "lib/transport/zmq_transport.h"
#include "tests/cli/broker_fixture.h"

namespace logboom::cli {
namespace {

class GroupMoves : public CommandLineE2e {
 protected:
  static Instant Now() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    return {TimestampMs(ms), MonotonicMs(ms)};
  }
  auto Connect() { return *transport::ConnectZmq(broker_.address()); }

  void SetUp() override {
    CommandLineE2e::SetUp();
    ASSERT_EQ(Call("topics create t --partitions 6").code, 0);
    producer_ =
        std::make_unique<client::Producer>(Connect(), client::ProducerOptions{}, random_,
                                           [this](const auto& one) { delivered_ += one.records; });
  }
  std::unique_ptr<client::GroupConsumer> Join() {
    return std::make_unique<client::GroupConsumer>(
        Connect(), Connect(),
        client::GroupConsumerOptions{
            .group = "g", .topics = {"t"}, .start = client::StartAt::Earliest()},
        random_);
  }

  void Produce() {
    for (int i = 0; i < 12; ++i) {
      const std::string key = std::to_string(sent_++);
      ASSERT_TRUE(producer_
                      ->Send("t",
                             {.key = key,
                              .value = key,
                              .headers = {},
                              .partition = std::nullopt,
                              .timestamp = std::nullopt},
                             Now())
                      .ok());
    }
  }
  void Step(client::GroupConsumer& member) {
    member.Poll(Now());
    while (const auto event = member.Next()) {
      const auto* batch = std::get_if<client::FetchedBatch>(&event->what);
      ASSERT_NE(batch, nullptr);
      for (Offset at = batch->first_offset; at < batch->end_offset; ++at) {
        ++handled_[{event->from.partition.value(), at.value()}];
      }
      member.Handled(event->from, batch->end_offset);
    }
    member.Wait(std::chrono::milliseconds(2));
  }
  void StepAll() {
    producer_->Poll(Now());
    for (auto& member : members_) Step(*member);
  }
  void GoOnFor(std::int64_t ms) {
    for (const MonotonicMs end = Now().monotonic + ms; Now().monotonic < end; StepAll()) Produce();
  }
  std::size_t Grants() const {
    std::size_t grants = 0;
    for (const auto& member : members_) grants += member->counters().grants;
    return grants;
  }

  SystemRandom random_;
  std::unique_ptr<client::Producer> producer_;
  std::vector<std::unique_ptr<client::GroupConsumer>> members_;
  std::size_t sent_ = 0;
  std::size_t delivered_ = 0;
  std::map<std::pair<int, std::int64_t>, int> handled_;
};

TEST_F(GroupMoves, NoRecordIsLostAndEachIsHandledOnceWhereNobodyDies) {
  for (int i = 0; i < 3; ++i) {
    members_.push_back(Join());
    GoOnFor(1'500);
  }
  members_[0]->Leave();
  GoOnFor(1'500);
  EXPECT_TRUE(members_[0]->finished());
  // 6; then 3, then 2 of them moved; and 2 of the one that left.
  EXPECT_GE(Grants(), 6U + 3U + 2U + 2U);
  const MonotonicMs deadline = Now().monotonic + 15'000;
  const auto all_handled = [this] { return delivered_ == sent_ && handled_.size() == sent_; };
  while (!all_handled() && Now().monotonic < deadline) StepAll();
  EXPECT_EQ(handled_.size(), sent_);
  for (const auto& [where, times] : handled_) {
    ASSERT_EQ(times, 1) << "partition " << where.first << ", offset " << where.second;
  }
  for (auto& member : members_) member->Leave();
  while (!(members_[1]->finished() && members_[2]->finished()) && Now().monotonic < deadline) {
    StepAll();
  }
  EXPECT_NE(Out("groups list --format json").find(R"("member_count":0,"lag_records":0,)"),
            std::string::npos);
}

}  // namespace
}  // namespace logboom::cli
