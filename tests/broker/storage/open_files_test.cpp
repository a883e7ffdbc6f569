// The budget of files that logs share: who is closed for whom, and when there is no room.
#include "broker/storage/open_files.h"

#include <gtest/gtest.h>

namespace logboom::broker {
namespace {

struct Holder : FileHolder {
  explicit Holder(std::size_t open) : files(open) {}
  std::size_t open_files() const override { return files; }
  bool CloseFiles() override {
    if (!may_close) return false;
    files = 0;
    return true;
  }
  std::size_t files;
  bool may_close = true;
};

class OpenFilesTest : public ::testing::Test {
 protected:
  void Use(Holder& holder, std::int64_t at = 0) {
    all_.SetTime(MonotonicMs(at));
    all_.Note(holder, {});
  }
  OpenFiles all_{10};
  Holder a_{4};
  Holder b_{4};
  Holder c_{4};
};

TEST_F(OpenFilesTest, TakesAsManyAsTheLimitAndNoMore) {
  Use(a_);
  EXPECT_TRUE(all_.MakeRoom(b_, 6).ok());
  EXPECT_EQ(a_.files, 4U) << "nobody is closed for what fits";
  a_.may_close = false;
  EXPECT_EQ(all_.MakeRoom(b_, 7).error().code, ErrorCode::kBusy);
  a_.may_close = true;
  EXPECT_TRUE(all_.MakeRoom(b_, 7).ok());
  EXPECT_EQ(a_.files, 0U);
  EXPECT_EQ(all_.files(), 0U);
}

TEST_F(OpenFilesTest, ThoseUsedLeastRecentlyAreClosedFirstAndNoMoreThanNeeded) {
  Use(a_, 1);
  Use(b_, 2);
  Use(a_, 3);
  EXPECT_EQ(all_.files(), 8U);
  EXPECT_TRUE(all_.MakeRoom(c_, 4).ok());
  EXPECT_EQ(b_.files, 0U);
  EXPECT_EQ(a_.files, 4U);
  EXPECT_EQ(all_.files(), 4U);
}

TEST_F(OpenFilesTest, WhoAsksAndWhoIsNotSyncedStayOpen) {
  Use(a_);
  Use(b_);
  b_.may_close = false;
  EXPECT_EQ(all_.MakeRoom(a_, 4).error().code, ErrorCode::kBusy);
  EXPECT_EQ(a_.files + b_.files, 8U);
  EXPECT_EQ(all_.files(), 8U);
}

TEST_F(OpenFilesTest, CountsWhatIsHeldNowAndForgetsWhoHoldsNone) {
  Use(a_);
  Use(b_);
  a_.files = 6;
  Use(a_);
  EXPECT_EQ(all_.files(), 10U);
  a_.files = 1;
  Use(a_);
  EXPECT_EQ(all_.files(), 5U);
  a_.files = 0;
  Use(a_);
  EXPECT_EQ(all_.files(), 4U);
  EXPECT_EQ(all_.Oldest(10).size(), 1U);
  all_.Forget(a_);
  EXPECT_EQ(all_.files(), 4U);
}

TEST_F(OpenFilesTest, ListsTheOldestWithTheTimeOfTheirLastUse) {
  Use(a_, 1);
  Use(b_, 2);
  Use(c_, 3);
  Use(a_, 4);
  const auto oldest = all_.Oldest(2);
  ASSERT_EQ(oldest.size(), 2U);
  EXPECT_EQ(oldest[0].holder, &b_);
  EXPECT_EQ(oldest[0].used, MonotonicMs(2));
  EXPECT_EQ(oldest[1].holder, &c_);
  EXPECT_EQ(all_.Oldest(3)[2].used, MonotonicMs(4));
}

TEST_F(OpenFilesTest, AShareIsBusyWithoutADescriptorAndThatIsToldOnce) {
  FileShare share(a_);
  EXPECT_TRUE(share.MakeRoom(100).ok()) << "who has not joined opens what it likes";
  share.Join(all_, {});
  EXPECT_EQ(all_.files(), 4U);
  EXPECT_EQ(share.MakeRoom(100).error().code, ErrorCode::kBusy);
  EXPECT_FALSE(all_.TakeShortage());
  EXPECT_EQ(share.Told(Fail(ErrorCode::kIo, "x")).code, ErrorCode::kIo);
  EXPECT_FALSE(all_.TakeShortage());
  EXPECT_EQ(share.Told(Fail(ErrorCode::kLimit, "x")).code, ErrorCode::kBusy);
  EXPECT_TRUE(all_.TakeShortage());
  EXPECT_FALSE(all_.TakeShortage());
}

TEST_F(OpenFilesTest, AShareThatEndsIsForgotten) {
  {
    FileShare share(a_);
    share.Join(all_, {});
    EXPECT_EQ(all_.files(), 4U);
  }
  EXPECT_EQ(all_.files(), 0U);
}

}  // namespace
}  // namespace logboom::broker
