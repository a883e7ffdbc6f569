#include "agent/configuration.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "agent/reload.h"
#include "agent/shaping.h"

namespace logboom::agent {
namespace {

Result<Configuration> Read(std::vector<const char*> flags) {
  flags.insert(flags.begin(), {"logboom-agent", "--config", "/dev/null"});
  const auto launched =
      daemon::ParseLaunch(MakeProgram(), static_cast<int>(flags.size()), flags.data());
  if (!launched) return Fail(ErrorCode::kInvalid, "{}", launched.error().text);
  return Configure(launched->config);
}

TEST(Configuration, FlagsMakeOneInput) {
  const auto config =
      Read({"--topic", "web", "--input", "/var/log/*.log", "--input", "rel.log", "--from", "end",
            "--agent-id", "a1", "--state-dir", "state", "--broker", "tcp://host:1"});
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->broker, "tcp://host:1");
  EXPECT_EQ(config->state_directory, (std::filesystem::current_path() / "state").string());
  EXPECT_EQ(config->options.agent_id, "a1");
  ASSERT_EQ(config->options.inputs.size(), 1U);
  const InputOptions& input = config->options.inputs[0];
  EXPECT_EQ(input.topic, "web");
  EXPECT_EQ(input.include,
            (std::vector<std::string>{"/var/log/*.log",
                                      (std::filesystem::current_path() / "rel.log").string()}));
  EXPECT_EQ(input.from, StartFrom::kEnd);
}

TEST(Configuration, ADashIsStandardInputBesideFilesOrAlone) {
  const auto both = Read({"--topic", "web", "--input", "-", "--input", "/a"});
  ASSERT_TRUE(both.ok()) << both.error().message;
  ASSERT_EQ(both->options.inputs.size(), 2U);
  EXPECT_EQ(both->options.inputs[0].kind, InputKind::kFiles);
  EXPECT_EQ(both->options.inputs[0].include, std::vector<std::string>{"/a"});
  EXPECT_EQ(both->options.inputs[1].kind, InputKind::kStandardInput);
  EXPECT_EQ(both->options.inputs[1].name, "stdin");
  const auto alone = Read({"--topic", "web", "--input", "-"});
  ASSERT_TRUE(alone.ok());
  EXPECT_EQ(alone->options.inputs.size(), 1U);
  const auto twice = Read({"--topic", "web", "--input", "-", "--input", "-"});
  ASSERT_FALSE(twice.ok());
  EXPECT_NE(twice.error().message.find("once"), std::string::npos) << twice.error().message;
}

TEST(Configuration, AnInputReadsExactlyOneThing) {
  const auto refused = [](std::vector<const char*> settings) {
    std::vector<const char*> flags = {"--topic", "web"};
    for (const char* setting : settings) flags.insert(flags.end(), {"--set", setting});
    const auto read = Read(flags);
    return read.ok() ? std::string() : read.error().message;
  };
  constexpr const char* kExactlyOne = "exactly one of include, syslog and journal";
  EXPECT_NE(refused({}).find(kExactlyOne), std::string::npos) << refused({});
  EXPECT_NE(refused({"input.include=/a", "input.journal=true"}).find(kExactlyOne),
            std::string::npos);
  EXPECT_NE(refused({"input.syslog=udp://[::1]:514", "input.journal=true"}).find(kExactlyOne),
            std::string::npos);
  EXPECT_EQ(refused({"input.journal=true", "input.units=nginx", "input.journal_fields=_PID"}), "");
  EXPECT_EQ(refused({"input.syslog=udp://127.0.0.1:514"}), "");
  EXPECT_EQ(refused({"input.syslog=unix:///dev/log"}), "");
  EXPECT_NE(refused({"input.syslog=http://127.0.0.1:514"}).find("syslog"), std::string::npos);
  EXPECT_NE(refused({"input.syslog=unix://log"}).find("syslog"), std::string::npos);
  EXPECT_NE(refused({"input.syslog=tcp://host"}).find("syslog"), std::string::npos);
  EXPECT_NE(refused({"input.include=/a", "input.units=nginx"}).find("units"), std::string::npos);
  EXPECT_NE(refused({"input.journal=true", "input.journal_fields=pid"}).find("journal_fields"),
            std::string::npos);
  EXPECT_NE(refused({"input.journal=true", "input.level=true"}).find("level"), std::string::npos);
  const auto journal = Read({"--topic", "web", "--set", "input.journal=true", "--set",
                             "input.units=nginx", "--set", "input.units=a.socket"});
  ASSERT_TRUE(journal.ok()) << journal.error().message;
  const InputOptions& input = journal->options.inputs.front();
  EXPECT_EQ(input.kind, InputKind::kJournal);
  EXPECT_EQ(input.journal.units, (std::vector<std::string>{"nginx.service", "a.socket"}));
}

TEST(Configuration, TheIdStaysWithTheStateDirectory) {
  const auto here = Read({"--topic", "web", "--input", "/a", "--state-dir", "/s"});
  const auto again = Read({"--topic", "web", "--input", "/b", "--state-dir", "/s/"});
  const auto other = Read({"--topic", "web", "--input", "/a", "--state-dir", "/t"});
  ASSERT_TRUE(here.ok() && again.ok() && other.ok());
  EXPECT_NE(here->options.agent_id, other->options.agent_id);
  EXPECT_FALSE(here->options.agent_id.empty());
}

TEST(Configuration, WhatCantBeIsRefusedByItsKey) {
  EXPECT_FALSE(Read({}).ok());
  EXPECT_FALSE(Read({"--topic", "a/b", "--input", "/a"}).ok());
  EXPECT_FALSE(Read({"--topic", "__own", "--input", "/a"}).ok());
  EXPECT_FALSE(Read({"--topic", "web", "--input", "/a", "--from", "middle"}).ok());
  EXPECT_FALSE(Read({"--topic", "web", "--input", "/a[", "--from", "end"}).ok());
  EXPECT_FALSE(Read({"--topic", "web", "--input", "/a", "--agent-id", "has space"}).ok());
  const auto codec = Read({"--topic", "web", "--input", "/a", "--set", "agent.compression=gzip"});
  ASSERT_FALSE(codec.ok());
  EXPECT_NE(codec.error().message.find("agent.compression"), std::string::npos);
  EXPECT_FALSE(
      Read({"--topic", "web", "--input", "/a", "--set", "agent.max_line_bytes=1000001"}).ok());
  EXPECT_TRUE(
      Read({"--topic", "web", "--input", "/a", "--set", "agent.max_line_bytes=1000000"}).ok());
}

Result<Configuration> Set(const std::vector<const char*>& settings) {
  std::vector<const char*> flags = {"--topic", "web", "--input", "/a"};
  for (const char* setting : settings) flags.insert(flags.end(), {"--set", setting});
  return Read(flags);
}

std::string Refused(const std::vector<const char*>& settings) {
  const auto read = Set(settings);
  return read.ok() ? std::string() : read.error().message;
}

TEST(Configuration, BinaryFilesAreSkippedUnlessTheyAreToBeRead) {
  EXPECT_EQ(Set({})->options.inputs[0].binary, BinaryFiles::kSkip);
  EXPECT_EQ(Set({"input.binary=read"})->options.inputs[0].binary, BinaryFiles::kRead);
  EXPECT_NE(Refused({"input.binary=maybe"}).find("binary"), std::string::npos);
}

TEST(Configuration, WhatAnAgentMayTakeOfItsMachine) {
  const auto made =
      Set({"agent.throttle=5MiB", "input.throttle=1kB", "agent.nice=10", "agent.io_class=idle",
           "agent.cpu_max_percent=25", "agent.memory_max=64MiB"});
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->options.throttle, 5 << 20);
  EXPECT_EQ(made->options.inputs[0].throttle, 1'000);
  EXPECT_EQ(made->nice, 10);
  EXPECT_EQ(made->io_class, daemon::IoClass::kIdle);
  EXPECT_EQ(made->options.cpu_max_percent, 25);
  EXPECT_EQ(made->options.memory_max, 64 << 20);
  EXPECT_EQ(Set({})->options.throttle, 0);
  EXPECT_FALSE(Set({})->io_class.has_value());
  EXPECT_EQ(Refused({"agent.nice=19", "agent.memory_max=32MiB", "agent.cpu_max_percent=6400"}), "");
  EXPECT_NE(Refused({"agent.nice=20"}).find("agent.nice"), std::string::npos);
  EXPECT_NE(Refused({"agent.io_class=realtime"}).find("agent.io_class"), std::string::npos);
  EXPECT_NE(Refused({"agent.memory_max=33554431"}).find("agent.memory_max"), std::string::npos);
  EXPECT_NE(Refused({"agent.cpu_max_percent=6401"}).find("agent.cpu_max"), std::string::npos);
}

TEST(Reload, TakesWhatMayChangeAndNamesWhatMayNot) {
  const auto running = Set({"agent.id=one", "agent.linger=1s"});
  const auto read = Set({"agent.id=two", "agent.linger=2s", "agent.state_dir=/other",
                         "agent.broker=tcp://other:1", "metrics.listen=127.0.0.1:1", "agent.nice=3",
                         "agent.io_class=idle"});
  ASSERT_TRUE(running.ok() && read.ok());
  const Reloaded reloaded = Reload(*running, *read);
  EXPECT_EQ(reloaded.kept,
            (std::vector<std::string>{"agent.id", "agent.state_dir", "agent.broker",
                                      "metrics.listen", "agent.nice", "agent.io_class"}));
  EXPECT_EQ(reloaded.configuration.options.agent_id, "one");
  EXPECT_EQ(reloaded.configuration.broker, running->broker);
  EXPECT_EQ(reloaded.configuration.options.linger, std::chrono::seconds(2));
  EXPECT_TRUE(Reload(*running, *running).kept.empty());
}

TEST(Configuration, WhatAnInputMakesOfItsLinesIsCheckedByItsKey) {
  EXPECT_EQ(Refused({"input.parser=json", "input.fields=[\"a\"]", "input.time=line",
                     "input.time_format=%d.%m.%Y", "input.time_zone=Europe/Berlin",
                     "input.level=true", "input.path_labels=/(?P<x>.*)"}),
            "");
  EXPECT_NE(Refused({"input.parser=xml"}).find("parser"), std::string::npos);
  EXPECT_NE(Refused({"input.parser=regex", "input.pattern=a("}).find("pattern"), std::string::npos);
  EXPECT_NE(Refused({"input.pattern=(?P<a>.)"}).find("pattern"), std::string::npos);
  EXPECT_NE(Refused({"input.fields=[\"a\"]"}).find("fields"), std::string::npos);
  EXPECT_NE(Refused({"input.time=now"}).find("time"), std::string::npos);
  EXPECT_NE(Refused({"input.time_format=%Q"}).find("time_format"), std::string::npos);
  EXPECT_NE(Refused({"input.time_zone=Mars/Base"}).find("time_zone"), std::string::npos);
  EXPECT_NE(Refused({"input.path_labels=/a/(b)"}).find("path_labels"), std::string::npos);
  EXPECT_NE(Refused({"input.encoding=ebcdic"}).find("encoding"), std::string::npos);
  EXPECT_NE(Refused({"input.multiline=cobol"}).find("multiline"), std::string::npos);
  EXPECT_NE(Refused({"input.container=lxc"}).find("container"), std::string::npos);
  EXPECT_NE(Refused({"input.multiline_start=("}).find("multiline_start"), std::string::npos);
  EXPECT_NE(Refused({"input.multiline=java", "input.multiline_start=^a"}).find("multiline_start"),
            std::string::npos);
}

TEST(Configuration, WhatAnInputLeavesOutIsCheckedByItsKey) {
  const auto read =
      Read({"--topic", "web", "--input", "/a", "--set", "input.drop=DEBUG", "--set", "input.keep=a",
            "--set", "input.dedupe=true", "--set", "input.sample=10", "--set", "input.rate_limit=5",
            "--set", "input.redact=ip", "--set", "input.redact_key=k"});
  ASSERT_TRUE(read.ok()) << read.error().message;
  const Shaping& shaping = *read->options.inputs[0].shaping;
  EXPECT_EQ(shaping.drop.size(), 1U);
  EXPECT_EQ(shaping.keep.size(), 1U);
  EXPECT_TRUE(shaping.dedupe);
  EXPECT_EQ(shaping.sample, 10U);
  EXPECT_EQ(shaping.rate_limit->lines_per_second, 5);
  EXPECT_EQ(shaping.rate_limit->burst, 50);
  EXPECT_TRUE(shaping.redaction);
}

TEST(Configuration, WhatAnInputCanNotLeaveOutIsRefusedByItsKey) {
  for (const char* setting :
       {"input.drop=(", "input.keep=(", "input.sample=0", "input.rate_limit=-1",
        "input.rate_limit_burst=5", "input.redact=phone", "input.redact_patterns=(",
        "input.redact_key=k"}) {
    const std::string key(setting + 6, std::string(setting).find('=') - 6);
    EXPECT_NE(Refused({setting}).find(key), std::string::npos) << setting;
  }
}

}  // namespace
}  // namespace logboom::agent
