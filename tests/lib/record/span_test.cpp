#include "lib/record/span.h"

#include <gtest/gtest.h>

#include <limits>

namespace logboom::record {
namespace {

Uuid Id() { return Uuid::Parse("00112233-4455-6677-8899-aabbccddeeff").value(); }

SourceSpan Span() {
  return {.log_tag = 0x0102030405060708,
          .source_id = Id(),
          .begin = SourcePosition(0x1112131415161718),
          .end = SourcePosition(0x2122232425262728),
          .window = 0xF1F2F3F4F5F6F7F8,
          .records = 0x31323334,
          .dropped = 0x41424344};
}

SourceIdentity Identity() {
  return {.agent_id = "agent",
          .path = "/var/log/\xff",
          .device = 0x0102030405060708,
          .inode = 0x1112131415161718,
          .birth_time_ns = -2,
          .file_system_uuid = "",
          .head_bytes = 1024,
          .head_hash = 0x2122232425262728};
}

template <typename T>
ErrorCode CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorCode::kInvalid : result.error().code;
}

TEST(SourceSpan, LayoutGolden) {
  EXPECT_EQ(ToHex(EncodeSpan(Span())),
            "01"
            "0102030405060708"
            "00112233445566778899aabbccddeeff"
            "1112131415161718"
            "2122232425262728"
            "f1f2f3f4f5f6f7f8"
            "31323334"
            "41424344");
  EXPECT_EQ(EncodeSpan(Span()).size(), kSpanBytes);
}

TEST(SourceSpan, RoundTrips) {
  EXPECT_EQ(DecodeSpan(EncodeSpan(Span())).value(), Span());
  SourceSpan edge;
  edge.begin = SourcePosition(0);
  edge.end = SourcePosition(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(DecodeSpan(EncodeSpan(edge)).value(), edge);
}

TEST(SourceSpan, UnknownVersionIsUnsupportedWhateverItsSize) {
  for (const char version : {'\0', '\2', '\xff'}) {
    Bytes bytes = EncodeSpan(Span());
    bytes[0] = version;
    EXPECT_EQ(CodeOf(DecodeSpan(bytes)), ErrorCode::kUnsupported);
    EXPECT_EQ(CodeOf(DecodeSpan(bytes + "more")), ErrorCode::kUnsupported);
  }
}

TEST(SourceSpan, WrongSizeIsCorrupt) {
  const Bytes bytes = EncodeSpan(Span());
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_EQ(CodeOf(DecodeSpan(bytes.substr(0, cut))), ErrorCode::kCorrupt);
  }
  EXPECT_EQ(CodeOf(DecodeSpan(bytes + "x")), ErrorCode::kCorrupt);
}

TEST(SourceSpan, NoRangeOfBytesIsCorrupt) {
  const auto code = [](std::int64_t begin, std::int64_t end) {
    SourceSpan span = Span();
    span.begin = SourcePosition(begin);
    span.end = SourcePosition(end);
    return CodeOf(DecodeSpan(EncodeSpan(span)));
  };
  EXPECT_EQ(code(5, 5), ErrorCode::kCorrupt);
  EXPECT_EQ(code(5, 4), ErrorCode::kCorrupt);
  EXPECT_EQ(code(-1, 4), ErrorCode::kCorrupt);
  EXPECT_EQ(code(-5, -1), ErrorCode::kCorrupt);
}

TEST(SourceIdentity, LayoutGolden) {
  EXPECT_EQ(ToHex(EncodeSourceIdentity(Identity())),
            "01"
            "0102030405060708"
            "1112131415161718"
            "fffffffffffffffe"
            "00000400"
            "2122232425262728"
            "00000005"
            "6167656e74"
            "0000000a"
            "2f7661722f6c6f672fff"
            "00000000");
}

TEST(SourceIdentity, RoundTrips) {
  EXPECT_EQ(DecodeSourceIdentity(EncodeSourceIdentity(Identity())).value(), Identity());
  EXPECT_EQ(DecodeSourceIdentity(EncodeSourceIdentity({})).value(), SourceIdentity{});
}

TEST(SourceIdentity, BrokenIsCorruptAndAnotherVersionUnsupported) {
  Bytes bytes = EncodeSourceIdentity(Identity());
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_EQ(CodeOf(DecodeSourceIdentity(bytes.substr(0, cut))), ErrorCode::kCorrupt);
  }
  EXPECT_EQ(CodeOf(DecodeSourceIdentity(bytes + "x")), ErrorCode::kCorrupt);
  bytes[0] = 2;
  EXPECT_EQ(CodeOf(DecodeSourceIdentity(bytes)), ErrorCode::kUnsupported);
}

TEST(SourceIdentity, HeadIsReadUpToItsLimitAndNotOnePast) {
  SourceIdentity identity = Identity();
  identity.head_bytes = kHeadBytes;
  EXPECT_TRUE(DecodeSourceIdentity(EncodeSourceIdentity(identity)).ok());
  ++identity.head_bytes;
  EXPECT_EQ(CodeOf(DecodeSourceIdentity(EncodeSourceIdentity(identity))), ErrorCode::kCorrupt);
}

// The hashes are on disk: these values stay.
TEST(SourceSpan, HashesAreGolden) {
  EXPECT_EQ(HashBytes(""), 0x2D06800538D394C2U);
  EXPECT_EQ(HashBytes("a"), 0xE6C632B61E964E1FU);
  EXPECT_EQ(HashBytes(Bytes(4096, 'x')), HashBytes(Bytes(4096, 'x')));
  EXPECT_EQ(LogTag(Id(), Uuid()), HashBytes(Bytes(Id().bytes()) + Bytes(16, '\0')));
  EXPECT_NE(LogTag(Id(), Uuid()), LogTag(Uuid(), Id()));
}

}  // namespace
}  // namespace logboom::record
