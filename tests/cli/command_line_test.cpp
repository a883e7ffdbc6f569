// Runs the real program where no broker is.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "tests/cli/program.h"

namespace logboom::cli {
namespace {

// A port that nobody listens on: it was free a moment ago.
std::string ClosedPort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  socklen_t size = sizeof(address);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

TEST(CommandLine, NobodyThereIsThreeWithinTheTimeout) {
  const std::string broker = ClosedPort();
  for (const char* verb :
       {"topics list", "topics describe t", "topics create t", "topics delete t --yes", "status",
        "agents list", "agents describe a", "consume t", "consume t --group g", "tail t",
        "produce t", "groups list", "groups describe g", "groups reset g --topic t --to earliest",
        "groups delete g --yes", "lag", "lag g"}) {
    const auto begin = std::chrono::steady_clock::now();
    const Ended ended = Logboom(std::string(verb) + " --timeout 0.3 --broker " + broker);
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(ended.code, 3) << verb;
    EXPECT_EQ(ended.out, "") << verb;
    EXPECT_EQ(ended.err, "logboom: no answer from " + broker +
                             " within 0.3 s: is logboom-broker running there? (--broker, "
                             "LOGBOOM_BROKER)\n")
        << verb;
    EXPECT_LT(took, std::chrono::seconds(3)) << verb;
  }
}

TEST(CommandLine, AWordThatIsNoVerbIsNamed) {
  EXPECT_TRUE(Logboom("nonsense").err.starts_with("logboom: 'nonsense' is no verb of it\n"));
  EXPECT_TRUE(Logboom("topics lst").err.starts_with("logboom: 'lst' is no verb of it\n"));
  EXPECT_TRUE(Logboom("topics").err.starts_with("logboom: A subcommand is required\n"));
}

TEST(CommandLine, ANumberOutOfRangeIsToldInALine) {
  EXPECT_TRUE(
      Logboom("topics create t --partitions 0")
          .err.starts_with("logboom: --partitions: takes a whole number from 1 on, got '0'\n"));
  EXPECT_TRUE(Logboom("consume t --max -1")
                  .err.starts_with("logboom: --max: takes a whole number from 0 on, got '-1'\n"));
}

TEST(CommandLine, UsageErrorsAreTwo) {
  for (const char* arguments : {"",
                                "nonsense",
                                "topics",
                                "topics list --no-such",
                                "topics create",
                                "topics delete t",
                                "topics alter t",
                                "topics alter t --set novalue",
                                "topics create t --partitions 0",
                                "topics create t --partitions x",
                                "topics list --format xml",
                                "topics list --format raw",
                                "topics list --timeout 0",
                                "topics list --broker nonsense",
                                "consume",
                                "consume t --from x",
                                "consume t --partition -1",
                                "consume t --max x",
                                "consume t --max -1",
                                "consume t --group g --partition 1",
                                "consume t --group",
                                "consume t --assignor range",
                                "consume t --group g --assignor uniform",
                                "consume t --instance-id i",
                                "consume t --group g --session-timeout 0",
                                "groups",
                                "groups describe",
                                "groups delete g",
                                "groups reset g --to earliest",
                                "groups reset g --topic t",
                                "groups reset g --topic t --to 1 --shift 1",
                                "groups reset g --topic t --to x",
                                "groups reset g --topic t --shift x",
                                "groups reset g --topic t --to 1 --partition -1",
                                "groups delete g --yes --broker tcp://a:1 --broker tcp://b:2",
                                "groups reset g --topic t --to 1 --broker tcp://a:1,tcp://b:2",
                                "lag g h",
                                "tail t -n x",
                                "tail t -n 100001",
                                "produce t --acks maybe",
                                "produce t --key a --key-separator b",
                                "produce t --key-separator ''",
                                "completions tcsh",
                                "segment dump",
                                "topics create t --broker tcp://a:1 --broker tcp://b:2",
                                "produce t --broker tcp://a:1 --broker tcp://b:2"}) {
    const Ended ended = Logboom(arguments);
    EXPECT_EQ(ended.code, 2) << arguments;
    EXPECT_EQ(ended.out, "") << arguments;
    EXPECT_TRUE(ended.err.starts_with("logboom: ")) << arguments << ": " << ended.err;
  }
}

TEST(CommandLine, HelpIsThereForEveryVerb) {
  for (const char* verb : {"",
                           "topics",
                           "topics list",
                           "topics create",
                           "topics describe",
                           "topics alter",
                           "topics delete",
                           "produce",
                           "consume",
                           "groups",
                           "groups list",
                           "groups describe",
                           "groups reset",
                           "groups delete",
                           "lag",
                           "tail",
                           "agents",
                           "agents list",
                           "agents describe",
                           "status",
                           "segment",
                           "segment dump",
                           "segment verify",
                           "completions"}) {
    const Ended ended = Logboom(std::string(verb) + " --help");
    EXPECT_EQ(ended.code, 0) << verb;
    EXPECT_EQ(ended.err, "") << verb;
    EXPECT_NE(ended.out.find("Usage: logboom"), std::string::npos) << verb;
  }
}

TEST(CommandLine, VersionIsData) {
  const Ended ended = Logboom("--version");
  EXPECT_EQ(ended.code, 0);
  EXPECT_TRUE(ended.out.starts_with("logboom ")) << ended.out;
}

TEST(CommandLine, GlobalFlagsStandBeforeOrBehindTheVerb) {
  const std::string broker = ClosedPort();
  EXPECT_EQ(Logboom("--timeout 0.1 --broker " + broker + " topics list").code, 3);
  EXPECT_EQ(Logboom("topics --timeout 0.1 list --broker " + broker).code, 3);
}

TEST(CommandLine, EnvironmentNamesTheBroker) {
  const std::string broker = ClosedPort();
  const Ended ended = Logboom("topics list --timeout 0.1", broker);
  EXPECT_EQ(ended.code, 3);
  EXPECT_NE(ended.err.find(broker), std::string::npos) << ended.err;
  const std::string other = ClosedPort();
  const Ended flag_wins = Logboom("topics list --timeout 0.1 --broker " + other, broker);
  EXPECT_NE(flag_wins.err.find(other), std::string::npos) << flag_wins.err;
}

TEST(CommandLine, CompletionsAreForTheShellAsked) {
  EXPECT_NE(Logboom("completions bash").out.find("complete -o default -F _logboom"),
            std::string::npos);
  const std::string bash = Logboom("completions bash").out;
  EXPECT_NE(bash.find("\"groups\") choices=\"list describe reset delete"), std::string::npos)
      << bash;
  EXPECT_NE(bash.find("--shift"), std::string::npos) << bash;
  EXPECT_NE(bash.find("--group"), std::string::npos) << bash;
  EXPECT_TRUE(Logboom("completions zsh").out.starts_with("#compdef logboom\n"));
  EXPECT_NE(Logboom("completions fish").out.find("complete -c logboom"), std::string::npos);
}

TEST(CommandLine, MissingSegmentFilesAreOne) {
  EXPECT_EQ(Logboom("segment dump /no/such/00000000000000000000.log").code, 1);
  EXPECT_EQ(Logboom("segment verify /no/such/folder").code, 1);
}

}  // namespace
}  // namespace logboom::cli
