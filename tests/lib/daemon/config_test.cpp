#include "lib/daemon/config.h"

#include <gtest/gtest.h>

#include "tests/lib/daemon/temporary_folder.h"

namespace logboom::daemon {
namespace {

using std::chrono::milliseconds;

Schema TestSchema() {
  const KeySpec input = {.name = "input",
                         .type = KeyType::kTables,
                         .help = "what to read",
                         .table = {{.name = "include",
                                    .type = KeyType::kStringList,
                                    .help = "paths or globs",
                                    .required = true},
                                   {.name = "topic", .default_text = "logs"},
                                   {.name = "labels", .type = KeyType::kStringMap}}};
  return {{{.name = "data_dir", .help = "where the data is"},
           {.name = "listen", .type = KeyType::kStringList, .default_text = "tcp://127.0.0.1:1"},
           {.name = "topics.auto_create", .type = KeyType::kBool, .default_text = "true"},
           {.name = "linger", .type = KeyType::kDuration, .default_text = "500ms", .max = 60'000},
           {.name = "budget", .type = KeyType::kBytes, .default_text = "128 MiB"},
           {.name = "workers", .type = KeyType::kInt, .default_text = "2", .min = 1, .max = 64},
           input}};
}

class ConfigTest : public testing::Test {
 protected:
  Result<Config> Load(std::string_view toml, std::vector<Setting> settings = {}) {
    folder_.Write("broker.toml", toml);
    return LoadConfig(TestSchema(), {.file = path_, .settings = std::move(settings)});
  }
  std::string ErrorOf(std::string_view toml, std::vector<Setting> settings = {}) {
    const auto config = Load(toml, std::move(settings));
    return config.ok() ? "(no error)" : config.error().message;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/broker.toml";
};

TEST_F(ConfigTest, WithoutSourcesEveryKeyHasItsDefault) {
  const auto config = LoadConfig(TestSchema(), {});
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->String("data_dir"), "");
  EXPECT_EQ(config->List("listen"), std::vector<std::string>{"tcp://127.0.0.1:1"});
  EXPECT_TRUE(config->Bool("topics.auto_create"));
  EXPECT_EQ(config->Duration("linger"), milliseconds(500));
  EXPECT_EQ(config->Bytes("budget"), 128 << 20);
  EXPECT_TRUE(config->Tables("input").empty());
  EXPECT_FALSE(config->IsSet("linger"));
}

TEST_F(ConfigTest, FileIsReadByType) {
  const auto config = Load(R"(
data_dir = "/var/lib/x"
listen = ["tcp://a:1", "tcp://b:2"]
linger = "1m"
budget = 4096
[topics]
auto_create = false
[[input]]
include = ["/var/log/*.log"]
labels = {env = "prod", zone = "b"}
[[input]]
include = ["/srv/x"]
topic = "web"
)");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->String("data_dir"), "/var/lib/x");
  EXPECT_EQ(config->List("listen").size(), 2U);
  EXPECT_EQ(config->Duration("linger"), std::chrono::minutes(1));
  EXPECT_EQ(config->Bytes("budget"), 4096);
  EXPECT_FALSE(config->Bool("topics.auto_create"));
  EXPECT_TRUE(config->IsSet("linger"));
  const auto& inputs = config->Tables("input");
  ASSERT_EQ(inputs.size(), 2U);
  EXPECT_EQ(inputs[0].String("topic"), "logs");
  EXPECT_EQ(inputs[0].Map("labels").at("zone"), "b");
  EXPECT_EQ(inputs[1].List("include"), std::vector<std::string>{"/srv/x"});
}

TEST_F(ConfigTest, UnknownKeyNamesFileLineAndTheNearestKnownOne) {
  EXPECT_EQ(ErrorOf("\n\nlingr = \"1s\"\n"),
            path_ + ":3: unknown key \"lingr\"; the nearest known one is \"linger\"");
  EXPECT_EQ(ErrorOf("[topics]\nauto_crate = true\n"),
            path_ +
                ":2: unknown key \"topics.auto_crate\"; the nearest known one is "
                "\"topics.auto_create\"");
  EXPECT_EQ(ErrorOf("[[input]]\ninclude = [\"a\"]\ntpic = \"x\"\n"),
            path_ + ":3: unknown key \"tpic\"; the nearest known one is \"topic\"");
}

TEST_F(ConfigTest, WrongValueNamesFileLineKeyValueAndWhatItTakes) {
  EXPECT_EQ(ErrorOf("linger = \"soon\"\n"),
            path_ +
                ":1: linger = \"soon\": takes a duration with its unit (500ms, 30s, 10m, 2h, "
                "7d) of at most 1m");
  EXPECT_EQ(ErrorOf("\nworkers = \"two\"\n"),
            path_ + ":2: workers = \"two\": takes a whole number from 1 to 64");
  EXPECT_EQ(ErrorOf("data_dir = 5\n"), path_ + ":1: data_dir = 5: takes text");
  EXPECT_EQ(ErrorOf("listen = \"x\"\n"), path_ +
                                             ":1: listen = \"x\": takes a list of texts "
                                             "([\"a\", \"b\"])");
  EXPECT_EQ(ErrorOf("data_dir = 2020-01-01\n"),
            path_ + ":1: data_dir = (something else): takes text");
  EXPECT_EQ(ErrorOf("[input]\nx = 1\n"),
            path_ + ":1: input: takes a repeated table: write [[input]]");
}

TEST_F(ConfigTest, DurationWithoutUnitIsRefusedButZero) {
  EXPECT_NE(ErrorOf("linger = 5\n"), "(no error)");
  EXPECT_EQ(ErrorOf("linger = 0\n"), "(no error)");
}

TEST_F(ConfigTest, BoundsAreTakenAndOnePastIsRefused) {
  EXPECT_EQ(ErrorOf("workers = 1\n"), "(no error)");
  EXPECT_EQ(ErrorOf("workers = 64\n"), "(no error)");
  EXPECT_NE(ErrorOf("workers = 0\n"), "(no error)");
  EXPECT_NE(ErrorOf("workers = 65\n"), "(no error)");
}

TEST_F(ConfigTest, BrokenTomlNamesFileAndLine) {
  const std::string message = ErrorOf("data_dir = \"a\"\nlinger = = 1\n");
  EXPECT_TRUE(message.starts_with(path_ + ":2: not TOML: ")) << message;
}

TEST_F(ConfigTest, MissingFileIsAnErrorOnlyWhenItWasNamed) {
  const std::string missing = folder_.path() + "/no.toml";
  EXPECT_FALSE(LoadConfig(TestSchema(), {.file = missing}).ok());
  EXPECT_TRUE(LoadConfig(TestSchema(), {.default_file = missing}).ok());
}

TEST_F(ConfigTest, DropInsOverrideTheFileInTheOrderOfTheirNamesAndTablesAddUp) {
  folder_.Write("conf.d/20-b.toml", "workers = 4\n[[input]]\ninclude = [\"b\"]\n");
  folder_.Write("conf.d/10-a.toml", "workers = 3\nlinger = \"2s\"\n[[input]]\ninclude = [\"a\"]\n");
  folder_.Write("conf.d/notes.txt", "not TOML");
  const auto config = Load("workers = 2\n[[input]]\ninclude = [\"main\"]\n");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->Int("workers"), 4);
  EXPECT_EQ(config->Duration("linger"), milliseconds(2000));
  ASSERT_EQ(config->Tables("input").size(), 3U);
  EXPECT_EQ(config->Tables("input")[1].List("include"), std::vector<std::string>{"a"});
}

TEST_F(ConfigTest, DropInsOfOtherRolesArePassedOver) {
  folder_.Write("conf.d/agent.toml", "unknown = 1\n");
  folder_.Write("conf.d/agent-nginx.toml", "unknown = 1\n");
  folder_.Write("conf.d/agents.toml", "workers = 3\n");
  folder_.Write("conf.d/broker-big.toml", "linger = \"1s\"\n");
  folder_.Write("broker.toml", "");
  const auto config = LoadConfig(
      TestSchema(), {.file = path_, .default_file = "/etc/logboom/broker.toml", .settings = {}});
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->Int("workers"), 3);
  EXPECT_EQ(config->Duration("linger"), milliseconds(1000));
}

TEST_F(ConfigTest, SettingsOverrideTheFile) {
  const auto config =
      Load("workers = 2\nlisten = [\"tcp://file:1\"]\n", {{"workers", "5", "--set"},
                                                          {"listen", "tcp://one:1", "--listen"},
                                                          {"listen", "tcp://two:2", "--listen"}});
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->Int("workers"), 5);
  EXPECT_EQ(config->List("listen"), (std::vector<std::string>{"tcp://one:1", "tcp://two:2"}));
}

