#include "broker/groups/group_fault.h"

namespace logboom::broker {

tl::unexpected<GroupFault> NoMember(const std::string& member_id) {
  return Refuse(GroupFaultCode::kUnknownMember,
                "'{}' is no member: it left or was silent for too long, or the broker was started "
                "again; join again, and drop what was not committed",
                member_id);
}

}  // namespace logboom::broker
