#include "lib/protocol/api.h"

#include <gtest/gtest.h>

namespace logboom::protocol {
namespace {

using Ranges = google::protobuf::RepeatedPtrField<VersionRange>;

Ranges Range(std::uint32_t api, std::uint32_t min, std::uint32_t max) {
  Ranges ranges;
  VersionRange& range = *ranges.Add();
  range.set_api(api);
  range.set_min(min);
  range.set_max(max);
  return ranges;
}

TEST(Api, EveryBodyOfTheEnvelopeIsListed) {
  for (std::uint32_t api = Request::kHello; api <= Request::kBackup; ++api) {
    EXPECT_TRUE(FindApi(api)) << api;
  }
  EXPECT_EQ(SupportedApis().size(), std::size_t{Request::kBackup - Request::kHello + 1});
  EXPECT_FALSE(FindApi(Request::kBackup + 1));
  EXPECT_FALSE(FindApi(0));
}

TEST(Api, RequestAndResponseBodiesShareTheirNumbers) {
  EXPECT_EQ(int{Request::kHello}, int{Response::kHello});
  EXPECT_EQ(int{Request::kFetch}, int{Response::kFetch});
  EXPECT_EQ(int{Request::kDescribeAgent}, int{Response::kDescribeAgent});
  EXPECT_EQ(int{Request::kKeepAlive}, int{Response::kKeepAlive});
  EXPECT_EQ(int{Request::kJoinGroup}, int{Response::kJoinGroup});
  EXPECT_EQ(int{Request::kCommitOffsets}, int{Response::kCommitOffsets});
  EXPECT_EQ(int{Request::kDeleteGroup}, int{Response::kDeleteGroup});
  EXPECT_EQ(int{Request::kSnapshot}, int{Response::kSnapshot});
}

TEST(Api, CommonVersionIsTheNewestThatBothSpeak) {
  EXPECT_EQ(NewestCommonVersion(Request::kProduce, Range(Request::kProduce, 1, 1)), 1U);
  EXPECT_EQ(NewestCommonVersion(Request::kProduce, Range(Request::kProduce, 0, 7)), 1U);
  EXPECT_EQ(NewestCommonVersion(Request::kProduce, Range(Request::kProduce, 2, 7)), std::nullopt);
  EXPECT_EQ(NewestCommonVersion(Request::kProduce, Range(Request::kFetch, 1, 1)), std::nullopt);
  EXPECT_EQ(NewestCommonVersion(999, Range(999, 1, 1)), std::nullopt);
}

TEST(Api, AHelloSaysAllOfThem) {
  Ranges ranges;
  AddSupportedApis(ranges);
  for (const ApiVersions& api : SupportedApis()) {
    EXPECT_EQ(NewestCommonVersion(api.api, ranges), api.max) << api.name;
  }
}

}  // namespace
}  // namespace logboom::protocol
