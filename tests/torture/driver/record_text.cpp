#include "tests/torture/driver/record_text.h"

#include <string>

#include "lib/base/random.h"

namespace logboom::torture {
namespace {

constexpr std::size_t kUsualBytes = 200;
constexpr std::size_t kLongBytes = 3000;
constexpr std::uint64_t kLongEvery = 8;
constexpr std::uint64_t kFewKeys = 16;
constexpr std::uint64_t kManyKeys = 3000;
constexpr std::uint64_t kTombstoneEvery = 6;
// Draws of their own, whatever ValueOf() draws.
constexpr std::uint64_t kKeySeed = std::uint64_t{1} << 60;
constexpr std::uint64_t kTombstoneSeed = std::uint64_t{2} << 60;

}  // namespace

Bytes KeyOf(std::uint64_t number) {
  SeededRandom random(number + kKeySeed);
  const std::uint64_t keys = random.Below(2) == 0 ? kFewKeys : kManyKeys;
  return "key-" + std::to_string(random.Below(keys));
}

bool IsTombstone(std::uint64_t number) {
  return SeededRandom(number + kTombstoneSeed).Below(kTombstoneEvery) == 0;
}

Bytes ValueOf(std::uint64_t number) {
  SeededRandom random(number);
  const std::size_t bound = random.Below(kLongEvery) == 0 ? kLongBytes : kUsualBytes;
  const std::size_t words = random.Below(bound) / sizeof(std::uint64_t);
  Bytes value;
  ByteWriter writer(value);
  writer.Int(number);
  for (std::size_t i = 0; i < words; ++i) writer.Int(random.Next());
  return value;
}

std::optional<std::uint64_t> NumberOf(ByteView value) {
  if (value.size() < sizeof(std::uint64_t)) return std::nullopt;
  const auto number = LoadBig<std::uint64_t>(value.data());
  if (ValueOf(number) != value) return std::nullopt;
  return number;
}

}  // namespace logboom::torture
