// Which names topics, agents and groups may have. Functions without state; any thread.
#pragma once

#include <string_view>

#include "lib/base/result.h"

namespace logboom::protocol {

// [A-Za-z0-9._-]{1,249}, not "." or "..": kInvalid says what is wrong. Reserved names pass.
Status CheckTopicName(std::string_view name);

// Names that begin with "__" belong to Logboom itself (and to Kafka): users may read such topics,
// not make them.
bool IsReservedTopicName(std::string_view name);

// 1 to 255 printable ASCII characters other than space: what tables, metrics and paths can show.
Status CheckAgentId(std::string_view agent_id);

// UTF-8 of 1 to 249 bytes without control characters: what Kafka's clients call their groups.
Status CheckGroupName(std::string_view name);

}  // namespace logboom::protocol
