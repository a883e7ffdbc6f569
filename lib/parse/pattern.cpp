#include "lib/parse/pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "lib/parse/limits.h"
#include "lib/parse/regex_parser.h"

namespace logboom::parse {

Result<std::unique_ptr<re2::RE2>> CompileRegex(std::string_view pattern) {
  if (pattern.size() > kRegexBytesMax) {
    return Fail(ErrorCode::kLimit, "a pattern of {} bytes is above the limit of {}: '{}...'",
                pattern.size(), kRegexBytesMax, pattern.substr(0, 80));
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemoryBytesMax);
  auto regex = std::make_unique<RE2>(WithNamesOfRe2(pattern), options);
  if (regex->ok()) return regex;
  return Fail(ErrorCode::kInvalid, "the pattern '{}' is not one of RE2's: {}", pattern,
              regex->error());
}

Pattern::Pattern(std::unique_ptr<re2::RE2> regex) : regex_(std::move(regex)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::Make(std::string_view pattern) {
  ASSIGN_OR_RETURN(auto regex, CompileRegex(pattern));
  return Pattern(std::move(regex));
}

bool Pattern::IsIn(ByteView text) const {
  return regex_->Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

std::optional<ByteView> Pattern::Find(ByteView text, std::size_t from) const {
  std::array<re2::StringPiece, 2> parts;
  const int parts_used = regex_->NumberOfCapturingGroups() > 0 ? 2 : 1;
  while (from <= text.size() && regex_->Match({text.data(), text.size()}, from, text.size(),
                                              RE2::UNANCHORED, parts.data(), parts_used)) {
    const re2::StringPiece& found = parts[1].data() != nullptr ? parts[1] : parts[0];
    if (!found.empty()) return ByteView(found.data(), found.size());
    const auto end = static_cast<std::size_t>(parts[0].end() - text.data());
    from = std::max(end, from + 1);
  }
  return std::nullopt;
}

}  // namespace logboom::parse
