#include "lib/protocol/names.h"

#include <algorithm>

#include "lib/protocol/limits.h"
#include "lib/protocol/text.h"

namespace logboom::protocol {

namespace {

bool IsTopicNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool IsVisibleAscii(char c) { return c > ' ' && c < '\x7f'; }

}  // namespace

Status CheckTopicName(std::string_view name) {
  if (name.empty()) return Fail(ErrorCode::kInvalid, "a topic name must not be empty");
  if (name.size() > kTopicNameBytesMax) {
    return Fail(ErrorCode::kInvalid, "topic name of {} characters: at most {} are allowed",
                name.size(), kTopicNameBytesMax);
  }
  if (name == "." || name == "..") {
    return Fail(ErrorCode::kInvalid, "topic name '{}' is not allowed", name);
  }
  const auto bad = std::find_if_not(name.begin(), name.end(), IsTopicNameCharacter);
  if (bad != name.end()) {
    return Fail(ErrorCode::kInvalid,
                "topic name '{}': only letters, digits, '.', '_' and '-' are allowed",
                VisibleText(name));
  }
  return Ok();
}

bool IsReservedTopicName(std::string_view name) { return name.starts_with("__"); }

Status CheckAgentId(std::string_view agent_id) {
  if (agent_id.empty()) return Fail(ErrorCode::kInvalid, "an agent id must not be empty");
  if (agent_id.size() > kAgentIdBytesMax) {
    return Fail(ErrorCode::kInvalid, "agent id of {} characters: at most {} are allowed",
                agent_id.size(), kAgentIdBytesMax);
  }
  if (!std::all_of(agent_id.begin(), agent_id.end(), IsVisibleAscii)) {
    return Fail(ErrorCode::kInvalid, "agent id '{}': only visible ASCII characters are allowed",
                VisibleText(agent_id));
  }
  return Ok();
}

Status CheckGroupName(std::string_view name) {
  if (name.empty()) return Fail(ErrorCode::kInvalid, "a group name must not be empty");
  if (name.size() > kGroupNameBytesMax) {
    return Fail(ErrorCode::kInvalid, "group name of {} bytes: at most {} are allowed", name.size(),
                kGroupNameBytesMax);
  }
  if (ValidUtf8(name) != name || VisibleText(name) != name) {
    return Fail(ErrorCode::kInvalid, "group name '{}': only UTF-8 without control bytes is allowed",
                VisibleText(name));
  }
  return Ok();
}

}  // namespace logboom::protocol
