// A stream's records reach the log once each, whatever becomes of sessions, brokers and agents.
#include "agent/stream_tail.h"

#include <gtest/gtest.h>

#include "agent/shaping.h"
#include "tests/agent/agent_rig.h"
#include "tests/agent/scripted_stream.h"

namespace logboom::agent {
namespace {

using Strings = std::vector<std::string>;

class StreamRig : public AgentRig {
 public:
  explicit StreamRig(Options options = {}) : AgentRig(options) {
    agent_options.inputs = {StreamInput()};
    open_stream = [this](const InputOptions&) -> Result<std::unique_ptr<RecordStream>> {
      return std::make_unique<ScriptedStream>(script);
    };
  }
  static InputOptions StreamInput(StartFrom from = StartFrom::kStart) {
    InputOptions input;
    input.name = "fake";
    input.kind = InputKind::kStandardInput;
    input.topic = kTopic;
    input.from = from;
    return input;
  }
  void WriteNumbers(int from, int to) {
    for (int i = from; i < to; ++i) script.Write("fake:1", Number(i));
  }
  static std::string Number(int i) { return fmt::format("number {:08}", i); }
  static Strings Numbers(int from, int to) {
    Strings numbers;
    for (int i = from; i < to; ++i) numbers.push_back(Number(i));
    return numbers;
  }
  // A journal: positions are entries, which are kept, with holes between them.
  void BecomeJournal() {
    script.unit = PositionUnit::kEntries;
    broker.values_are_bytes = false;
  }

  StreamScript script;
};

TEST(StreamTail, EntriesArriveInOrderUnderTheStreamsKey) {
  StreamRig rig;
  rig.Start();
  rig.WriteNumbers(0, 3);
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), StreamRig::Numbers(0, 3));
  EXPECT_EQ(rig.topic().log.front().key, "host:fake");
  const AgentTotals totals = rig.agent->Totals();
  EXPECT_EQ(totals.counters.records_acked, 3U);
  EXPECT_EQ(totals.counters.bytes_acked, 48U);
}

