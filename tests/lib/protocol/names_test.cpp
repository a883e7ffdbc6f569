#include "lib/protocol/names.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/protocol/limits.h"

namespace logboom::protocol {
namespace {

TEST(TopicName, TakesKafkasAlphabet) {
  for (const char* name : {"a", "web", "A.b_c-9", "...", "__consumer_offsets", "0"}) {
    EXPECT_TRUE(CheckTopicName(name).ok()) << name;
  }
}

TEST(TopicName, RefusesWhatIsNone) {
  for (const char* name : {"", ".", "..", "a b", "a/b", "ä", "a\n", "a:b"}) {
    const Status status = CheckTopicName(name);
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_EQ(status.error().code, logboom::ErrorCode::kInvalid);
  }
}

TEST(TopicName, MayBe249CharactersAndNotOneMore) {
  EXPECT_TRUE(CheckTopicName(std::string(kTopicNameBytesMax, 'x')).ok());
  EXPECT_FALSE(CheckTopicName(std::string(kTopicNameBytesMax + 1, 'x')).ok());
}

TEST(TopicName, MessageShowsControlBytes) {
  const Status status = CheckTopicName("a\x1b[31m");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("\\x1b"), std::string::npos) << status.error().message;
}

TEST(TopicName, TwoUnderscoresAreReserved) {
  EXPECT_TRUE(IsReservedTopicName("__audit"));
  EXPECT_FALSE(IsReservedTopicName("_audit"));
  EXPECT_FALSE(IsReservedTopicName("web__x"));
}

TEST(GroupName, IsUtf8WithoutControlBytesOfAtMost249) {
  for (const char* name : {"alerts", "connect-sink 1", "gr\u00fcn", "a/b:c"}) {
    EXPECT_TRUE(CheckGroupName(name).ok()) << name;
  }
  EXPECT_TRUE(CheckGroupName(std::string(kGroupNameBytesMax, 'x')).ok());
  EXPECT_FALSE(CheckGroupName(std::string(kGroupNameBytesMax + 1, 'x')).ok());
  for (const char* name : {"", "a\n", "\x1b[31m", "\x7f", "\xff"}) {
    EXPECT_FALSE(CheckGroupName(name).ok()) << name;
  }
}

TEST(AgentId, IsVisibleAsciiOfAtMost255) {
  EXPECT_TRUE(CheckAgentId("web-1.example.com").ok());
  EXPECT_TRUE(CheckAgentId(std::string(kAgentIdBytesMax, 'x')).ok());
  EXPECT_FALSE(CheckAgentId(std::string(kAgentIdBytesMax + 1, 'x')).ok());
  EXPECT_FALSE(CheckAgentId("").ok());
  EXPECT_FALSE(CheckAgentId("a b").ok());
  EXPECT_FALSE(CheckAgentId("a\x7f").ok());
  EXPECT_FALSE(CheckAgentId("ä").ok());
}

}  // namespace
}  // namespace logboom::protocol
