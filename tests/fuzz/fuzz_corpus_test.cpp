// Replays the corpus, and seeded mutations of it, through every fuzz target: what libFuzzer found
// stays mended, in every build, without libFuzzer.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#include "lib/base/random.h"
#include "lib/file/posix_file_system.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {
namespace {

constexpr std::uint64_t kSeed = 19550;
constexpr int kMutations = 300;  // of each file
constexpr std::size_t kSeedBytesMax = std::size_t{1} << 20U;

struct Seed {
  std::string name;
  Bytes bytes;
};

std::vector<Seed> SeedsOf(std::string_view target) {
  const std::string folder = fmt::format("{}/tests/fuzz/corpus/{}", LOGBOOM_SOURCE_DIR, target);
  file::PosixFileSystem posix;
  std::vector<Seed> seeds;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    seeds.push_back(
        {entry.path().filename(), file::ReadWholeFile(posix, entry.path(), kSeedBytesMax).value()});
  }
  std::sort(seeds.begin(), seeds.end(),
            [](const Seed& a, const Seed& b) { return a.name < b.name; });
  return seeds;
}

// What is under way, for the one who reads why the test died.
std::string& UnderWay() {
  static std::string text;
  return text;
}

extern "C" void TellWhatIsUnderWay(int signal) {
  if (::write(STDERR_FILENO, UnderWay().data(), UnderWay().size()) < 0) std::_Exit(1);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void RunOn(const Target& target, ByteView bytes, std::string what) {
  UnderWay() = fmt::format("died in target {}, {}\n", target.name, what);
  SCOPED_TRACE(UnderWay());
  // Alone on the heap, so that an address sanitizer sees the first byte too many.
  const auto alone = std::make_unique<char[]>(bytes.size());
  bytes.copy(alone.get(), bytes.size());
  target.run({alone.get(), bytes.size()});
}

class FuzzCorpus : public testing::TestWithParam<Target> {
 protected:
  FuzzCorpus() { std::signal(SIGABRT, TellWhatIsUnderWay); }
  ~FuzzCorpus() override { std::signal(SIGABRT, SIG_DFL); }
};
INSTANTIATE_TEST_SUITE_P(Target, FuzzCorpus, testing::ValuesIn(kTargets),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(FuzzCorpus, KeepsItsPromises) {
  const std::vector<Seed> seeds = SeedsOf(GetParam().name);
  EXPECT_FALSE(seeds.empty());
  RunOn(GetParam(), {}, "no bytes at all");
  for (const Seed& seed : seeds)
    RunOn(GetParam(), seed.bytes, fmt::format("corpus file {}", seed.name));
}

TEST_P(FuzzCorpus, MutatedKeepsItsPromises) {
  SeededRandom random(kSeed);
  for (const Seed& seed : SeedsOf(GetParam().name)) {
    Bytes bytes = seed.bytes;
    for (int i = 0; i < kMutations && !HasFailure(); ++i) {
      if (i % 4 == 0) bytes = seed.bytes;
      Mutate(random, bytes);
      RunOn(GetParam(), bytes, fmt::format("seed {}, mutation {} of {}", kSeed, i, seed.name));
    }
  }
}

TEST(FuzzTargets, EachHasACorpusAndEachCorpusATarget) {
  std::vector<std::string> folders;
  for (const auto& entry :
       std::filesystem::directory_iterator(LOGBOOM_SOURCE_DIR "/tests/fuzz/corpus")) {
    folders.push_back(entry.path().filename());
  }
  std::sort(folders.begin(), folders.end());
  std::vector<std::string> targets;
  for (const Target& target : kTargets) targets.emplace_back(target.name);
  EXPECT_EQ(folders, targets);
}

}  // namespace
}  // namespace logboom::fuzz
