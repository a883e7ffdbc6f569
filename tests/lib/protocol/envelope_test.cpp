#include "lib/protocol/envelope.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/protocol/limits.h"

namespace logboom::protocol {
namespace {

TEST(Envelope, ComesBackAsItWas) {
  Request request;
  request.set_request_id(7);
  request.mutable_keep_alive();
  Request read;
  ASSERT_TRUE(ParseRequest(Encode(request), read));
  EXPECT_EQ(read.request_id(), 7U);
  EXPECT_EQ(read.body_case(), Request::kKeepAlive);
}

TEST(Envelope, NonsenseIsRefusedAndPrintsNothing) {
  testing::internal::CaptureStderr();
  Request request;
  // A hello whose program is not UTF-8, and a field that is cut.
  EXPECT_FALSE(ParseRequest(std::string("\x52\x03\x0a\x01\xFF", 5), request));
  EXPECT_FALSE(ParseRequest("\x52\x7F", request));
  Response response;
  EXPECT_FALSE(ParseResponse("\xFF\xFF\xFF", response));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Envelope, ARequestHasAsManyFieldsAsTheLimit) {
  Request request;
  auto& commit = *request.mutable_commit_offsets();  // a field itself
  for (int i = 1; i < kRequestFieldsMax; ++i) commit.add_offsets();
  Request read;
  EXPECT_TRUE(ParseRequest(Encode(request), read));
  commit.add_offsets();
  EXPECT_FALSE(ParseRequest(Encode(request), read));
}

TEST(Envelope, AHellosListsAreCountedToo) {
  Request request;
  for (int i = 0; i < kRequestFieldsMax; ++i)
    request.mutable_hello()->mutable_agent()->add_topics();
  Request read;
  EXPECT_FALSE(ParseRequest(Encode(request), read));
}

}  // namespace
}  // namespace logboom::protocol