TEST_F(ConfigTest, SettingsInsideARepeatedTableMakeOneMore) {
  const auto config =
      Load("[[input]]\ninclude = [\"file\"]\n", {{"input.include", "/a", "--input"},
                                                 {"input.include", "/b", "--input"},
                                                 {"input.topic", "web", "--topic"}});
  ASSERT_TRUE(config.ok()) << config.error().message;
  const auto& inputs = config->Tables("input");
  ASSERT_EQ(inputs.size(), 2U);
  EXPECT_EQ(inputs[1].List("include"), (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(inputs[1].String("topic"), "web");
}

TEST_F(ConfigTest, WrongSettingNamesItsFlag) {
  EXPECT_EQ(ErrorOf("", {{"workers", "many", "--workers"}}),
            "--workers: workers = many: takes a whole number from 1 to 64");
  EXPECT_EQ(ErrorOf("", {{"wokers", "1", "--set"}}),
            "--set: unknown key \"wokers\"; the nearest known one is \"workers\"");
  EXPECT_EQ(ErrorOf("", {{"input.tpic", "1", "--set"}}),
            "--set: unknown key \"input.tpic\"; the nearest known one is \"input.topic\"");
}

TEST_F(ConfigTest, RequiredKeyOfATableIsMissed) {
  EXPECT_EQ(ErrorOf("\n[[input]]\ntopic = \"x\"\n"),
            path_ + ":2: input.include must be set: paths or globs");
  EXPECT_EQ(ErrorOf("", {{"input.topic", "x", "--topic"}}),
            "the command line: input.include must be set: paths or globs");
}

TEST_F(ConfigTest, InvalidSpeaksLikeTheTypeChecks) {
  const auto config = Load("\ndata_dir = \"relative\"\n");
  EXPECT_EQ(config->Invalid("data_dir", "an absolute path").message,
            path_ + ":2: data_dir = \"relative\": takes an absolute path");
  EXPECT_EQ(config->Invalid("workers", "less").message, "default: workers = 2: takes less");
}

TEST_F(ConfigTest, PrintedConfigurationReadsBackTheSame) {
  const auto config = Load(R"(
data_dir = "a \"quoted\" \\ name\u0007"
linger = "45s"
[[input]]
include = ["x", "y"]
labels = {env = "prod"}
)");
  ASSERT_TRUE(config.ok()) << config.error().message;
  const auto again = Load(config->ToToml());
  ASSERT_TRUE(again.ok()) << again.error().message << "\n" << config->ToToml();
  EXPECT_EQ(again->String("data_dir"), config->String("data_dir"));
  EXPECT_EQ(again->Duration("linger"), milliseconds(45'000));
  ASSERT_EQ(again->Tables("input").size(), 1U);
  EXPECT_EQ(again->Tables("input")[0].Map("labels").at("env"), "prod");
}

}  // namespace
}  // namespace logboom::daemon
