// Zones of the tests' own: tests/data/zoneinfo.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "lib/file/posix_file_system.h"
#include "lib/parse/zone.h"

namespace logboom::parse {

inline constexpr std::string_view kTestZones = LOGBOOM_SOURCE_DIR "/tests/data/zoneinfo";

inline Zone TestZone(std::string_view name) {
  file::PosixFileSystem posix;
  auto zone = LoadZone(posix, name, kTestZones);
  EXPECT_TRUE(zone.ok()) << zone.error().message;
  return zone.ok() ? *std::move(zone) : Zone();
}

inline std::string TestZoneFile(std::string_view name) {
  file::PosixFileSystem posix;
  auto bytes = file::ReadWholeFile(posix, fmt::format("{}/{}", kTestZones, name), 1 << 20);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message;
  return bytes.ok() ? *std::move(bytes) : "";
}

}  // namespace logboom::parse
