#include "lib/parse/zone.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "lib/file/memory_file_system.h"
#include "lib/parse/limits.h"
#include "tests/lib/parse/zones.h"

namespace logboom::parse {
namespace {

constexpr std::int64_t kHour = 3600;

TEST(Zone, AgreesWithAnotherLibraryOnEveryFigure) {
  std::istringstream figures(TestZoneFile("figures.txt"));
  std::map<std::string, Zone> zones;
  std::string kind;
  std::string name;
  std::int64_t at = 0;
  std::int64_t expected = 0;
  int count = 0;
  while (figures >> kind >> name >> at >> expected) {
    if (!zones.contains(name)) zones[name] = TestZone(name);
    const Zone& zone = zones[name];
    EXPECT_EQ(kind == "utc" ? zone.OffsetAt(at) : zone.ToUtc(at), expected)
        << kind << " " << name << " " << at;
    ++count;
  }
  EXPECT_EQ(zones.size(), 12U);
  EXPECT_GT(count, 1'900);
}

// The hour from 02:00 that Berlin has not on 2026-03-29, and has twice on 2026-10-25.
TEST(Zone, ASkippedHourCountsOnAndOneShownTwiceIsTheFirst) {
  const Zone berlin = TestZone("Europe/Berlin");
  const std::int64_t skip = 1'774'749'600;  // 2026-03-29 02:00 on the clock
  EXPECT_EQ(berlin.ToUtc(skip - 1), skip - 1 - kHour);
  EXPECT_EQ(berlin.ToUtc(skip + 1800), skip + 1800 - kHour);
  EXPECT_EQ(berlin.ToUtc(skip + kHour), skip + kHour - 2 * kHour);
  const std::int64_t twice = 1'792'893'600;  // 2026-10-25 02:00 on the clock
  EXPECT_EQ(berlin.ToUtc(twice), twice - 2 * kHour);
  EXPECT_EQ(berlin.ToUtc(twice + kHour - 1), twice + kHour - 1 - 2 * kHour);
  EXPECT_EQ(berlin.ToUtc(twice + kHour), twice + kHour - kHour);
}

TEST(Zone, WithoutAFileIsFixed) {
  file::MemoryFileSystem empty;
  const auto offset = [&](std::string_view name) { return LoadZone(empty, name)->OffsetAt(0); };
  EXPECT_EQ(offset("UTC"), 0);
  EXPECT_EQ(offset("Z"), 0);
  EXPECT_EQ(offset("+01:00"), 3600);
  EXPECT_EQ(offset("-0730"), -27000);
  EXPECT_EQ(offset("+14"), 50400);
  EXPECT_EQ(Zone().ToUtc(5), 5);
  EXPECT_EQ(Zone::Fixed(3600).ToUtc(3600), 0);
}

TEST(Zone, LocalIsTheMachinesAndUtcWhereItHasNone) {
  file::MemoryFileSystem machine;
  EXPECT_EQ(LoadZone(machine, "local")->OffsetAt(0), 0);
  ASSERT_TRUE(machine.CreateDirectories("/etc").ok());
  ASSERT_TRUE(
      file::ReplaceFile(machine, std::string(kLocalZoneFile), TestZoneFile("Europe/Berlin")).ok());
  EXPECT_EQ(LoadZone(machine, "local")->OffsetAt(1'782'900'000), 7200);
}

TEST(Zone, RefusesWhatIsNoneAndSaysWhatIs) {
  file::PosixFileSystem posix;
  const auto why = [&](std::string_view name) {
    const auto zone = LoadZone(posix, name, kTestZones);
    return zone.ok() ? std::string("taken") : zone.error().message;
  };
  EXPECT_TRUE(why("Europe/Berln").starts_with("there is no time zone 'Europe/Berln' in "));
  for (const std::string_view name : {"", "../zoneinfo/Europe/Berlin", "/etc/localtime",
                                      "Europe/../Europe/Berlin", "+25:00", "+1", "Europe Berlin"}) {
    EXPECT_EQ(why(name), fmt::format("'{}' is no time zone: write a name of the tz database "
                                     "(Europe/Berlin), an offset (+01:00), UTC, or local",
                                     name));
  }
  EXPECT_NE(why(std::string(kZoneNameBytesMax, 'a')), why(std::string(kZoneNameBytesMax + 1, 'a')));
  EXPECT_TRUE(why("README").starts_with("there is no time zone"));
  EXPECT_FALSE(LoadZone(posix, "Europe", kTestZones).ok());
}

TEST(Zone, AFileThatIsBrokenIsAnError) {
  const std::string whole = TestZoneFile("Europe/Berlin");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Zone::FromTzif(std::string_view(whole).substr(0, size)).ok()) << size;
  }
  const auto with = [&](std::size_t at, char byte) {
    std::string changed = whole;
    changed[at] = byte;
    const auto zone = Zone::FromTzif(changed);
    return zone.ok() ? "taken" : zone.error().message;
  };
  EXPECT_EQ(with(0, 'X'), "not a time zone's file (TZif): it does not begin with TZif");
  EXPECT_EQ(with(4, '\0'), "a time zone's file of version 1: 2 or later is needed");
  EXPECT_EQ(
      with(whole.size() - 2, 'x'),
      "not a time zone's file (TZif): its last line is no rule: 'CET-1CEST,M3.5.0,M10.5.0/x'");
  const std::size_t second = whole.find("TZif", 1);
  ASSERT_NE(second, std::string::npos);
  EXPECT_EQ(with(second + 31, '\1'), "a zone that counts leap seconds: name it without right/");
  const std::size_t times = second + 44;
  EXPECT_EQ(with(times + 8, '\x80'), "not a time zone's file (TZif): its changes are not in order");
  const std::size_t types = times + std::size_t{8} * 144;
  EXPECT_EQ(with(types, '\x20'),
            "not a time zone's file (TZif): a change to an offset that is not there");
}

TEST(Zone, AFileAboveTheLimitIsNotRead) {
  file::MemoryFileSystem machine;
  ASSERT_TRUE(machine.CreateDirectories("/z").ok());
  ASSERT_TRUE(file::ReplaceFile(machine, "/z/Big", std::string(kZoneFileBytesMax + 1, 'x')).ok());
  EXPECT_EQ(LoadZone(machine, "Big", "/z").error().code, ErrorCode::kLimit);
  ASSERT_TRUE(file::ReplaceFile(machine, "/z/Big", std::string(kZoneFileBytesMax, 'x')).ok());
  EXPECT_EQ(LoadZone(machine, "Big", "/z").error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace logboom::parse
