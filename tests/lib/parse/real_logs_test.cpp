// Lines of real systems: tests/data/logs.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "lib/file/posix_file_system.h"
#include "lib/parse/level.h"
#include "lib/parse/timestamp.h"
#include "lib/record/codec.h"
#include "tests/lib/parse/parsed.h"

namespace logboom::parse {
namespace {

constexpr TimestampMs kNow{1'795'428'000'000};
constexpr std::size_t kLogBytesMax = 16 << 20;
const std::filesystem::path kLogs = LOGBOOM_SOURCE_DIR "/tests/data/logs";

std::string ReadLog(const std::filesystem::path& path) {
  file::PosixFileSystem posix;
  auto bytes = file::ReadWholeFile(posix, path, kLogBytesMax);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message;
  return bytes.ok() ? *std::move(bytes) : "";
}

std::string ReadWindowsEvents() {
  Bytes events;
  const auto status = record::Decompressor().Decompress(
      record::Codec::kZstd, ReadLog(kLogs / "windows/security-events.json.zst"), kLogBytesMax,
      events);
  EXPECT_TRUE(status.ok()) << status.error().message;
  return events;
}

template <typename Each>
int ForEachLine(std::string_view text, Each each) {
  int lines = 0;
  for (std::size_t at = 0; at < text.size(); ++lines) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    each(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

void ExpectSameTexts(const nlohmann::json& object, const Fields& fields) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_string()) {
      EXPECT_EQ(fields.Find(name), value.get<std::string>()) << name;
    }
  }
}

TEST(RealLogs, WindowsEventsAreReadWithTimesAndLevels) {
  const auto json = Made("json");
  const TimeParser times = *TimeParser::Make("auto", Zone());
  Fields fields;
  std::map<std::string_view, int> levels;
  const std::string events = ReadWindowsEvents();
  const int lines = ForEachLine(events, [&](std::string_view line) {
    ASSERT_TRUE(json->Parse(line, fields)) << line;
    ExpectSameTexts(nlohmann::json::parse(line), fields);
    const auto time = times.Parse(FindTime(fields).value_or(""), kNow);
    ASSERT_TRUE(time);
    EXPECT_GT(time->value(), 1'600'000'000'000);
    EXPECT_LT(time->value(), 1'610'000'000'000);
    ++levels[LevelName(LevelOf(fields).value_or(Level::kTrace))];
  });
  EXPECT_EQ(lines, 2'127);
  EXPECT_EQ(levels, (std::map<std::string_view, int>{{"info", 2'126}, {"error", 1}}));
}

TEST(RealLogs, CloudTrailIsReadWithItsObjectsInObjects) {
  const auto json = Made("json");
  Fields fields;
  const std::string trail =
      ReadLog(kLogs / "cloud/ec2_proxy_s3_exfiltration_2020-09-14011940.json");
  const int lines = ForEachLine(trail, [&](std::string_view line) {
    ASSERT_TRUE(json->Parse(line, fields)) << line;
    EXPECT_TRUE(fields.Find("userIdentity.type")) << line;
  });
  EXPECT_EQ(lines, 103);
}

TEST(RealLogs, AuditRecordsAreLogfmt) {
  const auto logfmt = Made("logfmt");
  Fields fields;
  int lines = 0;
  for (const char* const name :
       {"sh_arp_cache_2020-11-10074812.log", "sh_binary_padding_dd_2020-11-10081941.log"}) {
    lines += ForEachLine(ReadLog(kLogs / "cloud" / name), [&](std::string_view line) {
      ASSERT_TRUE(logfmt->Parse(line, fields)) << line;
      EXPECT_TRUE(fields.Find("type"));
      EXPECT_TRUE(fields.Find("msg")->starts_with("audit(16049"));
      EXPECT_EQ(DetectLevel(line), std::nullopt) << line;
    });
  }
  EXPECT_EQ(lines, 18);
}

// A network's log says times in seconds, and no levels; "-" and "ERROR" of its protocols are none.
TEST(RealLogs, NetworkLogsHaveTimesAndNoLevels) {
  const TimeParser times = *TimeParser::Make("auto", Zone());
  int lines = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kLogs / "zeek")) {
    lines += ForEachLine(ReadLog(entry.path()), [&](std::string_view line) {
      const auto time = times.ParseAtStart(line, kNow);
      EXPECT_EQ(time.has_value(), !line.starts_with('#')) << line;
      if (time) {
        EXPECT_EQ(time->value() / 100'000'000'000, 16) << line;
      }
      EXPECT_EQ(DetectLevel(line), std::nullopt) << line;
    });
  }
  EXPECT_EQ(lines, 10'900);
}

// Other kinds of lines are told apart, all of them.
TEST(RealLogs, AreNotTakenForWhatTheyAreNot) {
  const std::string events = ReadWindowsEvents();
  const std::string bucket = ReadLog(kLogs / "cloud/AWS_S3_HoneyBucketLogs.csv");
  Fields fields;
  for (const char* const kind : {"logfmt", "syslog", "nginx", "klog"}) {
    const auto parser = Made(kind);
    ForEachLine(events, [&](std::string_view line) { EXPECT_FALSE(parser->Parse(line, fields)); });
    ForEachLine(bucket, [&](std::string_view line) { EXPECT_FALSE(parser->Parse(line, fields)); });
  }
}

}  // namespace
}  // namespace logboom::parse
