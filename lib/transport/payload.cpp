#include <memory>
#include <utility>

#include "lib/transport/transport.h"

namespace logboom::transport {

Payload::Payload(Bytes bytes) {
  if (bytes.empty()) return;
  auto owner = std::make_shared<Bytes>(std::move(bytes));
  data_ = owner->data();
  size_ = owner->size();
  owner_ = std::move(owner);
}

}  // namespace logboom::transport
