#include "lib/protocol/envelope.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wire_format_lite.h>

#include <limits>

#include "lib/protocol/limits.h"

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

using google::protobuf::internal::WireFormatLite;

// Of an envelope: a body, and what a hello's tells of its agent. Lists stand nowhere else.
constexpr int kEnvelopeLevels = 2;

// Takes the fields of a message, and of those in it down to so many levels, off `left`. What is
// malformed ends it: the parser says so.
void CountFields(ByteView bytes, int levels, int& left) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  while (left > 0) {
    const std::uint32_t tag = in.ReadTag();
    if (tag == 0) return;
    --left;
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) return;
      continue;
    }
    int length = 0;
    if (!in.ReadVarintSizeAsInt(&length)) return;
    const auto begin = static_cast<std::size_t>(in.CurrentPosition());
    if (!in.Skip(length)) return;
    const bool is_hello = WireFormatLite::GetTagFieldNumber(tag) == Request::kHelloFieldNumber;
    const int deeper = levels == kEnvelopeLevels && !is_hello ? 0 : levels - 1;
    if (levels > 0) {
      CountFields(bytes.substr(begin, static_cast<std::size_t>(length)), deeper, left);
    }
  }
}

}  // namespace

bool ParseRequest(ByteView bytes, Request& out) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return false;
  int left = kRequestFieldsMax + 1;
  CountFields(bytes, kEnvelopeLevels, left);
  return left > 0 && Parse(bytes, out);
}
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
