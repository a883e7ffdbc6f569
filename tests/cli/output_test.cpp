#include "cli/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "tests/cli/captured_output.h"

namespace logboom::cli {
namespace {

TEST(Output, EveryByteArrivesInOrder) {
  CapturedOutput captured;
  std::string expected;
  for (int i = 0; i < 200'000; ++i) {
    const std::string line = std::to_string(i) + "\n";
    captured.out().Write(line);
    expected += line;
  }
  EXPECT_EQ(captured.Text(), expected);
  EXPECT_TRUE(captured.out().writable());
}

TEST(Output, ClosedPipeIsFoundOutWithAndWithoutWriting) {
  signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends = {};
  ASSERT_EQ(pipe(ends.data()), 0);
  {
    Output out(ends[1]);
    EXPECT_FALSE(out.closed());
    close(ends[0]);
    EXPECT_TRUE(out.closed());
    out.Write("x");
    out.Flush();
    EXPECT_FALSE(out.error());
    EXPECT_FALSE(out.writable());
  }
  close(ends[1]);
}

TEST(Output, TellsHowMuchOfItTheOtherSideAccepted) {
  signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends = {};
  ASSERT_EQ(pipe(ends.data()), 0);
  {
    Output out(ends[1]);
    out.Write("first");
    EXPECT_EQ(out.total_bytes(), 5U);
    EXPECT_EQ(out.accepted_bytes(), 0U);
    out.Flush();
    EXPECT_EQ(out.accepted_bytes(), 5U);
    close(ends[0]);
    out.Write("lost");
    out.Flush();
    EXPECT_EQ(out.accepted_bytes(), 5U);
    // What comes now must not look as if it stood where the lost bytes would have.
    out.Write("x");
    EXPECT_EQ(out.total_bytes(), 10U);
  }
  close(ends[1]);
}

TEST(Output, FullDeviceIsAnError) {
  const int full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  {
    Output out(full);
    out.Write("x");
    out.Flush();
    ASSERT_TRUE(out.error());
    EXPECT_EQ(out.error()->code, ErrorCode::kNoSpace);
    EXPECT_FALSE(out.closed());
  }
  close(full);
}

}  // namespace
}  // namespace logboom::cli
