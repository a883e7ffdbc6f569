#include "lib/parse/regex_parser.h"

#include <re2/re2.h>

#include <array>

#include "lib/parse/limits.h"
#include "lib/parse/pattern.h"

namespace logboom::parse {
namespace {

// Where a character class that opens at `at` ends: behind its bracket, or at the pattern's end.
std::size_t EndOfClass(std::string_view pattern, std::size_t at) {
  ++at;
  if (at < pattern.size() && pattern[at] == '^') ++at;
  if (at < pattern.size() && pattern[at] == ']') ++at;
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern.substr(at).starts_with("[:")) {
      const std::size_t end = pattern.find(":]", at);
      at = end == std::string_view::npos ? at + 1 : end + 2;
    } else {
      at += pattern[at] == '\\' ? 2U : 1U;
    }
  }
  return std::min(at + 1, pattern.size());
}

// Where what opens at `at` and holds no group ends: a class, an escape, \Q...\E, one byte.
std::size_t EndOfPlain(std::string_view pattern, std::size_t at) {
  if (pattern[at] == '[') return EndOfClass(pattern, at);
  if (pattern[at] != '\\') return at + 1;
  if (!pattern.substr(at).starts_with("\\Q")) return std::min(at + 2, pattern.size());
  const std::size_t end = pattern.find("\\E", at);
  return end == std::string_view::npos ? pattern.size() : end + 2;
}

bool OpensNamedGroup(std::string_view rest) {
  return rest.starts_with("(?<") && !rest.starts_with("(?<=") && !rest.starts_with("(?<!");
}

Error Refused(std::string_view pattern, std::string_view why) {
  return Fail(ErrorCode::kInvalid, "the pattern '{}' {}", pattern, why);
}

}  // namespace

std::string WithNamesOfRe2(std::string_view pattern) {
  std::string named;
  for (std::size_t at = 0; at < pattern.size();) {
    if (OpensNamedGroup(pattern.substr(at))) {
      named += "(?P<";
      at += 3;
      continue;
    }
    const std::size_t end = EndOfPlain(pattern, at);
    named += pattern.substr(at, end - at);
    at = end;
  }
  return named;
}

RegexParser::RegexParser(std::unique_ptr<re2::RE2> regex, std::vector<Group> groups)
    : regex_(std::move(regex)), groups_(std::move(groups)) {}

RegexParser::~RegexParser() = default;

Result<std::unique_ptr<Parser>> RegexParser::Make(std::string_view pattern) {
  ASSIGN_OR_RETURN(auto regex, CompileRegex(pattern));
  if (regex->NumberOfCapturingGroups() > static_cast<int>(kRegexGroupsMax)) {
    return Refused(pattern, fmt::format("has more than {} groups", kRegexGroupsMax));
  }
  std::vector<Group> groups;
  for (const auto& [number, name] : regex->CapturingGroupNames()) {
    groups.push_back({static_cast<std::size_t>(number), name});
  }
  if (groups.empty()) {
    return Refused(pattern, "names no group: write (?P<name>...) around each part that is a field");
  }
  return std::unique_ptr<Parser>(new RegexParser(std::move(regex), std::move(groups)));
}

bool RegexParser::Read(ByteView line, Fields& out) const {
  std::array<re2::StringPiece, kRegexGroupsMax + 1> parts;
  const std::size_t parts_used = groups_.back().number + 1;
  if (!regex_->Match({line.data(), line.size()}, 0, line.size(), RE2::UNANCHORED, parts.data(),
                     static_cast<int>(parts_used))) {
    return false;
  }
  for (const Group& group : groups_) {
    const re2::StringPiece& part = parts[group.number];
    if (part.data() != nullptr && !out.Add(group.name, {part.data(), part.size()})) return false;
  }
  return true;
}

}  // namespace logboom::parse
