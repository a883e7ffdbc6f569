// How a group deals its partitions out, and who asks for which way. Values alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "broker/storage/topic_partition.h"

namespace logboom::broker {

enum class Assignor : std::uint8_t {
  kRange,   // neighbours go to one member; each change deals all out anew
  kSticky,  // equal numbers, and only what must move moves
};

// For groups whose members name none.
inline constexpr Assignor kDefaultAssignor = Assignor::kSticky;

// "range", "sticky": what members name and people see.
std::string_view AssignorName(Assignor assignor);
std::optional<Assignor> AssignorOf(std::string_view name);

// What a member wants to read.
struct MemberWish {
  std::string member_id;
  const std::set<std::string>* topics;  // by name
};

// By member id. Members that get nothing are not in it.
using Assignment = std::map<std::string, std::set<TopicPartition>>;

}  // namespace logboom::broker
