#include "lib/client/groups.h"

namespace logboom::client {

std::string_view GroupStateName(GroupState state) {
  switch (state) {
    case GroupState::kEmpty: return "empty";
    case GroupState::kStable: return "stable";
    case GroupState::kRebalancing: return "rebalancing";
  }
  return "unknown";
}

std::string_view LagStatusName(LagStatus status) {
  switch (status) {
    case LagStatus::kUnknown: return "unknown";
    case LagStatus::kOk: return "ok";
    case LagStatus::kWarn: return "warn";
    case LagStatus::kStall: return "stall";
    case LagStatus::kStop: return "stop";
    case LagStatus::kRewind: return "rewind";
  }
  return "unknown";
}

}  // namespace logboom::client
