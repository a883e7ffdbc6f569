// What an operator should look at, worst first: brokers that do not answer or say that something is
// wrong, groups that do not keep up, agents that are away or have errors.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gui/core/frame.h"

namespace logboom::gui {

enum class AttentionKind { kBroker, kGroup, kAgent };
enum class Severity { kWarning, kError };

struct AttentionRow {
  std::string key;
  AttentionKind kind = AttentionKind::kBroker;
  Severity severity = Severity::kError;
  std::string name;     // of the broker, group or agent
  std::string message;  // what is wrong
  std::optional<TimestampMs> since;
  bool stale = false;
};

std::vector<AttentionRow> FindAttention(const Frame& frame);
// "broker", "group", "agent"
std::string_view AttentionKindName(AttentionKind kind);

}  // namespace logboom::gui
