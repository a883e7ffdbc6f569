#include "lib/daemon/launch.h"

#include <gtest/gtest.h>

#include "tests/lib/daemon/temporary_folder.h"

namespace logboom::daemon {
namespace {

Program TestProgram() {
  return {.name = "logboom-test",
          .description = "tests",
          .default_config_file = "",
          .schema = {{{.name = "data_dir", .help = "where the data is"},
                      {.name = "workers", .type = KeyType::kInt, .default_text = "2"},
                      {.name = "input",
                       .type = KeyType::kTables,
                       .table = {{.name = "include", .type = KeyType::kStringList},
                                 {.name = "topic"}}}}},
          .flags = {{"--data-dir", "DIR", "data_dir", "where the data is"},
                    {"--input", "PATH", "input.include", "what to read"},
                    {"--topic", "TOPIC", "input.topic", "where to"},
                    {"--once", "", "", "end at the end"},
                    {"--job", "NAME", "", "what to do"}}};
}

tl::expected<Launched, EarlyExit> Parse(const std::vector<const char*>& arguments) {
  static const Program program = TestProgram();
  std::vector<const char*> argv = {"logboom-test"};
  for (const char* argument : arguments) argv.push_back(argument);
  return ParseLaunch(program, static_cast<int>(argv.size()), argv.data());
}

TEST(Launch, FlagsSetTheirKeysOverSetOverTheFile) {
  const TemporaryFolder folder;
  const std::string file = folder.Write("x.toml", "data_dir = \"f\"\nworkers = 3\n");
  const auto launched = Parse({"--config", file.c_str(), "--set", "workers=7", "--data-dir", "/d"});
  ASSERT_TRUE(launched) << launched.error().text;
  EXPECT_EQ(launched->config.String("data_dir"), "/d");
  EXPECT_EQ(launched->config.Int("workers"), 7);
}

TEST(Launch, RepeatedFlagsGatherInOneTable) {
  const auto launched = Parse({"--input", "/a", "--input=/b", "--topic", "web"});
  ASSERT_TRUE(launched) << launched.error().text;
  const auto& inputs = launched->config.Tables("input");
  ASSERT_EQ(inputs.size(), 1U);
  EXPECT_EQ(inputs[0].List("include"), (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(inputs[0].String("topic"), "web");
}

TEST(Launch, FlagsWithoutAKeyAreHandedOn) {
  const auto launched = Parse({"--once", "--job", "a"});
  ASSERT_TRUE(launched) << launched.error().text;
  EXPECT_TRUE(launched->Has("--once"));
  EXPECT_EQ(launched->values.at("--job"), std::vector<std::string>{"a"});
  EXPECT_FALSE(Parse({})->Has("--once"));
}

TEST(Launch, UsageErrorsEndWithTwo) {
  for (const std::vector<const char*>& arguments :
       std::vector<std::vector<const char*>>{{"--no-such"},
                                             {"stray"},
                                             {"--data-dir"},
                                             {"--set", "novalue"},
                                             {"--set", "=x"},
                                             {"--data-dir", "a", "--data-dir", "b"},
                                             {"--set", "workers=x"},
                                             {"--log-level", "loud"},
                                             {"--config", "/no/such/file.toml"},
                                             {"--input", "a", "stray"}}) {
    const auto launched = Parse(arguments);
    ASSERT_FALSE(launched) << arguments[0];
    EXPECT_EQ(launched.error().exit_code, 2) << arguments[0];
    EXPECT_TRUE(launched.error().text.starts_with("logboom-test: ")) << launched.error().text;
  }
}

TEST(Launch, HelpAndVersionEndWithZero) {
  const auto help = Parse({"--help"});
  ASSERT_FALSE(help);
  EXPECT_EQ(help.error().exit_code, 0);
  EXPECT_NE(help.error().text.find("--check-config"), std::string::npos);
  EXPECT_NE(help.error().text.find("input.include"), std::string::npos);
  const auto version = Parse({"--version"});
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().exit_code, 0);
  EXPECT_EQ(version.error().text, fmt::format("logboom-test {}\n", Version()));
}

TEST(Launch, CheckConfigPrintsTheEffectiveValues) {
  const auto good = Parse({"--check-config", "--set", "workers=9"});
  ASSERT_FALSE(good);
  EXPECT_EQ(good.error().exit_code, 0);
  EXPECT_NE(good.error().text.find("workers = 9  # --set\n"), std::string::npos);
  const auto bad = Parse({"--check-config", "--set", "wrkers=9"});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().exit_code, 2);
}

TEST(Launch, CheckConfigFindsWhatTheDaemonItselfRefuses) {
  Program program = TestProgram();
  program.check = [](const Config& config) -> Status {
    return config.Invalid("data_dir", "a directory of its own");
  };
  const std::vector<const char*> argv = {"logboom-test", "--check-config"};
  const auto launched = ParseLaunch(program, static_cast<int>(argv.size()), argv.data());
  ASSERT_FALSE(launched);
  EXPECT_EQ(launched.error().exit_code, 2);
  EXPECT_EQ(launched.error().text,
            "logboom-test: default: data_dir = \"\": takes a directory of its own\n");
}

TEST(Launch, ReloadReadsTheFileAgain) {
  const TemporaryFolder folder;
  const std::string file = folder.Write("x.toml", "workers = 3\n");
  const auto launched = Parse({"--config", file.c_str()});
  ASSERT_TRUE(launched);
  folder.Write("x.toml", "workers = 4\n");
  EXPECT_EQ(launched->Reload()->Int("workers"), 4);
}

}  // namespace
}  // namespace logboom::daemon
