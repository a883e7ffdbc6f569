// The live tail against a scripted broker: its records' values are their offsets.
#include "gui/core/tail_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "gui/core/limits.h"
#include "tests/lib/client/batches.h"
#include "tests/lib/client/fake_broker.h"

namespace logboom::gui {
namespace {

class TailReaderTest : public testing::Test {
 protected:
  struct Log {
    std::int64_t start = 0;
    std::int64_t end = 0;
  };

  TailReaderTest() {
    broker.on_asked = [this](const client::Asked& asked) { Answer(asked); };
  }

  void Answer(const client::Asked& asked) {
    protocol::Response response;
    if (asked.request.has_metadata()) {
      auto& topic = *response.mutable_metadata()->add_topics();
      topic.set_name("web");
      topic.set_topic_id(client::IdBytes('T'));
      for (const auto& [index, log] : logs) {
        auto& partition = *topic.add_partitions();
        partition.set_index(index);
        partition.set_log_start_offset(log.start);
        partition.set_durable_end_offset(log.end);
      }
      return broker.Answer(asked, response);
    }
    const auto& fetch = asked.request.fetch();
    const Log& log = logs[fetch.partition()];
    auto& fetched = *response.mutable_fetch();
    fetched.set_log_start_offset(log.start);
    fetched.set_durable_end_offset(log.end);
    if (fetch.offset() < log.start || fetch.offset() > log.end) {
      *response.mutable_error() = protocol::MakeError(protocol::OFFSET_OUT_OF_RANGE, "no");
      return broker.Answer(asked, response);
    }
    const std::int64_t count = std::min<std::int64_t>(log.end - fetch.offset(), 100);
    if (count <= 0) {
      waiting = asked;  // a long poll
      return;
    }
    fetched.set_next_offset(fetch.offset() + count);
    if (gap_at >= fetch.offset() && gap_at < fetch.offset() + count) {
      auto& row = *fetched.add_rows();
      row.set_offset(gap_at);
      row.set_agent_id("web-1");
      row.set_path("/a.log");
      row.mutable_row()->set_kind(protocol::GAP);
      row.mutable_row()->set_source_id(client::IdBytes('S'));
      row.mutable_row()->set_end(1'500);
      row.mutable_row()->set_reason("truncated");
    }
    broker.Answer(asked, response,
                  transport::Payload(client::Batch(fetch.offset(), static_cast<int>(count))));
  }

  // The topic as a snapshot told of it.
  std::vector<BrokerView> Told() const {
    client::Snapshot snapshot;
    client::TopicDescription topic;
    topic.name = "web";
    for (const auto& [index, log] : logs) {
      client::PartitionDescription partition;
      partition.index = PartitionIndex(index);
      partition.log_start = Offset(log.start);
      partition.durable_end = Offset(log.end);
      topic.partitions.push_back(partition);
    }
    snapshot.topics = {topic};
    BrokerView view;
    view.address = client::kBrokerAddress;
    view.snapshot = std::make_shared<const client::Snapshot>(snapshot);
    return {view};
  }

  void Follow(std::int64_t history) {
    reader.Follow("web", history, time.now);
    reader.Update(Told());
    Run();
  }

  // Long enough for all that is there.
  void Run() {
    for (int i = 0; i < 60; ++i) {
      time.Pass(10);
      reader.Poll(time.now, lines);
      broker.Step();
    }
  }

  // Each line's text, or "partition:text" where there are several.
  std::vector<std::string> Texts() {
    LineStore store;
    store.Append(std::exchange(lines, {}));
    std::vector<std::string> texts;
    for (auto at = store.begin(); at < store.end(); ++at) {
      const Line line = store.at(at);
      const std::string text(line.text);
      texts.push_back(logs.size() > 1 ? fmt::format("{}:{}", line.row.partition, text) : text);
    }
    return texts;
  }
  using Lines = std::vector<std::string>;

  std::map<std::int32_t, Log> logs;
  std::int64_t gap_at = -1;
  client::Asked waiting;
  transport::InprocNetwork network{transport::InprocWait::kReturnsAtOnce};
  client::FakeBroker broker{network};
  client::FakeTime time;
  SeededRandom random{1};
  TailReader reader{
      [this](const std::string& address) -> Result<std::unique_ptr<transport::ClientTransport>> {
        return network.MakeClient(address);
      },
      {},
      random};
  LineBlock lines;
};

TEST_F(TailReaderTest, OpensWithTheLastLinesThenGoesOn) {
  logs[0] = {0, 1'000};
  Follow(3);
  EXPECT_EQ(Texts(), (Lines{"997", "998", "999"}));
}

TEST_F(TailReaderTest, ThePastOfSeveralPartitionsIsInTheOrderOfTime) {
  logs[0] = {0, 4};
  logs[1] = {0, 4};
  Follow(5);
  EXPECT_EQ(Texts(), (Lines{"1:1", "0:2", "1:2", "0:3", "1:3"}));
}

TEST_F(TailReaderTest, AShorterPastIsShownWhole) {
  logs[0] = {40, 42};
  Follow(500);
  EXPECT_EQ(Texts(), (Lines{"40", "41"}));
}

TEST_F(TailReaderTest, AGapStandsInItsPlace) {
  logs[0] = {0, 4};
  gap_at = 2;
  Follow(500);
  EXPECT_EQ(Texts(),
            (Lines{"0", "1", "gap: at least 1.5 kB of /a.log on web-1 could not be read: truncated",
                   "2", "3"}));
}

TEST_F(TailReaderTest, RecordsThatRetentionHasTakenAreToldAndTheRestIsRead) {
  logs[0] = {0, 12};
  const std::vector<BrokerView> before = Told();
  logs[0].start = 10;
  reader.Follow("web", 500, time.now);
  reader.Update(before);
  Run();
  EXPECT_EQ(Texts(), (Lines{"records 0 to 9 are gone; going on at 10", "10", "11"}));
}

TEST_F(TailReaderTest, FarBehindItSkipsToTheEndAndCounts) {
  logs[0] = {0, 10};
  Follow(500);
  Texts();
  logs[0].end = kTailBehindMax + 1'000;
  Answer(waiting);
  Run();
  EXPECT_GT(reader.skipped(), kTailBehindMax);
  bool told = false;
  for (const std::string& text : Texts()) told = told || text.ends_with("skipped to keep up");
  EXPECT_TRUE(told);
}

TEST_F(TailReaderTest, APartitionThatIsNewIsReadFromItsStart) {
  logs[0] = {0, 2};
  Follow(500);
  Texts();
  logs[1] = {0, 2};
  reader.Update(Told());
  Run();
  EXPECT_EQ(Texts(), (Lines{"1:0", "1:1"}));
}

TEST_F(TailReaderTest, NothingIsReadOfATopicThatNobodyHas) {
  reader.Follow("web", 10, time.now);
  reader.Update({});
  Run();
  EXPECT_TRUE(lines.empty());
  EXPECT_FALSE(reader.connecting());
}

}  // namespace
}  // namespace logboom::gui
