// Who a source is: what record::SourceIdentity says of a file, at a size that an agent can afford
// for each of ten thousand. What all files of a file system have in common is held once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/file/file_system.h"
#include "lib/record/span.h"

namespace logboom::agent {

// Of its first bytes, at most record::kHeadBytes.
struct FileHead {
  std::uint32_t bytes = 0;
  std::uint64_t hash = 0;  // XXH3-64
};

// What many files have in common.
struct OriginHost {
  std::string agent_id;
  std::string file_system_uuid;
  friend bool operator==(const OriginHost&, const OriginHost&) = default;
};
using OriginHosts = std::vector<std::shared_ptr<const OriginHost>>;  // few, all different

// A value.
class Origin {
 public:
  Origin() = default;
  explicit Origin(const record::SourceIdentity& identity);

  record::SourceIdentity Identity() const;
  // Its host is the equal one of `hosts` from now on, or else added to them.
  void ShareHost(OriginHosts& hosts);

  std::string path;  // that it was opened under
  file::FileIdentity file;
  FileHead head;

 private:
  std::shared_ptr<const OriginHost> host_ = std::make_shared<const OriginHost>();
};

}  // namespace logboom::agent
