#include "lib/segment/checked_text.h"

#include <charconv>

#include "lib/record/crc32c.h"

namespace logboom::segment {
namespace {

constexpr std::string_view kCrcKey = "crc32c: ";
constexpr std::size_t kCrcLineBytes = 8 + 8 + 1;

std::string CrcLine(std::string_view body) {
  return fmt::format("{}{:08x}\n", kCrcKey, record::Crc32c(body));
}

}  // namespace

std::string FormatCheckedText(const TextFields& fields) {
  std::string text;
  for (const auto& [key, value] : fields) text += fmt::format("{}: {}\n", key, value);
  return text + CrcLine(text);
}

Result<TextFields> ParseCheckedText(std::string_view text) {
  if (text.size() < kCrcLineBytes) return Fail(ErrorCode::kCorrupt, "ends early");
  std::string_view body = text.substr(0, text.size() - kCrcLineBytes);
  if (text.substr(body.size()) != CrcLine(body)) {
    return Fail(ErrorCode::kCorrupt, "checksum line is missing or wrong");
  }
  TextFields fields;
  while (!body.empty()) {
    const std::string_view line = body.substr(0, body.find('\n'));
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) return Fail(ErrorCode::kCorrupt, "line without a colon");
    fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    body.remove_prefix(std::min(line.size() + 1, body.size()));
  }
  return fields;
}

Result<std::string> FieldText(const TextFields& fields, std::string_view key) {
  for (const auto& [name, value] : fields) {
    if (name == key) return value;
  }
  return Fail(ErrorCode::kCorrupt, "no line '{}'", key);
}

Result<std::int64_t> FieldNumber(const TextFields& fields, std::string_view key, std::int64_t max) {
  ASSIGN_OR_RETURN(const std::string text, FieldText(fields, key));
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const std::from_chars_result parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number < 0 || number > max) {
    return Fail(ErrorCode::kCorrupt, "'{}' is '{}', not a number from 0 to {}", key, text, max);
  }
  return number;
}

}  // namespace logboom::segment
