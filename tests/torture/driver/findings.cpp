#include "tests/torture/driver/findings.h"

#include <fmt/format.h>

#include <utility>

namespace logboom::torture {

std::string FaultName(Fault fault) {
  switch (fault) {
    case Fault::kLost: return "lost";
    case Fault::kDoubled: return "doubled";
    case Fault::kOutOfOrder: return "out of order";
    case Fault::kReused: return "offsets or positions reused";
    case Fault::kStale: return "stale";
    case Fault::kUnknown: return "unknown";
    case Fault::kBroken: return "broken";
  }
  return "";
}

void Findings::Add(Fault fault, std::string text) {
  ++counts_[fault];
  if (texts_.size() < kTextsMax) {
    texts_.push_back(fmt::format("{}: {}", FaultName(fault), std::move(text)));
  }
}

std::uint64_t Findings::count(Fault fault) const {
  auto found = counts_.find(fault);
  return found == counts_.end() ? 0 : found->second;
}

std::string Findings::Summary() const {
  std::string summary;
  for (Fault fault : {Fault::kLost, Fault::kDoubled, Fault::kOutOfOrder, Fault::kReused,
                      Fault::kStale, Fault::kUnknown, Fault::kBroken}) {
    summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", count(fault), FaultName(fault));
  }
  return summary;
}

}  // namespace logboom::torture
