#include "lib/parse/zone.h"

#include <algorithm>

#include "lib/file/file_system.h"
#include "lib/parse/limits.h"
#include "lib/parse/scanner.h"
#include "lib/parse/time_patterns.h"

namespace logboom::parse {
namespace {

bool IsZoneName(std::string_view name) {
  const auto allowed = [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '_' || c == '-' || c == '+' || c == '/';
  };
  return !name.empty() && name.size() <= kZoneNameBytesMax && IsLetter(name.front()) &&
         std::all_of(name.begin(), name.end(), allowed);
}

constexpr std::string_view kWhatToWrite =
    "write a name of the tz database (Europe/Berlin), an offset (+01:00), UTC, or local";

std::optional<Zone> OffsetZone(std::string_view name) {
  Scanner in(name);
  const auto offset = TakeOffset(in);
  if (!offset || !in.done()) return std::nullopt;
  return Zone::Fixed(*offset);
}

Result<Zone> LoadFile(file::FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes bytes, file::ReadWholeFile(fs, path, kZoneFileBytesMax));
  auto zone = Zone::FromTzif(bytes);
  if (!zone.ok()) return zone.error().Within(path);
  return zone;
}

}  // namespace

Zone Zone::Fixed(std::int32_t offset_s) {
  Zone zone;
  zone.first_offset_s_ = offset_s;
  return zone;
}

std::int32_t Zone::OffsetAt(std::int64_t utc_s) const {
  const auto next =
      std::upper_bound(changes_.begin(), changes_.end(), utc_s,
                       [](std::int64_t at, const Change& change) { return at < change.utc_s; });
  if (next == changes_.end() && rule_) return rule_->OffsetAt(utc_s);
  return next == changes_.begin() ? first_offset_s_ : std::prev(next)->offset_s;
}

std::int64_t Zone::ToUtc(std::int64_t local_s) const {
  const auto next =
      std::upper_bound(changes_.begin(), changes_.end(), local_s,
                       [](std::int64_t at, const Change& change) { return at < change.local_s; });
  if (next == changes_.end() && rule_) return local_s - rule_->OffsetAtLocal(local_s);
  return local_s - (next == changes_.begin() ? first_offset_s_ : std::prev(next)->offset_s);
}

Result<Zone> LoadZone(file::FileSystem& fs, std::string_view name, std::string_view directory) {
  if (name == "UTC") return Zone();
  if (const auto fixed = OffsetZone(name)) return *fixed;
  if (name == "local") {
    auto zone = LoadFile(fs, std::string(kLocalZoneFile));
    if (!zone.ok() && zone.error().code == ErrorCode::kNotFound) return Zone();
    return zone;
  }
  if (!IsZoneName(name)) {
    return Fail(ErrorCode::kInvalid, "'{}' is no time zone: {}", name, kWhatToWrite);
  }
  auto zone = LoadFile(fs, fmt::format("{}/{}", directory, name));
  if (zone.ok() || zone.error().code != ErrorCode::kNotFound) return zone;
  return Fail(ErrorCode::kNotFound,
              "there is no time zone '{}' in {}: {}; names are files of the package tzdata", name,
              directory, kWhatToWrite);
}

}  // namespace logboom::parse
