// The row of a source, byte for byte (docs/formats/metadata.md).
#include "tests/broker/sources/table_fixture.h"

namespace logboom::broker {
namespace {

Source Sample() {
  Source source;
  source.source_id = IdOf(2);
  source.where = {IdOf(1), PartitionIndex{3}};
  source.identity = IdentityOf("agent-1", 4);
  source.state = SourceState::kFinal;
  source.appended = SourcePosition{900};
  source.durable = SourcePosition{500};
  source.window = WindowAt(500);
  source.recent = {{SourcePosition{200}, WindowAt(200)},
                   {SourcePosition{500}, WindowAt(500)},
                   {SourcePosition{900}, WindowAt(900)}};
  source.last_sign = TimestampMs{1'700'000'000'123};
  return source;
}

Result<Source> Decode(const Source& source, const Bytes& value) {
  return DecodeSourceRow(SourceRowKey(source.where.topic_id, source.source_id), value);
}

TEST(SourceRow, KeepsWhatIsCoveredByThePosition) {
  const Source sample = Sample();
  auto durable = Decode(sample, EncodeSourceRow(sample, sample.durable, sample.window));
  ASSERT_TRUE(durable.ok()) << durable.error().message;
  EXPECT_EQ(durable->source_id, sample.source_id);
  EXPECT_EQ(durable->where, sample.where);
  EXPECT_EQ(durable->identity, sample.identity);
  EXPECT_EQ(durable->state, SourceState::kFinal);
  EXPECT_EQ(durable->appended, SourcePosition{500});
  EXPECT_EQ(durable->durable, SourcePosition{500});
  EXPECT_EQ(durable->window, WindowAt(500));
  EXPECT_EQ(durable->last_sign, sample.last_sign);
  EXPECT_EQ(durable->recent, (std::vector<SpanEnd>{sample.recent[0], sample.recent[1]}));
  EXPECT_FALSE(durable->row_pending || durable->unsaved || durable->opening);

  auto appended = Decode(sample, EncodeSourceRow(sample, sample.appended, WindowAt(900)));
  ASSERT_TRUE(appended.ok());
  EXPECT_EQ(appended->appended, SourcePosition{900});
  EXPECT_EQ(appended->window, WindowAt(900));
  EXPECT_EQ(appended->recent, sample.recent);
}

TEST(SourceRow, LayoutIsAsDocumented) {
  Source sample = Sample();
  sample.identity = {};
  sample.recent.resize(1);
  const Bytes identity = record::EncodeSourceIdentity(sample.identity);
  EXPECT_EQ(ToHex(SourceRowKey(sample.where.topic_id, sample.source_id)),
            "0000000000000000"
            "0000000000000001"
            "0000000000000000"
            "0000000000000002");
  EXPECT_EQ(ToHex(EncodeSourceRow(sample, SourcePosition{500}, 0x1122334455667788U)),
            "01"
            "00000003"
            "01"
            "00000000000001f4"
            "1122334455667788"
            "0000018bcfe5687b" +
                fmt::format("{:08x}", identity.size()) + ToHex(identity) +
                "01"
                "00000000000000c8"
                "abc00000000000c8");
}

// Nothing where the row is taken.
template <typename Row>
std::optional<ErrorCode> CodeOf(const Result<Row>& row) {
  return row.ok() ? std::nullopt : std::optional(row.error().code);
}

TEST(SourceRow, EveryTruncationIsRefused) {
  const Source sample = Sample();
  const Bytes value = EncodeSourceRow(sample, sample.appended, 1);
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(CodeOf(Decode(sample, value.substr(0, size))), ErrorCode::kCorrupt) << size;
  }
  EXPECT_FALSE(Decode(sample, value + '\0').ok()) << "and so is one byte too many";
  const Bytes key = SourceRowKey(sample.where.topic_id, sample.source_id);
  for (std::size_t size = 0; size < key.size(); ++size) {
    EXPECT_EQ(CodeOf(DecodeSourceRow(key.substr(0, size), value)), ErrorCode::kCorrupt) << size;
  }
  EXPECT_FALSE(DecodeSourceRow(key + '\0', value).ok());
}

TEST(SourceRow, SenselessValuesAreRefused) {
  const Source sample = Sample();
  const Bytes value = EncodeSourceRow(sample, sample.appended, 1);
  auto with = [&](std::size_t at, std::uint8_t byte) {
    Bytes changed = value;
    changed[at] = static_cast<char>(byte);
    return Decode(sample, changed);
  };
  EXPECT_EQ(with(0, 2).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(with(1, 0x80).error().code, ErrorCode::kCorrupt) << "negative partition";
  EXPECT_EQ(with(5, 2).error().code, ErrorCode::kCorrupt) << "unknown state";
  EXPECT_EQ(with(6, 0x80).error().code, ErrorCode::kCorrupt) << "negative position";
  Source first = sample;
  first.where.partition = PartitionIndex{0};
  first.appended = SourcePosition{0};
  first.recent.clear();
  EXPECT_TRUE(Decode(first, EncodeSourceRow(first, first.appended, 1)).ok());
}

TEST(SourceRow, TakesAsManyRecentSpansAsTheLimitAndNoMore) {
  Source sample = Sample();
  for (const std::size_t count : {kRecentSpansMax, kRecentSpansMax + 1}) {
    sample.recent.assign(count, {SourcePosition{1}, 1});
    const auto decoded = Decode(sample, EncodeSourceRow(sample, sample.appended, 1));
    EXPECT_EQ(decoded.ok(), count == kRecentSpansMax) << count;
  }
}

}  // namespace
}  // namespace logboom::broker
