#include <gtest/gtest.h>

#include "lib/daemon/config_builder.h"
#include "lib/daemon/config_toml.h"
#include "lib/daemon/units.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {
namespace {

using daemon::KeyType;

// Static: a ConfigBuilder keeps a reference.
const std::vector<daemon::KeySpec>& Keys() {
  static const std::vector<daemon::KeySpec> keys = {
      {.name = "text"},
      {.name = "section.number", .type = KeyType::kInt, .default_text = "7", .max = 1'000},
      {.name = "section.flag", .type = KeyType::kBool, .default_text = "true"},
      {.name = "time", .type = KeyType::kDuration, .default_text = "1h"},
      {.name = "size", .type = KeyType::kBytes, .default_text = "1 MiB"},
      {.name = "list", .type = KeyType::kStringList},
      {.name = "map", .type = KeyType::kStringMap},
      {.name = "input",
       .type = KeyType::kTables,
       .table = {{.name = "include", .type = KeyType::kStringList, .required = true},
                 {.name = "topic"},
                 {.name = "labels", .type = KeyType::kStringMap}}},
  };
  return keys;
}

Result<daemon::Config> Load(std::string_view text) {
  daemon::ConfigBuilder builder(Keys());
  RETURN_IF_ERROR(daemon::MergeToml(text, "a.toml", builder));
  return builder.Finish("", "a.toml");
}

// What a configuration shows, without where each value came from.
std::string Values(const daemon::Config& config) {
  std::string values;
  const std::string text = config.ToToml();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string_view line = std::string_view(text).substr(at, end - at);
    values += fmt::format("{}\n", line.substr(0, line.rfind("  # ")));
    at = end + 1;
  }
  return values;
}

void LoadsWhatItShows(ByteView input) {
  const auto config = Load(input);
  if (!config.ok()) {
    EXPECT_FALSE(config.error().message.empty());
    return;
  }
  const auto again = Load(config->ToToml());
  ASSERT_TRUE(again.ok()) << again.error().message << "\n" << config->ToToml();
  EXPECT_EQ(Values(*again), Values(*config));
}

void Units(ByteView input) {
  if (const auto duration = daemon::ParseDuration(input)) {
    EXPECT_EQ(daemon::ParseDuration(daemon::FormatDuration(*duration)), *duration);
  }
  if (const auto count = daemon::ParseByteCount(input)) {
    EXPECT_EQ(daemon::ParseByteCount(daemon::FormatByteCount(*count)), *count);
  }
}

}  // namespace

void Config(ByteView input) {
  LoadsWhatItShows(input);
  Units(input);
}

}  // namespace logboom::fuzz
