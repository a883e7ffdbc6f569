// Consumer groups: the command line and a real broker.
#include <algorithm>
#include <chrono>
#include <functional>
#include <string>

#include "tests/cli/broker_fixture.h"

namespace logboom::cli {
namespace {

class GroupsE2e : public CommandLineE2e {
 protected:
  // Numbered lines, all into one partition.
  void Produce(int from, int to, const std::string& padding = {}) {
    std::string lines;
    for (int i = from; i < to; ++i) lines += std::to_string(i) + padding + "\n";
    ASSERT_EQ(Call("produce t", lines).code, 0);
  }
  static std::string Numbers(int from, int to) {
    std::string lines;
    for (int i = from; i < to; ++i) lines += std::to_string(i) + "\n";
    return lines;
  }
  std::string ConsumeToEnd() {
    return Out("consume t --group g --from earliest --until-end --format raw");
  }
  // What a field of the group's only partition says.
  std::string Lag(const std::string& field) {
    const std::string json = Out("lag g --format json");
    const std::string key = "\"" + field + "\":";
    const std::size_t at = json.find(key);
    if (at == std::string::npos) return json;
    const std::size_t begin = at + key.size();
    return json.substr(begin, json.find_first_of(",}", begin) - begin);
  }
  void WaitUntil(const std::string& arguments, const std::string& words) {
    for (int tries = 0; tries < 500; ++tries) {
      if (Call(arguments).out.find(words) != std::string::npos) return;
    }
    FAIL() << arguments << " never says " << words << " but " << Call(arguments).out;
  }
};

TEST_F(GroupsE2e, GroupGoesOnWhereItHasCommitted) {
  Produce(0, 10);
  EXPECT_EQ(Out("consume t --group g --from earliest --max 3 --format raw"), Numbers(0, 3));
  EXPECT_EQ(Lag("committed_offset"), "3");
  EXPECT_EQ(Out("consume t --group g --from earliest --max 3 --format raw"), Numbers(3, 6));
  EXPECT_EQ(ConsumeToEnd(), Numbers(6, 10));
  EXPECT_EQ(ConsumeToEnd(), "");
  Produce(10, 12);
  EXPECT_EQ(ConsumeToEnd(), Numbers(10, 12));
  // Another group has its own place, and a reader without one changes none.
  EXPECT_EQ(Out("consume t --group h --from 9 --until-end --format raw"), Numbers(9, 12));
  EXPECT_EQ(Out("consume t --from 11 --until-end --format raw"), Numbers(11, 12));
  EXPECT_EQ(Lag("committed_offset"), "12");
}

TEST_F(GroupsE2e, PlaceWhereAGroupBeginsIsKept) {
  Produce(0, 5);
  EXPECT_EQ(Out("consume t --group g --until-end --format raw"), "");
  Produce(5, 7);
  EXPECT_EQ(Out("consume t --group g --until-end --format raw"), Numbers(5, 7));
}

TEST_F(GroupsE2e, InterruptedReaderHasCommittedWhatItPrinted) {
  Produce(0, 5);
  RunningCommand reader({"consume", "t", "--group", "g", "--from", "earliest", "--format", "raw"},
                        broker_.address());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(reader.ReadLine(), std::to_string(i));
  Produce(5, 6);
  EXPECT_EQ(reader.ReadLine(), "5");
  EXPECT_EQ(reader.Interrupt(), 0);
  EXPECT_EQ(Lag("committed_offset"), "6");
  EXPECT_NE(Out("groups list").find("empty"), std::string::npos);
}

TEST_F(GroupsE2e, ReaderOfAClosedPipeHasCommittedWhatThePipeTook) {
  // More than the pipe holds.
  Produce(0, 20'000, std::string(100, '.'));
  RunningCommand reader({"consume", "t", "--group", "g", "--from", "earliest", "--format", "raw"},
                        broker_.address());
  EXPECT_TRUE(reader.ReadLine().starts_with("0."));
  EXPECT_EQ(reader.StopReading(), 0);
  const int committed = std::stoi(Lag("committed_offset"));
  EXPECT_GE(committed, 1);
  EXPECT_LT(committed, 20'000);
  const std::string rest = ConsumeToEnd();
  EXPECT_TRUE(rest.starts_with(std::to_string(committed) + ".")) << rest.substr(0, 120);
  EXPECT_EQ(std::count(rest.begin(), rest.end(), '\n'), 20'000 - committed);
}

TEST_F(GroupsE2e, ReaderGoesOnWhenTheBrokerComesBack) {
  Produce(0, 3);
  const std::string address = broker_.address();
  RunningCommand reader({"consume", "t", "--group", "g", "--from", "earliest", "--format", "raw"},
                        address);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(reader.ReadLine(), std::to_string(i));
  WaitUntil("lag g --format json", R"("committed_offset":3)");
  broker_.Stop();
  broker_.Start(address);
  WaitUntil("groups list", "stable        1");  // it has joined again
  Produce(3, 4);
  EXPECT_EQ(reader.ReadLine(), "3");
  EXPECT_EQ(reader.Interrupt(), 0);
  EXPECT_EQ(Lag("committed_offset"), "4");
}

TEST_F(GroupsE2e, ReaderThatHasCommittedAllNeedsNoBrokerToEnd) {
  Produce(0, 3);
  RunningCommand reader({"consume", "t", "--group", "g", "--from", "earliest", "--format", "raw"},
                        broker_.address());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(reader.ReadLine(), std::to_string(i));
  WaitUntil("lag g --format json", R"("committed_offset":3)");
  broker_.Stop();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(reader.Interrupt(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

TEST_F(GroupsE2e, TwoReadersShareThePartitionsAndEachLineIsReadOnce) {
  ASSERT_EQ(Call("topics create t --partitions 4").code, 0);
  const std::vector<std::string> verb = {"consume", "t",        "--group",  "g",
                                         "--from",  "earliest", "--format", "raw"};
  RunningCommand first(verb, broker_.address());
  WaitUntil("groups list", "stable        1");
  RunningCommand second(verb, broker_.address());
  WaitUntil("groups list", "stable        2");
  const std::string described = Out("groups describe g --format json");
  EXPECT_NE(described.find(R"("partitions_owned":2,)"), std::string::npos) << described;
  std::string input;
  for (int i = 0; i < 400; ++i) input += std::to_string(i) + ":" + std::to_string(i) + "\n";
  ASSERT_EQ(Call("produce t --key-separator :", input).code, 0);
  WaitUntil("groups list --format json", R"("lag_records":0)");
  EXPECT_EQ(second.Interrupt(), 0);
  WaitUntil("groups list", "stable        1");
  ASSERT_EQ(Call("produce t --key-separator :", "x:400\ny:401\nz:402\nw:403\n").code, 0);
  WaitUntil("groups list --format json", R"("lag_records":0)");
  EXPECT_EQ(first.Interrupt(), 0);
  std::vector<int> numbers;
  for (const RunningCommand* reader : {&first, &second}) {
    for (std::string line = reader->ReadLine(); !line.empty(); line = reader->ReadLine()) {
      numbers.push_back(std::stoi(line));
    }
  }
  std::sort(numbers.begin(), numbers.end());
  ASSERT_EQ(numbers.size(), 404U);
  for (int i = 0; i < 404; ++i) EXPECT_EQ(numbers[static_cast<std::size_t>(i)], i);
}

TEST_F(GroupsE2e, ResetIsADryRunUntilItIsToBeDone) {
  Produce(0, 10);
  ConsumeToEnd();
  const Ended dry = Call("groups reset g --topic t --to earliest");
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_NE(dry.out.find("t              0         10    0    -10      0   10"), std::string::npos)
      << dry.out;
  EXPECT_NE(dry.err.find("nothing was changed"), std::string::npos) << dry.err;
  EXPECT_EQ(Lag("committed_offset"), "10");

  const Ended done = Call("groups reset g --topic t --to earliest --execute --format json");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.err, "");
  EXPECT_EQ(done.out,
            R"([{"broker":"one","group":"g","topic":"t","partition":0,"committed_offset":10,)"
            R"("new_offset":0,"log_start_offset":0,"log_end_offset":10,"executed":true}])"
            "\n");
  EXPECT_EQ(Lag("committed_offset"), "0");
  EXPECT_EQ(ConsumeToEnd(), Numbers(0, 10));

  for (const auto& [where, offset] :
       std::vector<std::pair<std::string, std::string>>{{"--shift -4", "6"},
                                                        {"--shift 1", "7"},
                                                        {"--shift 99", "10"},
                                                        {"--to 3", "3"},
                                                        {"--to latest", "10"},
                                                        {"--to 1h", "0"},
                                                        {"--to 2100-01-01T00:00:00Z", "10"}}) {
    EXPECT_EQ(Call("groups reset g --topic t --partition 0 --execute " + where).code, 0) << where;
    EXPECT_EQ(Lag("committed_offset"), offset) << where;
  }
  EXPECT_EQ(Call("groups reset g --topic nope --to 3").code, 1);
  EXPECT_EQ(Call("groups reset g --topic t --partition 7 --to 3").code, 1);
}

TEST_F(GroupsE2e, GroupWithMembersIsNotTouched) {
  Produce(0, 3);
  RunningCommand reader({"consume", "t", "--group", "g", "--from", "earliest", "--format", "raw"},
                        broker_.address());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(reader.ReadLine(), std::to_string(i));
  WaitUntil("lag g --format json", R"("committed_offset":3)");
  const Ended reset = Call("groups reset g --topic t --to earliest --execute");
  EXPECT_EQ(reset.code, 1);
  EXPECT_NE(reset.err.find("GROUP_NOT_EMPTY"), std::string::npos) << reset.err;
  EXPECT_EQ(Call("groups reset g --topic t --to earliest").code, 0);
  EXPECT_EQ(Call("groups delete g --yes").code, 1);
  EXPECT_EQ(reader.Interrupt(), 0);
  EXPECT_EQ(Lag("committed_offset"), "3");
  EXPECT_EQ(Out("groups delete g --yes"), "deleted group g\n");
  EXPECT_EQ(Call("groups delete g --yes").code, 1);
  EXPECT_EQ(Call("lag g").code, 1);
  EXPECT_EQ(Call("groups describe g").code, 1);
}

TEST_F(GroupsE2e, LagIsTheSameInTextAndJson) {
  Produce(0, 10);
  EXPECT_EQ(Out("consume t --group g --from earliest --max 4 --format raw"), Numbers(0, 4));
  const std::string text = Out("lag g");
  EXPECT_NE(text.find("g      t              0          4      0   10    6 "), std::string::npos)
      << text;
  EXPECT_EQ(Lag("lag_records"), "6");
  EXPECT_EQ(Lag("log_end_offset"), "10");
  EXPECT_EQ(Lag("status"), "\"ok\"");
  EXPECT_GT(std::stod(Lag("lag_seconds")), 0);
  const std::string seconds = Lag("lag_seconds");
  if (const auto dot = seconds.find('.'); dot != std::string::npos) {
    EXPECT_LE(seconds.size() - dot - 1, 3U) << seconds;
  }
  EXPECT_TRUE(Out("lag --format json").starts_with(R"([{"broker":"one","group":"g","topic":"t")"));
}

TEST_F(GroupsE2e, WhatIsNotKnownIsNullOrADash) {
  Produce(0, 3);
  // It owns the partition, and has nothing to commit: there is no such place.
  RunningCommand reader({"consume", "t", "--group", "g", "--from", "99"}, broker_.address());
  WaitUntil("groups list", "stable        1");
  EXPECT_EQ(Lag("committed_offset"), "null");
  EXPECT_EQ(Lag("lag_records"), "null");
  EXPECT_EQ(Lag("lag_seconds"), "null");
  EXPECT_EQ(Lag("status"), "\"unknown\"");
  const std::string text = Out("lag g");
  EXPECT_NE(text.find("g      t              0          -      0    3    -       -  unknown"),
            std::string::npos)
      << text;
  EXPECT_EQ(reader.Interrupt(), 1);
}

TEST_F(GroupsE2e, GroupsOfTwoBrokersAreReadAsTheirUnion) {
  const RunningBroker other("two");
  const std::string both = broker_.address() + "," + other.address();
  Produce(0, 2);
  ASSERT_EQ(Logboom("produce t", other.address(), "2\n").code, 0);
  const Ended consumed =
      Logboom("consume t --group g --from earliest --until-end --format raw", both);
  EXPECT_EQ(consumed.code, 0) << consumed.err;
  EXPECT_EQ(consumed.out.size(), Numbers(0, 3).size());
  const Ended lag = Logboom("lag", both);
  EXPECT_TRUE(lag.out.starts_with("BROKER  GROUP")) << lag.out;
  EXPECT_NE(lag.out.find("one     g"), std::string::npos) << lag.out;
  EXPECT_NE(lag.out.find("two     g"), std::string::npos) << lag.out;
  EXPECT_EQ(Logboom("groups delete g --yes", both).code, 2);
  EXPECT_EQ(Call("groups delete g --yes").code, 0);
  // One broker of several need not know the group.
  const Ended left = Logboom("lag g --format json", both);
  EXPECT_EQ(left.code, 0) << left.err;
  EXPECT_TRUE(left.out.starts_with(R"([{"broker":"two")")) << left.out;
}

}  // namespace
}  // namespace logboom::cli
