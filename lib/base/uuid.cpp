#include "lib/base/uuid.h"

#include "lib/base/random.h"

namespace logboom {

Uuid Uuid::Make(Random& random) {
  Uuid id;
  std::uint64_t halves[2] = {random.Next(), random.Next()};
  std::memcpy(id.bytes_.data(), halves, kSize);
  // RFC 4122: version 4, variant 1.
  id.bytes_[6] = static_cast<char>((static_cast<unsigned char>(id.bytes_[6]) & 0x0FU) | 0x40U);
  id.bytes_[8] = static_cast<char>((static_cast<unsigned char>(id.bytes_[8]) & 0x3FU) | 0x80U);
  return id;
}

std::optional<Uuid> Uuid::FromBytes(ByteView bytes) {
  if (bytes.size() != kSize) return std::nullopt;
  Uuid id;
  std::memcpy(id.bytes_.data(), bytes.data(), kSize);
  return id;
}

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool dash_here = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash_here != (text[i] == '-')) return std::nullopt;
    if (!dash_here) digits.push_back(text[i]);
  }
  auto bytes = FromHex(digits);
  if (!bytes) return std::nullopt;
  return FromBytes(*bytes);
}

std::string Uuid::ToString() const {
  std::string hex = ToHex(bytes());
  for (std::size_t dash : {20U, 16U, 12U, 8U}) hex.insert(dash, 1, '-');
  return hex;
}

}  // namespace logboom
