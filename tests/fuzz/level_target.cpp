#include <gtest/gtest.h>

#include "lib/parse/level.h"
#include "lib/parse/limits.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {

void Level(ByteView input) {
  const auto level = parse::DetectLevel(input);
  EXPECT_EQ(parse::DetectLevel(input.substr(0, parse::kLevelBytesMax + 1)), level);
  // What stands first counts, whatever follows.
  EXPECT_EQ(parse::DetectLevel("ERROR " + Bytes(input)), parse::Level::kError);
  EXPECT_EQ(parse::DetectLevel("level=warn " + Bytes(input)), parse::Level::kWarn);
  EXPECT_EQ(parse::DetectLevel("{\"level\":20," + Bytes(input)), parse::Level::kDebug);
  if (const auto named = parse::LevelFromText(input)) {
    EXPECT_EQ(parse::LevelFromText(parse::LevelName(*named)), named);
  }
}

}  // namespace logboom::fuzz
