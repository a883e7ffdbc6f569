// What a start believes of rows, side-cars and records that are not as they should be.
#include "broker/sources/sources.h"
#include "lib/segment/names.h"
#include "lib/segment/sources.h"
#include "tests/broker/sources/sources_rig.h"

namespace logboom::broker {
namespace {

class RebuildTest : public testing::Test {
 protected:
  void SetUp() override {
    rig_.MustOpen();
    rig_.MakeTopic();
  }
  // What the start says where the store holds this row as well.
  Status StartWith(Table table, const Bytes& key, const Bytes& value) {
    const std::vector<MetadataRow> good = rig_.Snapshot();
    rig_.Crash();
    MetadataTransaction row;
    row.Put(table, key, value);
    EXPECT_TRUE(rig_.engine.store.Apply(row).ok());
    EXPECT_TRUE(rig_.engine.Open().ok());
    Sources sources(*rig_.engine.engine);
    const auto rebuilt = sources.Rebuild(rig_.engine.now());
    rig_.Crash();
    rig_.RestoreStore(good);
    rig_.MustOpen();
    if (!rebuilt.ok()) return rebuilt.error();
    return Ok();
  }
  // A segment that is finished and one that is not; of source 1 all is durable up to 600.
  void FillTwoSegments() {
    ASSERT_TRUE(rig_.engine.AlterTopic("web", {{"segment.bytes", "1048576"}}).ok());
    for (std::int64_t at = 0; at < 600; at += 100) {
      rig_.MustProduce({FirstSpanOf(1, at, at + 100)}, 200'000);
    }
    ASSERT_EQ(rig_.engine.State(rig_.where).log_end, Offset{6});
  }
  // Between a crash and the next start: what the side-car of the first segment says.
  void PutSideCar(Offset as_of, const Bytes& bytes) {
    const auto entries = rig_.engine.disk.List("/data");
    for (const auto& entry : *entries) {
      if (!entry.name.ends_with("-0")) continue;
      const std::string path =
          segment::SegmentPath("/data/" + entry.name, Offset{0}, segment::kSourcesSuffix);
      ASSERT_TRUE(
          file::ReplaceFile(rig_.engine.disk, path, segment::EncodeSources({as_of, bytes})).ok());
    }
  }
  // One that knows of source 9 at 70.
  Bytes SideCarRows() const {
    Source source;
    source.where = rig_.where;
    source.source_id = IdOf(9);
    source.identity = IdentityOf("a", 9);
    Bytes bytes;
    ByteWriter writer(bytes);
    writer.Int(std::uint32_t{1});
    writer.String(SourceRowKey(source.where.topic_id, source.source_id));
    writer.String(EncodeSourceRow(source, SourcePosition{70}, WindowAt(70)));
    return bytes;
  }
  void MustProduceBeforeACheckpoint(const std::vector<ProducedSpan>& spans) {
    rig_.Produce(spans);
    rig_.engine.Settle();
    ASSERT_EQ(rig_.DurableOf(4), 10);
  }
  SourcesRig rig_;
};

TEST_F(RebuildTest, ARowThatCantBeReadEndsTheStart) {
  const Bytes stamp = StampKey(rig_.where);
  const Bytes offset(8, '\0');
  EXPECT_TRUE(StartWith(Table::kPositionStamp, stamp, offset).ok());
  EXPECT_FALSE(StartWith(Table::kPositionStamp, stamp.substr(1), offset).ok());
  EXPECT_FALSE(StartWith(Table::kPositionStamp, stamp + 'x', offset).ok());
  EXPECT_FALSE(StartWith(Table::kPositionStamp, stamp, offset.substr(1)).ok());
  EXPECT_FALSE(StartWith(Table::kPositionStamp, stamp, offset + 'x').ok());
  for (const Table table : {Table::kAgent, Table::kSource, Table::kSourceRow}) {
    EXPECT_FALSE(StartWith(table, "key", "value").ok());
  }
}

TEST_F(RebuildTest, AnyRowOfATopicThatIsGoneIsForgotten) {
  const TopicPartition gone{IdOf(77), PartitionIndex{0}};
  Source source;
  source.where = gone;
  source.source_id = IdOf(5);
  source.identity = IdentityOf("a");
  const ShownRow gap{gone, Offset{3}, 0, "a", "/p", RowOf(5, RowKind::kGap, 1, 2), TimestampMs{1}};
  const std::vector<MetadataRow> rows = {
      {Table::kSource, SourceRowKey(gone.topic_id, source.source_id),
       EncodeSourceRow(source, SourcePosition{10}, 1)},
      {Table::kSourceRow, ShownRowKey(gap), EncodeShownRow(gap)},
      {Table::kPositionStamp, StampKey(gone), Bytes(8, '\0')}};
  rig_.Checkpoint();
  const std::size_t kept = rig_.Snapshot().size();
  for (const MetadataRow& row : rows) {
    rig_.Crash();
    MetadataTransaction put;
    put.Put(row.table, row.key, row.value);
    ASSERT_TRUE(rig_.engine.store.Apply(put).ok());
    rig_.MustOpen();
    rig_.Settle();
    EXPECT_EQ(rig_.Snapshot().size(), kept);
  }
}

TEST_F(RebuildTest, APartitionOfATopicThatIsGoneIsForgotten) {
  Agent agent;
  agent.claim.agent_id = "a";
  agent.partitions = {{IdOf(77), PartitionIndex{0}}, {rig_.where.topic_id, PartitionIndex{0}}};
  MetadataTransaction put;
  put.Put(Table::kAgent, "a", EncodeAgentRow(agent));
  rig_.Crash();
  ASSERT_TRUE(rig_.engine.store.Apply(put).ok());
  rig_.MustOpen();
  EXPECT_EQ(rig_.sources->agents().Find("a")->partitions,
            (std::map<Uuid, PartitionIndex>{{rig_.where.topic_id, PartitionIndex{0}}}));
}

// Else the next start would not read what was appended where lost records had stood.
TEST_F(RebuildTest, AStampOfALogThatWasCutGoesBeforeTheNextOneIsStored) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.MustProduce({SpanOf(1, 100, 200)});
  rig_.MustProduce({SpanOf(1, 200, 300)});
  rig_.Checkpoint();
  rig_.Crash();
  rig_.engine.CutLogBehindFirstBatch();
  ASSERT_TRUE(rig_.engine.disk.Remove("/data/manifest").ok());
  rig_.MustOpen();
  rig_.engine.Settle();
  MustProduceBeforeACheckpoint({FirstSpanOf(4, 0, 10)});
  for (int i = 0; i < 5; ++i) {
    MustProduceBeforeACheckpoint({FirstSpanOf(3, i * 10, i * 10 + 10)});
  }
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), 100);
  EXPECT_EQ(rig_.DurableOf(3), 50);
  EXPECT_EQ(rig_.DurableOf(4), 10);
}

