// Trims as clients ask for them.
#include "tests/broker/server/server_rig.h"

namespace logboom::broker {
namespace {

class TrimRequestTest : public testing::Test {
 protected:
  void SetUp() override {
    client_.Hello();
    client_.UseTopic("web");
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(client_.Ask(client_.ProduceRequest(), PlainBatch({"a", "b"})).ok());
    }
  }
  Reply Trim(protocol::TrimTopicRequest::Before before, std::int64_t value = 0,
             std::int32_t partition = -1, bool dry_run = false) {
    protocol::Request request;
    protocol::TrimTopicRequest& trim = *request.mutable_trim_topic();
    trim.set_name("web");
    trim.set_partition(partition);
    trim.set_before(before);
    trim.set_value(value);
    trim.set_dry_run(dry_run);
    return client_.Ask(std::move(request));
  }
  static protocol::PartitionTrim First(const Reply& reply) {
    EXPECT_TRUE(reply.ok());
    EXPECT_EQ(reply.response.trim_topic().partitions_size(), 1);
    return reply.response.trim_topic().partitions(0);
  }
  ServerRig rig_;
  TestClient client_{rig_};
};

using Before = protocol::TrimTopicRequest;

TEST_F(TrimRequestTest, AReaderBelowTheNewStartIsTold) {
  EXPECT_EQ(First(Trim(Before::OFFSET, 3, -1, true)).new_log_start_offset(), 3);
  EXPECT_TRUE(client_.Ask(client_.FetchRequest(0)).ok()) << "that was a dry run";
  const auto trim = First(Trim(Before::OFFSET, 3));
  EXPECT_EQ(trim.old_log_start_offset(), 0);
  EXPECT_EQ(trim.new_log_start_offset(), 3);
  const Reply below = client_.Ask(client_.FetchRequest(2));
  EXPECT_EQ(below.code(), protocol::OFFSET_OUT_OF_RANGE);
  EXPECT_EQ(below.response.fetch().log_start_offset(), 3);
  EXPECT_NE(below.response.error().message().find("holds 3 to 8"), std::string::npos);
  EXPECT_TRUE(client_.Ask(client_.FetchRequest(3)).ok());
}

TEST_F(TrimRequestTest, ByTimeAndToTheEnd) {
  // All records of the rig have one create time.
  EXPECT_EQ(First(Trim(Before::BY_TIME, 1'700'000'000'000)).new_log_start_offset(), 0);
  EXPECT_EQ(First(Trim(Before::BY_TIME, 1'700'000'000'001, -1, true)).new_log_start_offset(), 8);
  const auto trim = First(Trim(Before::END));
  EXPECT_EQ(trim.new_log_start_offset(), 8);
  EXPECT_GT(trim.bytes_freed(), 0);
  EXPECT_EQ(First(Trim(Before::END)).bytes_freed(), 0);
}

TEST_F(TrimRequestTest, SaysWhatIsWrong) {
  EXPECT_EQ(First(Trim(Before::OFFSET, 8)).error().code(), protocol::OK) << "the end itself";
  EXPECT_EQ(First(Trim(Before::OFFSET, 9)).error().code(), protocol::INVALID_REQUEST);
  EXPECT_EQ(Trim(Before::END, 0, 1).code(), protocol::UNKNOWN_TOPIC);
  protocol::Request unknown;
  unknown.mutable_trim_topic()->set_name("none");
  EXPECT_EQ(client_.Ask(std::move(unknown)).code(), protocol::UNKNOWN_TOPIC);
}

TEST_F(TrimRequestTest, AnOffsetNeedsAPartitionWhereThereAreSeveral) {
  ASSERT_TRUE(rig_.engine().CreateTopic("wide", 3).ok());
  protocol::Request request;
  request.mutable_trim_topic()->set_name("wide");
  request.mutable_trim_topic()->set_partition(-1);
  EXPECT_EQ(client_.Ask(request).code(), protocol::INVALID_REQUEST);
  request.mutable_trim_topic()->set_partition(2);
  EXPECT_EQ(First(client_.Ask(request)).partition(), 2);
  request.mutable_trim_topic()->set_partition(-1);
  request.mutable_trim_topic()->set_before(Before::END);
  EXPECT_EQ(client_.Ask(request).response.trim_topic().partitions_size(), 3);
}

}  // namespace
}  // namespace logboom::broker
