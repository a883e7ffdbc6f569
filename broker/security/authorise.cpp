#include "broker/security/authorise.h"

namespace logboom::broker {

Status Authorise(const Principal& /*principal*/, Operation /*operation*/,
                 const Resource& /*resource*/) {
  return Ok();
}

}  // namespace logboom::broker
