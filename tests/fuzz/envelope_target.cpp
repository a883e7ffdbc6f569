#include <gtest/gtest.h>

#include "lib/protocol/protocol.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {
namespace {

// Maps are encoded in any order: sizes are compared.
template <typename Message, typename Parse>
void ParseAndEncode(ByteView input, Parse parse) {
  Message message;
  if (!parse(input, message)) return;
  const Bytes bytes = protocol::Encode(message);
  Message again;
  ASSERT_TRUE(parse(bytes, again));
  EXPECT_EQ(protocol::Encode(again).size(), bytes.size());
  EXPECT_EQ(again.body_case(), message.body_case());
}

void Errors(ByteView input) {
  protocol::Response response;
  if (!protocol::ParseResponse(input, response) || !response.has_error()) return;
  const Error error = protocol::FromWire(response.error());
  EXPECT_TRUE(protocol::IsUtf8(protocol::ToWire(error).message()));
}

void Texts(ByteView input) {
  const std::string valid = protocol::ValidUtf8(input);
  EXPECT_TRUE(protocol::IsUtf8(valid));
  if (protocol::IsUtf8(input)) {
    EXPECT_EQ(valid, input);
  }
  const std::string visible = protocol::VisibleText(input);
  EXPECT_TRUE(protocol::IsUtf8(visible));
  for (const char byte : visible) EXPECT_GE(static_cast<unsigned char>(byte), 0x20);
}

void Names(ByteView input) {
  if (protocol::CheckTopicName(input).ok()) {
    EXPECT_LE(input.size(), protocol::kTopicNameBytesMax);
    EXPECT_EQ(input.find('/'), ByteView::npos);
  }
  if (protocol::CheckAgentId(input).ok()) {
    EXPECT_LE(input.size(), protocol::kAgentIdBytesMax);
  }
  if (protocol::CheckGroupName(input).ok()) {
    EXPECT_LE(input.size(), protocol::kGroupNameBytesMax);
    EXPECT_TRUE(protocol::IsUtf8(input));
  }
}

}  // namespace

void Envelope(ByteView input) {
  ParseAndEncode<protocol::Request>(input, protocol::ParseRequest);
  ParseAndEncode<protocol::Response>(input, protocol::ParseResponse);
  Errors(input);
  Texts(input);
  Names(input);
}

}  // namespace logboom::fuzz
