// The journal as a stream: what becomes of an entry, and where reading goes on.
#include "agent/streams/journal_stream.h"

#include <gtest/gtest.h>

#include "tests/agent/agent_rig.h"
#include "tests/agent/streams/listed_journal.h"

namespace logboom::agent {
namespace {

using Strings = std::vector<std::string>;

class JournalRig : public AgentRig {
 public:
  JournalRig() {
    InputOptions input;
    input.name = "journal";
    input.kind = InputKind::kJournal;
    input.topic = kTopic;
    agent_options.inputs = {input};
    broker.values_are_bytes = false;
    open_stream = [this](const InputOptions& each) -> Result<std::unique_ptr<RecordStream>> {
      return MakeJournalStream(std::make_unique<ListedJournalReader>(journal),
                               {.units = each.journal.units,
                                .fields = each.journal.fields,
                                .message_bytes_max = agent_options.max_line_bytes,
                                .from_end = each.from == StartFrom::kEnd});
    };
  }
  InputOptions& input() { return agent_options.inputs.front(); }
  std::map<std::string, std::string> HeadersOf(std::size_t record) {
    std::map<std::string, std::string> headers = topic().log.at(record).headers;
    headers.erase("lb.span");
    headers.erase("lb.source");
    return headers;
  }
  void Restart() {
    Kill();
    DeleteState();
    Start();
  }

