#include "lib/parse/level.h"

#include <algorithm>
#include <array>

#include "lib/parse/level_words.h"
#include "lib/parse/scanner.h"

namespace logboom::parse {
namespace {

struct NamedLevel {
  std::string_view name;
  Level level;
};

// Sorted by name.
constexpr NamedLevel kNames[] = {
    {"alert", Level::kFatal},        {"crit", Level::kFatal},      {"critical", Level::kFatal},
    {"dbg", Level::kDebug},          {"debug", Level::kDebug},     {"dpanic", Level::kFatal},
    {"emerg", Level::kFatal},        {"emergency", Level::kFatal}, {"err", Level::kError},
    {"error", Level::kError},        {"fatal", Level::kFatal},     {"fine", Level::kDebug},
    {"finer", Level::kTrace},        {"finest", Level::kTrace},    {"ftl", Level::kFatal},
    {"inf", Level::kInfo},           {"info", Level::kInfo},       {"information", Level::kInfo},
    {"informational", Level::kInfo}, {"note", Level::kInfo},       {"notice", Level::kInfo},
    {"panic", Level::kFatal},        {"severe", Level::kError},    {"trace", Level::kTrace},
    {"trc", Level::kTrace},          {"verbose", Level::kTrace},   {"vrb", Level::kTrace},
    {"warn", Level::kWarn},          {"warning", Level::kWarn},    {"wrn", Level::kWarn}};
static_assert(std::is_sorted(std::begin(kNames), std::end(kNames),
                             [](const NamedLevel& a, const NamedLevel& b) {
                               return a.name < b.name;
                             }));
constexpr std::size_t kNameBytesMin = 3;
constexpr std::size_t kNameBytesMax = 13;

constexpr std::array<Level, 8> kOfSyslog = {Level::kFatal, Level::kFatal, Level::kFatal,
                                            Level::kError, Level::kWarn,  Level::kInfo,
                                            Level::kInfo,  Level::kDebug};
constexpr std::array<Level, 6> kOfPino = {Level::kTrace, Level::kDebug, Level::kInfo,
                                          Level::kWarn,  Level::kError, Level::kFatal};

constexpr std::string_view kKeys[] = {
    "level",      "severity", "lvl", "loglevel",      "log_level",    "log.level", "levelname",
    "level_name", "@level",   "@l",  "severity_text", "severitytext", "priority"};

std::optional<Level> LevelFromLetter(char letter) {
  switch (ToLower(letter)) {
    case 'v':
    case 't': return Level::kTrace;
    case 'd': return Level::kDebug;
    case 'i': return Level::kInfo;
    case 'w': return Level::kWarn;
    case 'e': return Level::kError;
    case 'f': return Level::kFatal;
    default: return std::nullopt;
  }
}

std::optional<Level> LevelFromNumber(ByteView text) {
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '7') {
    return kOfSyslog[static_cast<std::size_t>(text[0] - '0')];
  }
  if (text.size() == 2 && text[0] >= '1' && text[0] <= '6' && text[1] == '0') {
    return kOfPino[static_cast<std::size_t>(text[0] - '1')];
  }
  return std::nullopt;
}

}  // namespace

std::optional<Level> LevelFromName(ByteView text) {
  if (text.size() < kNameBytesMin || text.size() > kNameBytesMax) return std::nullopt;
  std::array<char, kNameBytesMax> lower;
  std::transform(text.begin(), text.end(), lower.begin(), ToLower);
  const std::string_view name(lower.data(), text.size());
  const auto* const found =
      std::lower_bound(std::begin(kNames), std::end(kNames), name,
                       [](const NamedLevel& a, std::string_view b) { return a.name < b; });
  if (found == std::end(kNames) || found->name != name) return std::nullopt;
  return found->level;
}

Level LevelFromPriority(int priority) {
  return kOfSyslog[static_cast<std::size_t>(priority) % kOfSyslog.size()];
}

bool IsLevelKey(ByteView word) {
  constexpr std::string_view kFirstLetters = "lsp@";
  if (word.size() < 2 || kFirstLetters.find(ToLower(word[0])) == std::string_view::npos) {
    return false;
  }
  return std::any_of(std::begin(kKeys), std::end(kKeys),
                     [word](std::string_view key) { return EqualsIgnoringCase(word, key); });
}

std::string_view LevelName(Level level) {
  constexpr std::string_view kLevelNames[] = {"trace", "debug", "info", "warn", "error", "fatal"};
  return kLevelNames[static_cast<std::size_t>(level)];
}

std::optional<Level> LevelFromText(ByteView text) {
  if (const auto level = LevelFromName(text)) return level;
  if (const auto level = LevelFromNumber(text)) return level;
  return text.size() == 1 ? LevelFromLetter(text[0]) : std::nullopt;
}

std::optional<Level> LevelOf(const Fields& fields) {
  for (const Field& field : fields) {
    if (!IsLevelKey(field.name)) continue;
    if (const auto level = LevelFromText(field.value)) return level;
  }
  return std::nullopt;
}

}  // namespace logboom::parse
