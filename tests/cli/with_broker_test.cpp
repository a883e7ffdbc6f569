// The command line and a real broker.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/broker_fixture.h"

namespace logboom::cli {
namespace {

TEST_F(CommandLineE2e, TopicsAreMadeListedChangedAndDeleted) {
  EXPECT_EQ(Call("topics create web --partitions 2 --set retention.ms=60000").code, 0);
  EXPECT_EQ(Call("topics create web").code, 1);
  EXPECT_EQ(Call("topics create a/b").code, 1);
  EXPECT_NE(Out("topics list").find("web             2"), std::string::npos);
  EXPECT_NE(Out("topics describe web").find("retention.ms  60000\n"), std::string::npos);
  EXPECT_EQ(Call("topics alter web --set retention.ms=70000").code, 0);
  EXPECT_NE(Out("topics describe web --format json").find(R"("config":{"retention.ms":"70000"})"),
            std::string::npos);
  EXPECT_EQ(Call("topics alter web --set no.such=1").code, 1);
  EXPECT_EQ(Call("topics alter web").code, 2) << "nothing to change";
  EXPECT_EQ(Call("topics alter web --partitions 1").code, 1) << "never fewer";
  EXPECT_EQ(Call("topics alter web --partitions 3").code, 0);
  EXPECT_NE(Out("topics list").find("web             3"), std::string::npos);
  EXPECT_EQ(Call("topics describe nope").code, 1);
  EXPECT_EQ(Call("topics delete web --yes").code, 0);
  EXPECT_EQ(Call("topics delete web --yes").code, 1);
  EXPECT_EQ(Out("topics list --format json"), "[]\n");
}

TEST_F(CommandLineE2e, TrimShowsWhatWouldGoUntilItIsMeant) {
  EXPECT_EQ(Call("produce t", "a\nb\nc\n").code, 0);
  const Ended dry = Call("topics trim t --before 2");
  EXPECT_EQ(dry.code, 0);
  EXPECT_NE(dry.err.find("a dry run"), std::string::npos);
  EXPECT_NE(dry.out.find("TOPIC  PARTITION  START  NEW START  RECORDS  FREED"), std::string::npos)
      << dry.out;
  EXPECT_EQ(Out("consume t --from earliest --until-end --format raw"), "a\nb\nc\n");
  const Ended trimmed = Call("topics trim t --before 2 --yes --format json");
  EXPECT_EQ(trimmed.code, 0);
  EXPECT_NE(trimmed.out.find(R"("old_log_start_offset":0,"new_log_start_offset":2)"),
            std::string::npos)
      << trimmed.out;
  EXPECT_EQ(Out("consume t --from earliest --until-end --format raw"), "c\n");
  EXPECT_EQ(Call("consume t --from 1 --until-end").code, 1);
  const Ended beyond = Call("topics trim t --before 4 --yes");
  EXPECT_EQ(beyond.code, 1);
  EXPECT_NE(beyond.err.find("durable up to 3"), std::string::npos) << beyond.err;
  EXPECT_EQ(Call("topics trim t --before earliest").code, 2);
  EXPECT_EQ(Call("topics trim t --before latest --yes").code, 0);
  EXPECT_EQ(Out("consume t --from earliest --until-end --format raw"), "");
  EXPECT_EQ(Call("topics trim nope --before latest").code, 1);
}

TEST_F(CommandLineE2e, WhatIsProducedIsConsumedByteForByte) {
  const std::string input = "one\n\ntwo \xff\x1b[2J\r\nlast";
  const Ended produced = Call("produce raw", input);
  EXPECT_EQ(produced.code, 0);
  EXPECT_EQ(produced.out, "");
  EXPECT_EQ(produced.err.find("logboom: 4 records to raw, acked as synced"), 0U) << produced.err;
  EXPECT_EQ(Out("consume raw --from earliest --until-end --format raw"), input + "\n");
}

TEST_F(CommandLineE2e, KeysComeFromTheFlagOrTheLine) {
  // Not durable when it is acked, but with the next one that is.
  EXPECT_EQ(Call("produce t --acks written", "no key\n").code, 0);
  EXPECT_EQ(Call("produce t --key fixed", "a\n").code, 0);
  EXPECT_EQ(Call("produce t --key-separator ' => '", "k => v => w\n").code, 0);
  const std::string json = Out("consume t --from earliest --until-end --format json");
  EXPECT_NE(json.find(R"("key":"fixed","value":"a","headers":{}})"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("key":"k","value":"v => w")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("key":null,"value":"no key")"), std::string::npos) << json;
}

TEST_F(CommandLineE2e, RefusedLinesAreNamedAndTheOthersKept) {
  const std::string longest(1'000'000, 'x');
  const Ended ended = Call("produce t", "a\n" + longest + "y\n" + longest + "\n");
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.err.find("line 2 is refused: longer than 1000000 bytes"), std::string::npos)
      << ended.err;
  EXPECT_EQ(Out("consume t --from earliest --until-end --format raw"), "a\n" + longest + "\n");

  const Ended keyless = Call("produce t --key-separator :", "no separator\n");
  EXPECT_EQ(keyless.code, 1);
  EXPECT_NE(keyless.err.find("line 1 is refused"), std::string::npos) << keyless.err;
}

TEST_F(CommandLineE2e, ProduceToAPartitionThatIsNotThereIsRefused) {
  EXPECT_EQ(Call("produce t --partition 0", "a\n").code, 0);
  const Ended ended = Call("produce t --partition 1", "a\n");
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.err.find("no partition 1"), std::string::npos) << ended.err;
}

TEST_F(CommandLineE2e, ConsumeBeginsWhereItIsTold) {
  EXPECT_EQ(Call("produce t", "a\nb\nc\n").code, 0);
  EXPECT_EQ(Out("consume t --from 1 --until-end --format raw"), "b\nc\n");
  EXPECT_EQ(Out("consume t --from latest --until-end --format raw"), "");
  EXPECT_EQ(Out("consume t --from 1h --until-end --format raw"), "a\nb\nc\n");
  EXPECT_EQ(Out("consume t --from 2100-01-01T00:00:00Z --until-end --format raw"), "");
  EXPECT_EQ(Out("consume t --from earliest --max 2 --format raw"), "a\nb\n");
  EXPECT_EQ(Out("consume t --from earliest --max 0 --format raw"), "");
  EXPECT_EQ(Call("consume t --from 4").code, 1);
  EXPECT_EQ(Call("consume t --partition 3").code, 1);
}

TEST_F(CommandLineE2e, UnknownTopicIsOneAndTheOthersAreStillRead) {
  EXPECT_EQ(Call("consume nope --until-end").code, 1);
  EXPECT_EQ(Call("tail nope").code, 1);
  EXPECT_EQ(Call("produce t", "a\n").code, 0);
  const Ended ended = Call("consume t nope --from earliest --until-end --format raw");
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out, "a\n");
}

TEST_F(CommandLineE2e, EveryPartitionIsReadOnceToItsEnd) {
  EXPECT_EQ(Call("topics create t --partitions 4").code, 0);
  std::string input;
  for (int i = 0; i < 1000; ++i) {
    input += std::to_string(i % 97) + ":" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(Call("produce t --key-separator :", input).code, 0);
  std::vector<int> numbers;
  const std::string out = Out("consume t --from earliest --until-end --format raw");
  for (std::size_t at = 0; at < out.size(); at = out.find('\n', at) + 1) {
    numbers.push_back(std::stoi(out.substr(at)));
  }
  std::sort(numbers.begin(), numbers.end());
  ASSERT_EQ(numbers.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(numbers[static_cast<std::size_t>(i)], i);
}

TEST_F(CommandLineE2e, TailShowsTheLastRecordsAndEndsQuietlyWithItsReader) {
  EXPECT_EQ(Call("produce t", "a\nb\nc\nd\n").code, 0);
  RunningCommand tail({"tail", "t", "-n", "2", "--format", "raw"}, broker_.address());
  EXPECT_EQ(tail.ReadLine(), "c");
  EXPECT_EQ(tail.ReadLine(), "d");
  EXPECT_EQ(tail.StopReading(), 0);
}

TEST_F(CommandLineE2e, TailFollowsAndEndsCleanlyWhenInterrupted) {
  EXPECT_EQ(Call("produce t", "a\nb\n").code, 0);
  RunningCommand tail({"tail", "t", "-n", "1", "--format", "raw"}, broker_.address());
  EXPECT_EQ(tail.ReadLine(), "b");
  EXPECT_EQ(Call("produce t", "live\n").code, 0);
  EXPECT_EQ(tail.ReadLine(), "live");
  EXPECT_EQ(tail.Interrupt(), 0);
}

TEST_F(CommandLineE2e, SegmentsAreVerifiedAndDumpedWithoutABroker) {
  EXPECT_EQ(Call("produce t", "a\nb\n").code, 0);
  const Ended verified = Call("segment verify " + broker_.folder() + "/data");
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_NE(verified.out.find("topic t partition 0, 1 segment, 2 records"), std::string::npos)
      << verified.out;
  const Ended dumped =
      Call("segment dump --format json " + broker_.folder() + "/data/1-0/00000000000000000000.log");
  EXPECT_EQ(dumped.code, 0) << dumped.err;
  EXPECT_EQ(dumped.out.find(R"({"base_offset":0,"last_offset":1,"records":2)"), 0U) << dumped.out;
}

TEST_F(CommandLineE2e, WhatCannotBeReadIsNamedAndTheRestIsRead) {
  for (const char* line : {"one\n", "two\n", "three\n"}) {
    EXPECT_EQ(Call("produce t", line).code, 0);
  }
  broker_.Stop();
  const std::string log = broker_.folder() + "/data/1-0/00000000000000000000.log";
  {
    std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    file.seekp(static_cast<std::streamoff>(bytes.str().find("two")));
    file << "TWO";
  }
  const Ended verified = Call("segment verify " + broker_.folder() + "/data");
  EXPECT_EQ(verified.code, 1);
  EXPECT_NE(verified.out.find("batch at offset 1: CRC-32C"), std::string::npos) << verified.out;

  broker_.Start();
  const Ended consumed = Call("consume t --from earliest --until-end --format raw");
  EXPECT_EQ(consumed.code, 1);
  EXPECT_EQ(consumed.out, "one\nthree\n");
  EXPECT_NE(consumed.err.find("t/0: records 1 to 1 can't be read"), std::string::npos)
      << consumed.err;
}

TEST_F(CommandLineE2e, LiveReaderGoesOnWhenTheBrokerComesBack) {
  EXPECT_EQ(Call("produce t", "before\n").code, 0);
  const std::string address = broker_.address();
  RunningCommand reader({"consume", "t", "--from", "earliest", "--format", "raw"}, address);
  EXPECT_EQ(reader.ReadLine(), "before");
  broker_.Stop();
  broker_.Start(address);
  EXPECT_EQ(Call("produce t", "after\n").code, 0);
  EXPECT_EQ(reader.ReadLine(), "after");
  EXPECT_EQ(reader.Interrupt(), 0);
}

TEST_F(CommandLineE2e, StatusTellsTheDurableOffsets) {
  EXPECT_EQ(Call("produce t", "a\nb\n").code, 0);
  const std::string text = Out("status");
  EXPECT_NE(text.find("broker   one at " + broker_.address()), std::string::npos) << text;
  const std::string json = Out("status --format json");
  EXPECT_NE(json.find(R"("records_appended":2)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("topic":"t","partition":0,"log_start_offset":0,"durable_end_offset":2)"),
            std::string::npos)
      << json;
}

TEST_F(CommandLineE2e, NoAgentsAreAnEmptyList) {
  EXPECT_EQ(Out("agents list --format json"), "[]\n");
  EXPECT_EQ(Call("agents describe nobody").code, 1);
}

TEST_F(CommandLineE2e, TwoBrokersAreReadAsTheirUnion) {
  const RunningBroker other("two");
  const std::string both = broker_.address() + "," + other.address();
  EXPECT_EQ(Call("produce t", "from one\n").code, 0);
  EXPECT_EQ(Logboom("produce t", other.address(), "from two\n").code, 0);
  EXPECT_EQ(Logboom("produce u", other.address(), "only two\n").code, 0);

  const Ended text = Logboom("consume t u --from earliest --until-end", both);
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.out.find(" one t/0:0 | from one\n"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find(" two t/0:0 | from two\n"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find(" two u/0:0 | only two\n"), std::string::npos) << text.out;

  const Ended json = Logboom("consume t --from earliest --until-end --format json", both);
  EXPECT_NE(json.out.find(R"({"broker":"two","topic":"t")"), std::string::npos) << json.out;
  EXPECT_TRUE(Logboom("topics list", both).out.starts_with("BROKER"));
  EXPECT_EQ(Logboom("topics create v", both).code, 2);
}

TEST_F(CommandLineE2e, OneBrokerOfTwoThatIsMissingIsThreeAndTheOtherIsStillRead) {
  EXPECT_EQ(Call("produce t", "a\n").code, 0);
  const std::string both = broker_.address() + ",tcp://127.0.0.1:1";
  const Ended ended =
      Logboom("consume t --from earliest --until-end --format raw --timeout 0.3", both);
  EXPECT_EQ(ended.code, 3);
  EXPECT_EQ(ended.out, "a\n");
}

}  // namespace
}  // namespace logboom::cli