  ListedJournal journal;
};

TEST(JournalStream, AnEntryIsARecordWithItsTimeUnitAndLevel) {
  JournalRig rig;
  auto& entry = rig.journal.Write('a', 7, "hello", 1'789'999'123'456'789);
  entry.fields["_SYSTEMD_UNIT"] = "shop.service";
  entry.fields["SYSLOG_IDENTIFIER"] = "shopd";
  entry.fields["PRIORITY"] = "3";
  rig.journal.Write('a', 8, "of the kernel").fields["SYSLOG_IDENTIFIER"] = "kernel";
  rig.journal.Write('a', 9, "").fields.clear();
  rig.Start();
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Strings{"hello", "of the kernel", ""}));
  EXPECT_EQ(rig.topic().log[0].timestamp_ms, 1'789'999'123'456);
  EXPECT_EQ(rig.topic().log[0].key, "host:journal");
  using Headers = std::map<std::string, std::string>;
  EXPECT_EQ(rig.HeadersOf(0), (Headers{{"lb.label.unit", "shop.service"}, {"lb.level", "error"}}));
  EXPECT_EQ(rig.HeadersOf(1), (Headers{{"lb.label.unit", "kernel"}}));
  EXPECT_EQ(rig.HeadersOf(2), Headers{});
  const auto& source = rig.topic().sources.begin()->second;
  EXPECT_EQ(source.identity.path, "journal:" + ListedJournal::SequenceName('a'));
  EXPECT_EQ(source.begin, 7);
  EXPECT_EQ(source.durable, 10);
}

TEST(JournalStream, FieldsThatAreAskedForBecomeLabels) {
  JournalRig rig;
  rig.input().journal.fields = {"_PID", "CODE_FILE", "NOT_THERE"};
  rig.input().labels = {{"env", "test"}};
  auto& entry = rig.journal.Write('a', 1, "hello");
  entry.fields["_PID"] = "4711";
  entry.fields["CODE_FILE"] = "main.c";
  rig.Start();
  rig.Run(2'000);
  using Headers = std::map<std::string, std::string>;
  EXPECT_EQ(rig.HeadersOf(0), (Headers{{"lb.label.code_file", "main.c"},
                                       {"lb.label.env", "test"},
                                       {"lb.label.pid", "4711"}}));
}

TEST(JournalStream, ATimeThatCantBeIsKeptBesideTheTimeOfReading) {
  JournalRig rig;
  rig.journal.Write('a', 1, "from the seventies", 1'000'000);
  rig.Start();
  rig.Run(2'000);
  EXPECT_GE(rig.topic().log.front().timestamp_ms, 1'790'000'000'000);
  EXPECT_EQ(rig.topic().log.front().headers.at("lb.time"), std::string("\0\0\0\0\0\0\x03\xe8", 8));
}

TEST(JournalStream, NothingIsLostOrDoubledThoughTheAgentForgetsAll) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    JournalRig rig;
    SeededRandom random(seed);
    rig.Start();
    std::map<std::string, Strings> written;
    std::int64_t number = 1;
    std::int64_t time_us = 1'789'999'000'000'000;
    for (int round = 0; round < 30; ++round) {
      for (std::uint64_t i = random.Below(200); i > 0; --i) {
        // Users' journals share the numbers of the system's.
        const char sequence = random.Below(5) == 0 ? 'b' : 'a';
        time_us += static_cast<std::int64_t>(random.Below(1'000));
        if (random.Below(500) == 0) time_us -= 1'000'000;
        rig.journal.Write(sequence, number, fmt::format("{} {}", sequence, number), time_us);
        written["journal:" + ListedJournal::SequenceName(sequence)].push_back(
            fmt::format("{} {}", sequence, number));
        number += 1 + static_cast<std::int64_t>(random.Below(3));
      }
      rig.broker.syncs_by_itself = random.Below(3) > 0;
      if (random.Below(4) == 0) rig.network.CutAfter(kBrokerAddress, random.Below(20));
      if (random.Below(8) == 0) rig.broker.Restart();
      if (random.Below(8) == 0) rig.journal.failures = 2;
      if (random.Below(6) == 0) rig.Restart();
      rig.Run(static_cast<std::int64_t>(random.Below(3'000)));
    }
    rig.broker.syncs_by_itself = true;
    rig.Run(60'000);
    std::map<std::string, Strings> stored;
    for (const fakes::StoredRecord& record : rig.topic().log) {
      stored[rig.topic().sources.at(record.source_id).identity.path].push_back(record.value);
    }
    ASSERT_EQ(stored, written);
    EXPECT_EQ(rig.topic().sources.size(), 2U);
  }
}

TEST(JournalStream, UnitsAloneAreReadAndOthersLeaveNoHole) {
  JournalRig rig;
  rig.input().journal.units = {"a.service"};
  const auto write = [&rig](std::int64_t number, const std::string& unit) {
    rig.journal.Write('a', number, fmt::format("{} {}", unit, number)).fields["_SYSTEMD_UNIT"] =
        unit;
  };
  rig.Start();
  for (std::int64_t i = 1; i < 5; ++i) write(i, i % 2 == 0 ? "a.service" : "b.service");
  rig.Run(2'000);
  for (std::int64_t i = 5; i < 9; ++i) write(i, i % 2 == 0 ? "a.service" : "b.service");
  rig.Restart();
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Strings{"a.service 2", "a.service 4", "a.service 6", "a.service 8"}));
  EXPECT_EQ(rig.topic().sources.size(), 1U);
}

TEST(JournalStream, VacuumedEntriesAreWarnedOf) {
  JournalRig rig;
  for (std::int64_t i = 1; i < 10; ++i) rig.journal.Write('a', i, "old");
  rig.Start();
  rig.Run(2'000);
  rig.Kill();
  rig.journal.entries.clear();
  rig.journal.Write('a', 25, "new");
  rig.notices.clear();
  rig.Start();
  rig.Run(2'000);
  EXPECT_EQ(rig.Values().back(), "new");
  EXPECT_TRUE(rig.Said("up to 15 entries are gone")) << rig.Describe();
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << "nobody knows how many they were";
  EXPECT_EQ(rig.topic().sources.size(), 1U);
}

TEST(JournalStream, VacuumedEntriesThatWereReadAreNoLoss) {
  JournalRig rig;
  for (std::int64_t i = 1; i < 10; ++i) rig.journal.Write('a', i, "old");
  rig.Start();
  rig.Run(2'000);
  rig.Kill();
  rig.journal.entries.clear();
  rig.journal.Write('a', 10, "new");
  rig.notices.clear();
  rig.Start();
  rig.Run(2'000);
  EXPECT_EQ(rig.Values().back(), "new");
  EXPECT_FALSE(rig.Said("gone"));
}

// A machine that is set back to a snapshot writes other entries under the numbers it had given.
TEST(JournalStream, AJournalThatWasSetBackGoesOnBehindWhatItStillHas) {
  JournalRig rig;
  rig.Start();
  for (std::int64_t i = 1; i < 6; ++i) {
    rig.journal.Write('a', i, fmt::format("first {}", i));
    rig.Run(1'000);
  }
  rig.Kill();
  rig.journal.entries.resize(3);
  for (std::int64_t i = 4; i < 8; ++i) rig.journal.Write('a', i, fmt::format("second {}", i));
  rig.Start();
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Strings{"first 1", "first 2", "first 3", "first 4", "first 5",
                                   "second 4", "second 5", "second 6", "second 7"}));
  EXPECT_TRUE(rig.Said("set back; reading goes on at number 4"));
  EXPECT_EQ(rig.Rows(protocol::CLOSE).size(), 1U);
  rig.notices.clear();
  rig.Restart();
  rig.Run(2'000);
  EXPECT_EQ(rig.Values().size(), 9U);
  EXPECT_FALSE(rig.Said("set back"));
}

// Nothing of the new source was sent yet when the agent is killed.
TEST(JournalStream, WhereASetBackJournalGoesOnIsKnownBeforeAnythingOfItIsSent) {
  JournalRig rig;
  rig.Start();
  for (std::int64_t i = 1; i < 6; ++i) {
    rig.journal.Write('a', i, fmt::format("first {}", i));
    rig.Run(1'000);
  }
  rig.Kill();
  rig.journal.entries.resize(3);
  rig.Start();
  rig.Run(1'000);
  rig.Restart();
  rig.journal.Write('a', 4, "second 4");
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(),
            (Strings{"first 1", "first 2", "first 3", "first 4", "first 5", "second 4"}));
}

TEST(JournalStream, AJournalThatLostItsTailIsNotWaitedFor) {
  JournalRig rig;
  rig.Start();
  for (std::int64_t i = 1; i < 6; ++i) {
    rig.journal.Write('a', i, fmt::format("first {}", i));
    rig.Run(1'000);
  }
  rig.Kill();
  rig.journal.entries.resize(3);
  rig.Start();
  rig.Run(2'000);
  rig.journal.Write('a', 4, "second 4");
  rig.Run(2'000);
  EXPECT_EQ(rig.Values().back(), "second 4");
}

TEST(JournalStream, FromTheEndOldEntriesAreLeftOut) {
  JournalRig rig;
  rig.input().from = StartFrom::kEnd;
  constexpr std::int64_t kBegin = 1'789'999'000'000'000;
  rig.journal.Write('b', 1, "old, of a user", kBegin);
  rig.journal.Write('a', 1, "old", kBegin + 1);
  rig.journal.Write('a', 2, "old too", kBegin + 2);
  rig.Start();
  rig.Run(2'000);
  rig.Kill();
  rig.journal.Write('a', 3, "while nobody read", kBegin + 3);
  rig.Start();
  rig.journal.Write('b', 2, "new, of a user", kBegin + 4);
  rig.journal.Write('a', 4, "new", kBegin + 5);
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Strings{"while nobody read", "new, of a user", "new"}));
}

TEST(JournalStream, ALongMessageIsCutAndSaidOnce) {
  JournalRig rig;
  rig.agent_options.max_line_bytes = 10;
  rig.journal.Write('a', 1, "0123456789abc");
  rig.journal.Write('a', 2, "0123456789abc");
  rig.Start();
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Strings{"0123456789", "0123456789"}));
  EXPECT_TRUE(rig.Said("more than 10 bytes"));
}

TEST(JournalStream, AJournalWithoutAnEntryThatCanBeReadIsToldOnce) {
  JournalRig rig;
  rig.Start();
  rig.Run(60'000);
  int said = 0;
  for (const Notice& each : rig.notices) said += each.text.find("systemd-journal") < 1'000 ? 1 : 0;
  EXPECT_EQ(said, 1);
}

TEST(JournalStream, OnceEndsWhenAllIsAcked) {
  JournalRig rig;
  rig.agent_options.once = true;
  for (std::int64_t i = 1; i < 1'000; ++i) rig.journal.Write('a', i, "entry");
  rig.Start();
  rig.Run(5'000);
  EXPECT_TRUE(rig.agent->done());
  EXPECT_EQ(rig.Values().size(), 999U);
  EXPECT_TRUE(rig.Rows(protocol::CLOSE).empty());
}

TEST(JournalStream, TwoJournalInputsForOneTopicAreRefused) {
  JournalRig rig;
  rig.agent_options.inputs.push_back(rig.input());
  MemoryCheckpoint checkpoint;
  const auto made = Agent::Make(rig.agent_options, {.fs = rig.archives,
                                                    .watch = nullptr,
                                                    .checkpoint = checkpoint,
                                                    .random = rig.random,
                                                    .open_stream = rig.open_stream});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kInvalid);
}

// ---- what Logboom writes of itself

TEST(OwnUnits, OneLineASecondOfEachIsSentAndTheRestCounted) {
  JournalRig rig;
  constexpr std::int64_t kBegin = 1'789'999'000'000'000;
  for (std::int64_t i = 0; i < 100; ++i) {
    const std::int64_t time_us = kBegin + i * 50'000;  // 20 a second
    rig.journal.Write('a', 3 * i + 1, "agent", time_us).fields["_SYSTEMD_UNIT"] =
        "logboom-agent.service";
    rig.journal.Write('a', 3 * i + 2, "broker", time_us).fields["SYSLOG_IDENTIFIER"] =
        "logboom-broker";
    rig.journal.Write('a', 3 * i + 3, "shop", time_us).fields["_SYSTEMD_UNIT"] = "shop.service";
  }
  rig.Start();
  rig.Run(5'000);
  const Strings values = rig.Values();
  EXPECT_EQ(std::count(values.begin(), values.end(), "agent"), 5);
  EXPECT_EQ(std::count(values.begin(), values.end(), "broker"), 5);
  EXPECT_EQ(std::count(values.begin(), values.end(), "shop"), 100);
  std::uint64_t dropped = 0;
  for (const fakes::StoredRecord& record : rig.topic().log) {
    const auto header = record.headers.find("lb.span");
    if (header != record.headers.end()) dropped += record::DecodeSpan(header->second)->dropped;
  }
  EXPECT_EQ(dropped, 190U);
  const Counters counters = rig.agent->Totals().counters;
  EXPECT_EQ(counters.lines_dropped[static_cast<std::size_t>(DropReason::kOwnUnit)], 190U);
  rig.Run(70'000);
  EXPECT_EQ(rig.broker.reports().back().lines_dropped(), 190U) << "in the list of agents too";
}

// All that the agent says goes into the journal that it reads, and so does a line of the broker's
// for every request that it gets.
class FeedbackRig : public JournalRig {
 public:
  void RunWithFeedback(std::int64_t ms, int broker_lines) {
    for (std::int64_t passed = 0; passed < ms; passed += 10) {
      Tick();
      for (; said_ < notices.size(); ++said_) WriteOwn("logboom-agent", notices[said_].text);
      for (; seen_ < broker.produces(); ++seen_) {
        for (int i = 0; i < broker_lines; ++i) WriteOwn("logboom-broker", "a produce");
      }
    }
  }
  void WriteOwn(const std::string& program, const std::string& text) {
    journal.Write('a', ++number_, text, now.wall.value() * 1'000).fields["_SYSTEMD_UNIT"] =
        program + ".service";
  }
  std::int64_t written() const { return number_; }

 private:
  std::int64_t number_ = 0;
  std::size_t said_ = 0;
  std::uint64_t seen_ = 0;
};

TEST(OwnUnits, ABrokerThatRefusesAllForTenMinutesMakesNoLoop) {
  FeedbackRig rig;
  rig.broker.refuses = protocol::NO_SPACE;
  rig.WriteOwn("shop", "the first line");
  rig.Start();
  rig.RunWithFeedback(600'000, 1);
  const std::int64_t after_ten_minutes = rig.written();
  EXPECT_LT(after_ten_minutes, 200) << "each try again may be told of, and nothing more";
  EXPECT_LT(rig.broker.produces(), 200U);
  rig.broker.refuses.reset();
  rig.RunWithFeedback(60'000, 0);
  const Strings values = rig.Values();
  EXPECT_EQ(values.front(), "the first line");
  EXPECT_LE(values.size(), static_cast<std::size_t>(after_ten_minutes));
}

TEST(OwnUnits, ABrokerThatTellsOfEveryRequestIsNotFedFaster) {
  FeedbackRig rig;
  rig.agent_options.linger = std::chrono::milliseconds(10);
  rig.WriteOwn("shop", "the first line");
  rig.Start();
  rig.RunWithFeedback(60'000, 20);
  // A line a second goes out, and twenty come of it: without a limit each would make twenty more.
  EXPECT_LE(rig.broker.produces(), 63U);
}

}  // namespace
}  // namespace logboom::agent
