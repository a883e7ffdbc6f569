#include "lib/segment/names.h"

#include <charconv>
#include <system_error>

#include "lib/base/check.h"

namespace logboom::segment {
namespace {

constexpr std::size_t kDigits = 20;

}  // namespace

std::string FormatSegmentFileName(Offset base_offset, std::string_view suffix) {
  CHECK(base_offset.value() >= 0);
  return fmt::format("{:020}{}", base_offset.value(), suffix);
}

std::string SegmentPath(const std::string& directory, Offset base_offset, std::string_view suffix) {
  return fmt::format("{}/{:020}{}", directory, base_offset.value(), suffix);
}

std::optional<SegmentFileName> ParseSegmentFileName(std::string_view name) {
  if (name.size() <= kDigits + 1 || name[kDigits] != '.') return std::nullopt;
  if (name.find_first_not_of("0123456789") != kDigits) return std::nullopt;
  std::int64_t base = 0;
  const std::from_chars_result parsed = std::from_chars(name.data(), name.data() + kDigits, base);
  if (parsed.ec != std::errc()) return std::nullopt;
  return SegmentFileName{.base_offset = Offset(base), .suffix = name.substr(kDigits)};
}

}  // namespace logboom::segment
