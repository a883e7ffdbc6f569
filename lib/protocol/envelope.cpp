#include "lib/protocol/envelope.h"

#include <google/protobuf/stubs/logging.h>

#include <limits>

namespace logboom::protocol {

namespace {

// By default the runtime writes a line to stderr for each bad message: a peer could fill a disk
// with it.
void SilenceRuntime() {
  static const bool silenced = [] {
    google::protobuf::SetLogHandler(nullptr);
    return true;
  }();
  static_cast<void>(silenced);
}

template <typename Message>
bool Parse(ByteView bytes, Message& out) {
  SilenceRuntime();
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return false;
  return out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

bool ParseRequest(ByteView bytes, Request& out) { return Parse(bytes, out); }
bool ParseResponse(ByteView bytes, Response& out) { return Parse(bytes, out); }

Bytes Encode(const Request& request) {
  SilenceRuntime();
  return request.SerializeAsString();
}

Bytes Encode(const Response& response) {
  SilenceRuntime();
  return response.SerializeAsString();
}

}  // namespace logboom::protocol
