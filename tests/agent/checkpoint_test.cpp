#include "agent/checkpoint.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lib/base/random.h"

namespace logboom::agent {
namespace {

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest()
      : directory_(::testing::TempDir() + "checkpoint-" + std::to_string(SystemRandom().Next())) {
    std::filesystem::create_directories(directory_);
  }
  ~CheckpointTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<Checkpoint> Open() {
    auto opened = OpenSqliteCheckpoint(directory_);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return std::move(*opened);
  }
  CheckpointRow Row(char id) const {
    return {.topic_id = *Uuid::FromBytes(std::string(16, 't')),
            .source_id = *Uuid::FromBytes(std::string(16, id)),
            .path = std::string("/log/odd \xff name\n"),
            .file = {.device = ~std::uint64_t{0}, .inode = 2, .birth_time_ns = -3},
            .begin = 4,
            .size_seen = 5,
            .final = false};
  }

  std::string directory_;
};

TEST_F(CheckpointTest, ComesBackAfterBeingClosed) {
  {
    const auto checkpoint = Open();
    ASSERT_TRUE(checkpoint->Save({{Row('a'), Row('b')}}, {{"input"}}).ok());
    CheckpointRow changed = Row('a');
    changed.size_seen = 99;
    ASSERT_TRUE(checkpoint->Save({{changed}}, {{"input"}}).ok());
  }
  const auto checkpoint = Open();
  const auto rows = checkpoint->LoadSources();
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].size_seen, 99);
  EXPECT_EQ((*rows)[1], Row('b'));
  EXPECT_EQ(*checkpoint->LoadInputs(), std::vector<std::string>{"input"});
}

TEST_F(CheckpointTest, FinalSourcesAreForgotten) {
  const auto checkpoint = Open();
  CheckpointRow row = Row('a');
  ASSERT_TRUE(checkpoint->Save({{row}}, {}).ok());
  row.final = true;
  ASSERT_TRUE(checkpoint->Save({{row}}, {}).ok());
  EXPECT_TRUE(checkpoint->LoadSources()->empty());
}

TEST_F(CheckpointTest, ADamagedFileIsPutAside) {
  {
    std::ofstream out(directory_ + "/checkpoint.sqlite");
    for (int i = 0; i < 1'000; ++i) out << "this is no database ";
  }
  const auto checkpoint = Open();
  EXPECT_TRUE(checkpoint->LoadSources()->empty());
  ASSERT_TRUE(checkpoint->Save({{Row('a')}}, {}).ok());
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/checkpoint.sqlite.damaged"));
}

TEST_F(CheckpointTest, ADirectoryThatIsNotThereIsAnError) {
  EXPECT_FALSE(OpenSqliteCheckpoint(directory_ + "/none").ok());
}

}  // namespace
}  // namespace logboom::agent
