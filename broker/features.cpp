#include "broker/features.h"

#include <cstdint>
#include <optional>

#include "broker/storage/superblock.h"

namespace logboom::broker {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kHelp =
    "usage: logboom-broker features list --data-dir DIR\n"
    "       logboom-broker features enable NAME --data-dir DIR\n";

struct Words {
  std::string verb;
  std::string name;
  std::string data_directory;
};

std::optional<Words> Parse(const std::vector<std::string>& words) {
  constexpr std::string_view kFlag = "--data-dir";
  Words parsed;
  std::vector<std::string> plain;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("--data-dir=")) {
      parsed.data_directory = words[i].substr(kFlag.size() + 1);
    } else if (words[i] == kFlag && i + 1 < words.size()) {
      parsed.data_directory = words[++i];
    } else {
      plain.push_back(words[i]);
    }
  }
  if (plain.empty() || parsed.data_directory.empty()) return std::nullopt;
  parsed.verb = plain[0];
  if (parsed.verb == "list" && plain.size() == 1) return parsed;
  if (parsed.verb != "enable" || plain.size() != 2) return std::nullopt;
  parsed.name = plain[1];
  return parsed;
}

std::string List(const Superblock& superblock) {
  const FeatureFlags& flags = superblock.features;
  std::string text = "This program knows no feature beyond the first format.\n";
  if (flags != FeatureFlags{}) {
    text += fmt::format("The directory uses others, compatible ones: {:#x}\n", flags.compatible);
  }
  return text;
}

}  // namespace

FeaturesOutcome RunFeatures(file::FileSystem& fs, const std::vector<std::string>& words) {
  const std::optional<Words> parsed = Parse(words);
  if (!parsed) return {kUsage, kHelp};
  const Result<Superblock> superblock = ReadSuperblock(fs, parsed->data_directory);
  if (!superblock.ok()) return {kFailed, superblock.error().message + "\n"};
  if (parsed->verb == "list") return {0, List(*superblock)};
  return {kFailed, fmt::format("there is no feature '{}': this program knows none beyond the first "
                               "format\n",
                               parsed->name)};
}

}  // namespace logboom::broker
