#include "broker/groups/assignor.h"

namespace logboom::broker {

std::string_view AssignorName(Assignor assignor) {
  return assignor == Assignor::kRange ? "range" : "sticky";
}

std::optional<Assignor> AssignorOf(std::string_view name) {
  for (const Assignor known : {Assignor::kRange, Assignor::kSticky}) {
    if (name == AssignorName(known)) return known;
  }
  return std::nullopt;
}

}  // namespace logboom::broker
