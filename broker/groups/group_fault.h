// Why a group does not do what it was asked for.
#pragma once

#include <fmt/format.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "lib/base/result.h"

namespace logboom::broker {

enum class GroupFaultCode {
  kUnknownGroup,      // no member, and no committed offset
  kUnknownMember,     // left, or silent for too long
  kFenced,            // another member has taken its instance over
  kStaleGeneration,   // does not own the partition, or has not heard yet that it does
  kGroupNotEmpty,     // has members
  kUnknownPartition,  // no such topic, or no such partition of it
  kOffsetOutOfRange,  // above the durable end, or negative
  kTooLong,           // a note above kOffsetMetadataBytesMax
  kInvalid,           // breaks a rule or a limit; the message says which
  kStore,             // the metadata store failed; `store` says how
};

struct GroupFault {
  GroupFaultCode code = GroupFaultCode::kInvalid;
  std::string message;
  ErrorCode store = ErrorCode::kInvalid;  // of kStore
};

template <typename T>
using GroupResult = tl::expected<T, GroupFault>;

template <typename... Args>
tl::unexpected<GroupFault> Refuse(GroupFaultCode code, fmt::format_string<Args...> format,
                                  Args&&... args) {
  return tl::unexpected<GroupFault>(
      GroupFault{code, fmt::format(format, std::forward<Args>(args)...), ErrorCode::kInvalid});
}

tl::unexpected<GroupFault> NoMember(const std::string& member_id);

}  // namespace logboom::broker