TEST_F(RebuildTest, AStampAtTheLogsEndLeavesNothingToRead) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.Checkpoint();
  rig_.Reopen();
  EXPECT_EQ(rig_.report.records_read, 0);
  EXPECT_TRUE(rig_.report.notes.empty());
  EXPECT_EQ(rig_.DurableOf(1), 100);
}

TEST_F(RebuildTest, ASideCarAtTheLogsEndLeavesNothingToRead) {
  FillTwoSegments();
  rig_.Crash();
  PutSideCar(Offset{6}, SideCarRows());
  rig_.MustOpen();
  EXPECT_EQ(rig_.DurableOf(9), 70);
  EXPECT_EQ(rig_.report.records_read, 0);
}

TEST_F(RebuildTest, ASideCarOfALongerLogIsNotBelieved) {
  FillTwoSegments();
  rig_.Crash();
  PutSideCar(Offset{7}, SideCarRows());
  rig_.MustOpen();
  EXPECT_EQ(rig_.DurableOf(9), -1);
  EXPECT_EQ(rig_.DurableOf(1), 600);
  EXPECT_EQ(rig_.report.records_read, 6);
}

TEST_F(RebuildTest, ASideCarNoNewerThanTheStampIsNotLookedAt) {
  FillTwoSegments();
  rig_.Checkpoint();
  for (const std::int64_t as_of : {3, 6}) {
    rig_.Crash();
    PutSideCar(Offset{as_of}, SideCarRows());
    rig_.MustOpen();
    EXPECT_EQ(rig_.DurableOf(9), -1) << "it has been forgotten since";
    EXPECT_EQ(rig_.report.records_read, 0);
  }
}

TEST_F(RebuildTest, ASideCarWhoseRowsCantBeReadEndsTheStart) {
  FillTwoSegments();
  const Bytes rows = SideCarRows();
  for (const Bytes& bytes : {rows.substr(0, rows.size() - 1), rows + 'x', Bytes("1"),
                             Bytes("\0\0\0\1\0\0\0\1k\0\0\0\1v", 14)}) {
    rig_.Crash();
    PutSideCar(Offset{5}, bytes);
    ASSERT_TRUE(rig_.engine.Open().ok());
    rig_.sources = std::make_unique<Sources>(*rig_.engine.engine);
    EXPECT_FALSE(rig_.sources->Rebuild(rig_.engine.now()).ok()) << ToHex(bytes);
  }
}

TEST_F(RebuildTest, RecordsWithoutASpanMeanNothing) {
  ASSERT_TRUE(rig_.engine.Append(rig_.where, {"a line", "another"}).ok());
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), 100);
  EXPECT_EQ(rig_.report.records_read, 3);
  EXPECT_EQ(rig_.report.spans_applied, 1);
  EXPECT_EQ(rig_.report.spans_unknown, 0);
  EXPECT_EQ(rig_.report.sources, 1U);
}

TEST_F(RebuildTest, TheFirstProducerIdIsOneToo) {
  Bytes batch = WithProducerId(BatchOf({FirstSpanOf(1, 0, 100)}, rig_.log_tag()), 0);
  rig_.MustAppend(batch);
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), -1);
}

// A record's bytes may be anything, their checksum says only that they came so.
TEST_F(RebuildTest, ABatchThatCantBeReadCostsItsOwnSpansAlone) {
  Bytes batch = BatchOf({FirstSpanOf(2, 0, 100)}, rig_.log_tag());
  batch[record::kBatchHeaderBytes] = 0x7f;  // longer than it is
  record::SealBatch(batch.data(), batch.size());
  rig_.MustAppend(batch);
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), 100);
  EXPECT_EQ(rig_.DurableOf(2), -1);
}

}  // namespace
}  // namespace logboom::broker
