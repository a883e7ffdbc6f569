#include "agent/origin.h"

#include <algorithm>

namespace logboom::agent {

Origin::Origin(const record::SourceIdentity& identity)
    : path(identity.path),
      file{identity.device, identity.inode, identity.birth_time_ns},
      head{identity.head_bytes, identity.head_hash},
      host_(std::make_shared<const OriginHost>(
          OriginHost{identity.agent_id, identity.file_system_uuid})) {}

record::SourceIdentity Origin::Identity() const {
  return {.agent_id = host_->agent_id,
          .path = path,
          .device = file.device,
          .inode = file.inode,
          .birth_time_ns = file.birth_time_ns,
          .file_system_uuid = host_->file_system_uuid,
          .head_bytes = head.bytes,
          .head_hash = head.hash};
}

void Origin::ShareHost(OriginHosts& hosts) {
  const auto equal = std::find_if(hosts.begin(), hosts.end(),
                                  [this](const auto& each) { return *each == *host_; });
  if (equal == hosts.end()) {
    hosts.push_back(host_);
  } else {
    host_ = *equal;
  }
}

}  // namespace logboom::agent
