#include "broker/engine/topic_config.h"

#include <gtest/gtest.h>

#include <optional>

#include "broker/engine/topic_row.h"
#include "lib/record/batch_header.h"

namespace logboom::broker {
namespace {

struct ConfigCase {
  const char* name;
  const char* key;
  const char* value;
  bool good;
};

class TopicConfigKey : public testing::TestWithParam<ConfigCase> {};

TEST_P(TopicConfigKey, IsChecked) {
  const ConfigCase& one = GetParam();
  const Status checked = CheckTopicConfig({{one.key, one.value}});
  EXPECT_EQ(checked.ok(), one.good);
  if (checked.ok()) return;
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalid);
  EXPECT_NE(checked.error().message.find(one.key), std::string::npos) << checked.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Limits, TopicConfigKey,
    testing::Values(ConfigCase{"SegmentSmallest", "segment.bytes", "1048576", true},
                    ConfigCase{"SegmentTooSmall", "segment.bytes", "1048575", false},
                    ConfigCase{"SegmentLargest", "segment.bytes", "2147483647", true},
                    ConfigCase{"SegmentTooLarge", "segment.bytes", "2147483648", false},
                    ConfigCase{"SegmentAgeShortest", "segment.ms", "1000", true},
                    ConfigCase{"SegmentAgeTooShort", "segment.ms", "999", false},
                    ConfigCase{"RetentionForEver", "retention.ms", "-1", true},
                    ConfigCase{"RetentionNegative", "retention.ms", "-2", false},
                    ConfigCase{"RetentionNothing", "retention.bytes", "0", true},
                    ConfigCase{"RetentionUnbounded", "retention.bytes", "-1", true},
                    ConfigCase{"RetentionHuge", "retention.bytes", "9223372036854775807", true},
                    ConfigCase{"RetentionTooHuge", "retention.bytes", "9223372036854775808", false},
                    ConfigCase{"ShareNothing", "retention.share", "0", true},
                    ConfigCase{"ShareNegative", "retention.share", "-1", false},
                    ConfigCase{"ShareLargest", "retention.share", "1000000", true},
                    ConfigCase{"ShareTooLarge", "retention.share", "1000001", false},
                    ConfigCase{"SpareNothing", "retention.min.ms", "0", true},
                    ConfigCase{"SpareNegative", "retention.min.ms", "-1", false},
                    ConfigCase{"MessageLargest", "max.message.bytes", "1048588", true},
                    ConfigCase{"MessageTooLarge", "max.message.bytes", "1048589", false},
                    ConfigCase{"MessageSmallest", "max.message.bytes", "1024", true},
                    ConfigCase{"MessageTooSmall", "max.message.bytes", "1023", false},
                    ConfigCase{"NotANumber", "segment.bytes", "1g", false},
                    ConfigCase{"Empty", "segment.bytes", "", false},
                    ConfigCase{"Blank", "segment.bytes", " 1048576", false},
                    ConfigCase{"Delete", "cleanup.policy", "delete", true},
                    ConfigCase{"Compact", "cleanup.policy", "compact", true},
                    ConfigCase{"CompactAndDelete", "cleanup.policy", "compact,delete", true},
                    ConfigCase{"OtherPolicy", "cleanup.policy", "squash", false},
                    ConfigCase{"RatioSmallest", "min.cleanable.dirty.ratio", "0", true},
                    ConfigCase{"RatioLargest", "min.cleanable.dirty.ratio", "1", true},
                    ConfigCase{"RatioTooLarge", "min.cleanable.dirty.ratio", "1.01", false},
                    ConfigCase{"RatioNegative", "min.cleanable.dirty.ratio", "-0.1", false},
                    ConfigCase{"RatioNoNumber", "min.cleanable.dirty.ratio", "nan", false},
                    ConfigCase{"LagShortest", "max.compaction.lag.ms", "1", true},
                    ConfigCase{"LagTooShort", "max.compaction.lag.ms", "0", false},
                    ConfigCase{"Producer", "compression.type", "producer", true},
                    ConfigCase{"Zstd", "compression.type", "zstd", false},
                    ConfigCase{"Unknown", "segment.byte", "1", false}),
    [](const auto& one) { return one.param.name; });

TEST(TopicConfig, UnknownKeyIsToldTheKnownOnes) {
  const Status checked = CheckTopicConfig({{"nonsense", "1"}});
  EXPECT_NE(checked.error().message.find("retention.ms"), std::string::npos);
  EXPECT_NE(checked.error().message.find("cleanup.policy"), std::string::npos);
}

TEST(TopicConfig, BecomesOptionsOfTheLog) {
  const PartitionLogOptions defaults = LogOptions({});
  EXPECT_EQ(defaults.segment_bytes, std::int64_t{256} << 20U);
  EXPECT_EQ(defaults.retention_ms, 7LL * 24 * 60 * 60 * 1000);
  const PartitionLogOptions options = LogOptions({{"segment.bytes", "1048576"},
                                                  {"segment.ms", "5000"},
                                                  {"retention.ms", "-1"},
                                                  {"retention.bytes", "77"}});
  EXPECT_EQ(options.segment_bytes, 1'048'576);
  EXPECT_EQ(options.segment_ms, 5'000);
  EXPECT_EQ(options.retention_ms, -1);
  EXPECT_EQ(options.retention_bytes, 77);
  EXPECT_EQ(MaxMessageBytes({}), record::kBatchBytesMax);
  EXPECT_EQ(MaxMessageBytes({{"max.message.bytes", "2000"}}), 2'000U);
}

Topic Sample() {
  Topic topic;
  topic.name = "web";
  topic.topic_id = *Uuid::Parse("00112233-4455-6677-8899-aabbccddeeff");
  topic.number = 5;
  topic.partitions = 3;
  topic.config = {{"k", "v"}};
  return topic;
}

TEST(TopicRow, GoesThroughTheStore) {
  const Topic topic = Sample();
  auto back = DecodeTopicRow(TopicRowKey(5), EncodeTopicRow(topic, TopicRowState::kDeleting));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->state, TopicRowState::kDeleting);
  EXPECT_EQ(back->topic.name, "web");
  EXPECT_EQ(back->topic.topic_id, topic.topic_id);
  EXPECT_EQ(back->topic.number, 5U);
  EXPECT_EQ(back->topic.partitions, 3);
  EXPECT_EQ(back->topic.config, topic.config);
}

TEST(TopicRow, LayoutIsAsDocumented) {
  EXPECT_EQ(ToHex(TopicRowKey(5)), "00000005");
  EXPECT_EQ(ToHex(EncodeTopicRow(Sample(), TopicRowState::kDeleting)),
            "0101"
            "00112233445566778899aabbccddeeff"
            "00000003"
            "00000003776562"
            "00000001"
            "000000016b"
            "0000000176");
}

// Nothing where the row is taken.
template <typename Row>
std::optional<ErrorCode> CodeOf(const Result<Row>& row) {
  return row.ok() ? std::nullopt : std::optional(row.error().code);
}

TEST(TopicRow, EveryTruncationIsRefused) {
  const Bytes key = TopicRowKey(5);
  const Bytes value = EncodeTopicRow(Sample(), TopicRowState::kLive);
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(CodeOf(DecodeTopicRow(key, value.substr(0, size))), ErrorCode::kCorrupt) << size;
  }
  for (std::size_t size = 0; size < key.size(); ++size) {
    EXPECT_EQ(CodeOf(DecodeTopicRow(key.substr(0, size), value)), ErrorCode::kCorrupt) << size;
  }
  EXPECT_FALSE(DecodeTopicRow(key, value + 'x').ok());
  EXPECT_FALSE(DecodeTopicRow(key + 'x', value).ok());
}

TEST(TopicRow, SenselessValuesAreRefused) {
  const Bytes key = TopicRowKey(5);
  Bytes newer = EncodeTopicRow(Sample(), TopicRowState::kLive);
  newer[0] = 2;
  EXPECT_EQ(DecodeTopicRow(key, newer).error().code, ErrorCode::kUnsupported);
  Bytes state = EncodeTopicRow(Sample(), TopicRowState::kLive);
  state[1] = 3;
  EXPECT_EQ(DecodeTopicRow(key, state).error().code, ErrorCode::kCorrupt);
  for (const std::int32_t partitions : {0, 1, kTopicPartitionsMax, kTopicPartitionsMax + 1}) {
    Topic topic = Sample();
    topic.partitions = partitions;
    EXPECT_EQ(DecodeTopicRow(key, EncodeTopicRow(topic, TopicRowState::kLive)).ok(),
              partitions >= 1 && partitions <= kTopicPartitionsMax)
        << partitions;
  }
}

}  // namespace
}  // namespace logboom::broker