TEST(StreamTail, EntriesWaitForOthersForTheLinger) {
  StreamRig rig;
  rig.Start();
  rig.Run(1'000);
  rig.WriteNumbers(0, 1);
  rig.Run(400);
  rig.WriteNumbers(1, 2);
  EXPECT_EQ(rig.broker.produces(), 0U);
  rig.Run(300);
  EXPECT_EQ(rig.broker.produces(), 1U);
  EXPECT_EQ(rig.Values(), StreamRig::Numbers(0, 2));
}

TEST(StreamTail, WhatIsDurableIsReleasedAndNothingElse) {
  StreamRig rig;
  rig.Start();
  rig.Run(1'000);
  rig.broker.syncs_by_itself = false;
  rig.WriteNumbers(0, 10);
  rig.Run(2'000);
  EXPECT_EQ(rig.Values().size(), 10U);
  EXPECT_EQ(rig.script.released["fake:1"], 0);
  rig.broker.Sync();
  rig.Run(100);
  EXPECT_EQ(rig.script.released["fake:1"], 160);
}

TEST(StreamTail, NothingIsLostOrDoubledWhenConnectionsAreCut) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    StreamRig rig({.seed = seed});
    SeededRandom random(seed);
    rig.Start();
    int written = 0;
    for (int round = 0; round < 40; ++round) {
      const int more = static_cast<int>(random.Below(300));
      rig.WriteNumbers(written, written + more);
      written += more;
      rig.broker.syncs_by_itself = random.Below(3) > 0;
      if (random.Below(4) == 0) rig.network.CutAfter(kBrokerAddress, random.Below(20));
      if (random.Below(8) == 0) rig.broker.Restart();
      if (random.Below(8) == 0) rig.broker.false_conflicts = 1;
      if (random.Below(8) == 0) rig.script.fails_to_seek = 1;
      rig.Run(static_cast<std::int64_t>(random.Below(3'000)));
    }
    rig.broker.syncs_by_itself = true;
    rig.Run(60'000);
    ASSERT_EQ(rig.Values(), StreamRig::Numbers(0, written));
    ASSERT_TRUE(rig.Rows(protocol::GAP).empty());
  }
}

TEST(StreamTail, AJournalGoesOnWhereTheBrokerHasItThoughTheAgentIsKilled) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    StreamRig rig({.seed = seed});
    rig.BecomeJournal();
    SeededRandom random(seed);
    rig.Start();
    std::map<std::string, Strings> written;
    std::int64_t number = 1;
    for (int round = 0; round < 30; ++round) {
      for (std::uint64_t i = random.Below(200); i > 0; --i) {
        const std::string source = random.Below(5) == 0 ? "fake:user" : "fake:system";
        written[source].push_back(fmt::format("{} {}", source, number));
        rig.script.WriteAt(source, number, written[source].back());
        number += 1 + static_cast<std::int64_t>(random.Below(3));
      }
      rig.broker.syncs_by_itself = random.Below(3) > 0;
      if (random.Below(4) == 0) rig.network.CutAfter(kBrokerAddress, random.Below(20));
      if (random.Below(8) == 0) rig.broker.Restart();
      if (random.Below(6) == 0) {
        rig.Kill();
        rig.DeleteState();
        rig.Start();
      }
      rig.Run(static_cast<std::int64_t>(random.Below(3'000)));
    }
    rig.broker.syncs_by_itself = true;
    rig.Run(60'000);
    std::map<std::string, Strings> stored;
    for (const fakes::StoredRecord& record : rig.topic().log) {
      const std::string source = rig.topic().sources.at(record.source_id).identity.path;
      stored[source].push_back(record.value);
    }
    ASSERT_EQ(stored, written);
    EXPECT_EQ(rig.agent->Totals().counters.bytes_read, 0U) << "entries are no bytes";
  }
}

TEST(StreamTail, AnInputFromTheEndOpensItsSourcesThereAtOnce) {
  StreamRig rig;
  rig.BecomeJournal();
  rig.agent_options.inputs = {StreamRig::StreamInput(StartFrom::kEnd)};
  rig.script.WriteAt("fake:1", 7, "old");
  rig.Start();
  rig.Run(1'000);
  EXPECT_EQ(rig.Rows(protocol::PROGRESS).size(), 1U);
  rig.Kill();
  rig.script.WriteAt("fake:1", 8, "while nobody read");
  rig.Start();
  rig.Run(5'000);
  EXPECT_EQ(rig.Values(), Strings{"while nobody read"});
}

TEST(StreamTail, EntriesOfOwnUnitsAreCountedInTheSpanThatCoversThem) {
  StreamRig rig;
  rig.BecomeJournal();
  rig.Start();
  rig.script.WriteAt("fake:1", 1, "one");
  rig.script.WriteAt("fake:1", 2, "two");
  rig.script.WriteAt("fake:1", 3, "three");
  rig.script.entries[0].own_unit = true;
  rig.script.entries[1].own_unit = true;
  rig.Run(3'000);
  EXPECT_EQ(rig.Values(), Strings{"three"});
  const auto span = record::DecodeSpan(rig.topic().log.front().headers.at("lb.span"));
  ASSERT_TRUE(span.ok());
  EXPECT_EQ(span->begin, SourcePosition(1));
  EXPECT_EQ(span->end, SourcePosition(4));
  EXPECT_EQ(span->dropped, 2U);
  EXPECT_EQ(span->records, 1U);
}

class DedupingRig : public StreamRig {
 public:
  explicit DedupingRig(Options options = {}) : StreamRig(options) {
    broker.values_are_bytes = false;
    auto shaping = std::make_shared<Shaping>();
    shaping->dedupe = true;
    agent_options.inputs.front().shaping = shaping;
  }
  void WriteAll(const Strings& values) {
    for (const std::string& value : values) script.Write("fake:1", value);
  }
  std::uint64_t Repeated() const {
    return agent->Totals().counters.lines_dropped[static_cast<std::size_t>(DropReason::kRepeated)];
  }
  std::uint64_t LeftOut() {
    std::uint64_t lines = 0;
    for (const auto& record : topic().log) lines += record.left_out;
    for (const auto& row : topic().rows) lines += row.row.dropped();
    return lines;
  }
  // The log with its counts written out.
  Strings Expanded() {
    Strings values;
    for (const fakes::StoredRecord& record : topic().log) {
      const auto repeated = record.headers.find("lb.repeated");
      if (repeated == record.headers.end()) {
        values.push_back(record.value);
      } else {
        const std::string last = values.back();
        values.insert(values.end(), std::stoul(repeated->second), last);
      }
    }
    return values;
  }
  // That the end of each span stands where the script's bytes say it does.
  void CheckWindows() {
    std::string bytes;
    for (const StreamScript::Entry& entry : script.entries) bytes += entry.value + "\n";
    for (const fakes::StoredRecord& record : topic().log) {
      const auto header = record.headers.find("lb.span");
      if (header == record.headers.end()) continue;
      const auto span = record::DecodeSpan(header->second);
      ASSERT_TRUE(span.ok());
      const auto at = static_cast<std::size_t>(span->end.value());
      const std::size_t size = std::min(at, record::kWindowBytes);
      ASSERT_EQ(span->window, record::HashBytes(ByteView(bytes).substr(at - size, size))) << at;
    }
  }
};

TEST(StreamTail, EqualEntriesThatWaitTogetherBecomeACount) {
  DedupingRig rig;
  rig.WriteAll({"a", "b", "b", "b", "b", "c", "c", "b", "b"});
  rig.Start();
  rig.Run(3'000);
  EXPECT_EQ(rig.Values(), (Strings{"a", "b", "last line repeated 3 times", "c", "c", "b", "b"}));
  EXPECT_EQ(rig.topic().log[2].headers.at("lb.repeated"), "3");
  EXPECT_EQ(rig.topic().log[2].key, "host:fake");
  EXPECT_EQ(rig.LeftOut(), 3U);
  EXPECT_EQ(rig.Repeated(), 3U);
  EXPECT_EQ(rig.agent->FileReports().front().acked, SourcePosition(18));
  rig.CheckWindows();
}

TEST(StreamTail, ACountIsToldWithItsLingerThoughTheBurstGoesOn) {
  DedupingRig rig;
  rig.Start();
  rig.Run(1'000);
  for (int i = 0; i < 200; ++i) {
    rig.WriteAll({"again"});
    rig.Tick();
  }
  EXPECT_GE(rig.broker.produces(), 3U);
  rig.Run(1'000);
  EXPECT_EQ(rig.Expanded(), Strings(200, "again"));
  EXPECT_LE(rig.Values().size(), 2 * rig.broker.produces());
  EXPECT_EQ(rig.LeftOut() + rig.Values().size(), 200 + rig.broker.produces());
}

// Their headers say where they came from.
TEST(StreamTail, EntriesOfOthersAreNoRepeats) {
  DedupingRig rig;
  rig.BecomeJournal();
  std::int64_t number = 0;
  const auto write = [&](const char* source, const char* label) {
    ++number;
    rig.script.entries.push_back({.source = source,
                                  .begin = number,
                                  .end = number + 1,
                                  .value = "same",
                                  .label = label,
                                  .time = TimestampMs(1'790'000'000'000 + number)});
  };
  write("fake:1", "a");
  write("fake:1", "b");
  write("fake:1", "b");
  write("fake:1", "b");
  write("fake:2", "b");
  write("fake:1", "b");
  rig.Start();
  rig.Run(3'000);
  EXPECT_EQ(rig.Values(), (Strings{"same", "same", "last line repeated 2 times", "same", "same"}));
  const fakes::StoredRecord& count = rig.topic().log[2];
  EXPECT_EQ(count.headers.at("lb.label.from"), "b");
  EXPECT_EQ(count.timestamp_ms, 1'790'000'000'004) << "of the last of them";
}

TEST(StreamTail, EntriesOfOwnUnitsAreNoRepeats) {
  DedupingRig rig;
  rig.WriteAll({"a", "a", "a", "a"});
  rig.script.entries[2].own_unit = true;
  rig.Start();
  rig.Run(3'000);
  EXPECT_EQ(rig.Values(), (Strings{"a", "a", "a"}));
  EXPECT_EQ(rig.LeftOut(), 1U);
}

// The entry fits, and what is told of its repeats does not: those are the next batch's.
TEST(StreamTail, ABatchThatIsFullEndsAheadOfTheRepeatsThatItHasNoRoomFor) {
  bool ended_between = false;
  for (const std::size_t repeats : {1U, 3U}) {
    for (std::size_t size = 47'900; size < 48'600; size += 20) {
      SCOPED_TRACE(size);
      DedupingRig rig;
      rig.agent_options.codec = record::Codec::kNone;
      Strings written = {std::string(1'000'000, 'x'), std::string(size, 'y')};
      for (std::size_t i = 0; i <= repeats; ++i) written.push_back("b");
      written.push_back("c");
      rig.WriteAll(written);
      rig.Start();
      rig.Run(2'000);
      ASSERT_EQ(rig.Expanded(), written);
      rig.CheckWindows();
      const auto& log = rig.topic().log;
      ended_between = ended_between || (log.size() > 3 && log[2].value == "b" &&
                                        log[3].headers.count("lb.span") > 0);
    }
  }
  EXPECT_TRUE(ended_between);
}

// Batches that are full in the midst of repeats, windows that are, and brokers that come and go.
TEST(StreamTail, CountsAreExactWhateverBecomesOfBatchesAndSessions) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    DedupingRig rig({.seed = seed});
    SeededRandom random(seed);
    rig.agent_options.codec = record::Codec::kNone;
    rig.Start();
    Strings written;
    for (int round = 0; round < 12; ++round) {
      for (std::uint64_t i = random.Below(300); i > 0; --i) {
        const std::size_t size =
            random.Below(30) == 0 ? random.Below(300'000) : random.Below(3'000);
        const std::string value = fmt::format("{} {}", round, std::string(size, 'x'));
        for (std::uint64_t n = random.Below(6); n > 0; --n) written.push_back(value);
      }
      rig.WriteAll(Strings(written.begin() + static_cast<std::ptrdiff_t>(rig.script.entries.size()),
                           written.end()));
      rig.broker.syncs_by_itself = random.Below(3) > 0;
      if (random.Below(4) == 0) rig.network.CutAfter(kBrokerAddress, random.Below(20));
      if (random.Below(8) == 0) rig.broker.Restart();
      if (random.Below(8) == 0) rig.broker.false_conflicts = 1;
      rig.Run(static_cast<std::int64_t>(random.Below(1'500)));
    }
    rig.broker.syncs_by_itself = true;
    rig.Run(60'000);
    ASSERT_TRUE(rig.Expanded() == written)
        << rig.Expanded().size() << " instead of " << written.size();
    ASSERT_LT(rig.Values().size(), written.size());
    const auto counts =
        std::count_if(rig.topic().log.begin(), rig.topic().log.end(),
                      [](const auto& record) { return record.headers.count("lb.repeated") > 0; });
    const std::size_t plain = rig.Values().size() - static_cast<std::size_t>(counts);
    ASSERT_EQ(rig.LeftOut() + plain, written.size());
    rig.CheckWindows();
  }
}

TEST(StreamTail, ASourceThatIsAnotherOneNowIsClosedAndAnewOneBegins) {
  StreamRig rig;
  rig.BecomeJournal();
  rig.Start();
  rig.script.WriteAt("fake:1", 1, "one");
  rig.Run(3'000);
  rig.Kill();
  rig.script.is_other["fake:1"] = true;
  rig.script.WriteAt("fake:1", 2, "of another");
  rig.Start();
  rig.Run(5'000);
  EXPECT_EQ(rig.Values(), (Strings{"one", "one", "of another"}));
  EXPECT_EQ(rig.Rows(protocol::CLOSE).size(), 1U);
  EXPECT_EQ(rig.topic().sources.size(), 2U);
}

TEST(StreamTail, WhatARestoredBrokerLostIsAGapWhereMemoryHasLetGoOfIt) {
  StreamRig rig;
  rig.broker.values_are_bytes = false;
  rig.Start();
  rig.WriteNumbers(0, 10);
  rig.Run(2'000);
  const auto backup = rig.broker.Backup();
  rig.WriteNumbers(10, 20);
  rig.Run(2'000);
  rig.broker.Restore(backup);
  rig.WriteNumbers(20, 30);
  rig.Run(60'000);
  const auto gaps = rig.Rows(protocol::GAP);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].row.begin(), 160);
  EXPECT_EQ(gaps[0].row.end(), 320);
  Strings expected = StreamRig::Numbers(0, 10);
  for (const std::string& each : StreamRig::Numbers(20, 30)) expected.push_back(each);
  EXPECT_EQ(rig.Values(), expected);
}

TEST(StreamTail, ATopicThatWasMadeAnewGetsWhatIsStillHeld) {
  StreamRig rig;
  rig.Start();
  rig.WriteNumbers(0, 10);
  rig.Run(2'000);
  rig.broker.RemakeTopic(kTopic);
  rig.broker.Restart();
  rig.WriteNumbers(10, 20);
  rig.Run(60'000);
  EXPECT_EQ(rig.Values(), StreamRig::Numbers(10, 20));
}

TEST(StreamTail, AStreamThatHasEndedIsAckedClosedAndEndsTheAgent) {
  StreamRig rig;
  rig.Start();
  rig.WriteNumbers(0, 10);
  rig.Run(2'000);
  EXPECT_FALSE(rig.agent->done());
  rig.WriteNumbers(10, 20);
  rig.script.ended = true;
  rig.Run(2'000);
  EXPECT_TRUE(rig.agent->done());
  EXPECT_EQ(rig.Values(), StreamRig::Numbers(0, 20));
  EXPECT_EQ(rig.Rows(protocol::CLOSE).size(), 1U);
}

TEST(StreamTail, AnAgentWithFilesGoesOnWhenItsStreamHasEnded) {
  StreamRig rig;
  rig.agent_options.inputs.push_back(AgentRig::Input({"/log/*.log"}));
  rig.Append("/log/a.log", "of a file\n");
  rig.Start();
  rig.WriteNumbers(0, 10);
  rig.script.ended = true;
  rig.Run(2'000);
  EXPECT_FALSE(rig.agent->done());
  rig.Append("/log/a.log", "and more\n");
  rig.Settle();
  EXPECT_EQ(rig.Values().size(), 12U);
}

// Both look up the sources of one agent in one topic.
TEST(StreamTail, FilesAndStreamsOfOneTopicLeaveEachOthersSourcesAlone) {
  StreamRig rig;
  rig.agent_options.inputs.push_back(AgentRig::Input({"/log/*.log"}));
  rig.Append("/log/a.log", "of a file\n");
  rig.WriteNumbers(0, 10);
  rig.Start();
  EXPECT_EQ(rig.agent->topics(), Strings{kTopic});
  rig.Run(5'000);
  rig.Kill();
  rig.Start();
  rig.Run(600'000);
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
  EXPECT_TRUE(rig.Rows(protocol::CLOSE).empty());
  EXPECT_EQ(rig.BytesOf("/log/a.log"), "of a file\n");
}

TEST(StreamTail, ARefusalCostsNothingButTime) {
  StreamRig rig;
  rig.broker.refuses = protocol::NO_SPACE;
  rig.WriteNumbers(0, 100);
  rig.Start();
  rig.Run(60'000);
  EXPECT_LT(rig.broker.produces(), 30U);
  rig.broker.refuses.reset();
  rig.Run(10'000);
  EXPECT_EQ(rig.Values(), StreamRig::Numbers(0, 100));
}

TEST(StreamTail, AReportSaysHowFarAStreamHasCome) {
  StreamRig rig;
  rig.Start();
  rig.WriteNumbers(0, 10);
  rig.Run(2'000);
  const auto reports = rig.agent->FileReports();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].path, "fake");
  EXPECT_EQ(reports[0].topic, kTopic);
  EXPECT_EQ(reports[0].read, SourcePosition(160));
  EXPECT_EQ(reports[0].acked, SourcePosition(160));
  EXPECT_EQ(reports[0].state, "idle");
}

TEST(StreamTail, AnAgentThatReadsFilesAloneSaysSo) {
  StreamRig rig;
  const auto made =
      Agent::Make(rig.agent_options, {.fs = rig.archives,
                                      .watch = nullptr,
                                      .checkpoint = *std::make_unique<MemoryCheckpoint>(),
                                      .random = rig.random});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kUnsupported);
}

TEST(StreamTail, AnAgentThatSendsAStreamDoesNotRest) {
  StreamRig rig;
  rig.Start();
  rig.Run(3'000);
  rig.WriteNumbers(0, 1);
  rig.Run(1'000);
  rig.memory_returns = 0;
  for (int i = 1; i < 30; ++i) {
    rig.WriteNumbers(i, i + 1);
    rig.Run(1'000);
  }
  EXPECT_EQ(rig.memory_returns, 0);
  rig.Run(kRestAfter.count() + 1'000);
  EXPECT_EQ(rig.memory_returns, 1);
  EXPECT_EQ(rig.Values(), StreamRig::Numbers(0, 30));
}

}  // namespace
}  // namespace logboom::agent
