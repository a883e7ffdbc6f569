#include "agent/streams/own_units.h"

#include <algorithm>
#include <array>
#include <utility>

namespace logboom::agent {
namespace {

constexpr std::array<std::string_view, 3> kPrograms = {"logboom-agent", "logboom-broker",
                                                       "logboom-exporter"};
constexpr std::string_view kServiceSuffix = ".service";
constexpr std::int64_t kSecondUs = 1'000'000;

}  // namespace

bool OwnUnits::MustDrop(std::string_view unit, std::int64_t time_us) {
  if (unit.ends_with(kServiceSuffix)) unit.remove_suffix(kServiceSuffix.size());
  if (std::find(kPrograms.begin(), kPrograms.end(), unit) == kPrograms.end()) return false;
  const std::int64_t second = time_us / kSecondUs;
  const auto [last, is_first] = last_second_.try_emplace(std::string(unit), second);
  if (is_first) return false;
  // A clock that was set back begins anew.
  return std::exchange(last->second, second) == second;
}

}  // namespace logboom::agent
