#include "tests/torture/driver/record_text.h"

#include "lib/base/random.h"

namespace logboom::torture {
namespace {

constexpr std::size_t kUsualBytes = 200;
constexpr std::size_t kLongBytes = 3000;
constexpr std::uint64_t kLongEvery = 8;

}  // namespace

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
