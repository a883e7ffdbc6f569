#include "lib/file/glob.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/file/faulty_file_system.h"
#include "lib/file/memory_file_system.h"
#include "lib/file/posix_file_system.h"
#include "tests/lib/file/temp_directory.h"

namespace logboom::file {
namespace {

using Paths = std::vector<std::string>;

Glob Parsed(std::string_view pattern) {
  Result<Glob> glob = ParseGlob(pattern);
  if (!glob.ok()) ADD_FAILURE() << glob.error().message;
  return glob.ok() ? *std::move(glob) : *ParseGlob("/none");
}

bool Matches(std::string_view pattern, std::string_view path) {
  return Parsed(pattern).Matches(path);
}

TEST(Glob, WithoutWildcardsMatchesJustThatPath) {
  EXPECT_TRUE(Matches("/var/log/syslog", "/var/log/syslog"));
  EXPECT_FALSE(Matches("/var/log/syslog", "/var/log/syslog.1"));
  EXPECT_FALSE(Matches("/var/log/syslog", "/var/log/syslo"));
  EXPECT_FALSE(Matches("/var/log/syslog", "/var/log/syslog/"));
  EXPECT_TRUE(Matches("//var///log/x", "/var/log/x"));
}

TEST(Glob, MatchTable) {
  struct Row {
    const char* pattern;
    const char* path;
    bool matches;
  };
  const Row rows[] = {
      {"/l/*.log", "/l/a.log", true},
      {"/l/*.log", "/l/.log", true},
      {"/l/*.log", "/l/.hidden.log", true},
      {"/l/*.log", "/l/a.log.1", false},
      {"/l/*.log", "/l/d/a.log", false},
      {"/l/*.log", "/l/a.LOG", false},
      {"/l/*", "/l/", false},
      {"/l/*", "/l/x", true},
      {"/*/*/x", "/a/b/x", true},
      {"/*/*/x", "/a/x", false},
      {"/*/x", "//x", true},  // not a path in normal form: the name before x is empty
      {"/a*b*c", "/aXbYc", true},
      {"/a*b*c", "/acb", false},
      {"/l/?", "/l/a", true},
      {"/l/?", "/l/\xc3\xa4", true},
      {"/l/?", "/l/\xe2\x82\xac", true},
      {"/l/??", "/l/\xc3\xa4", false},
      {"/l/?", "/l/ab", false},
      {"/l?x", "/l/x", false},
      {"/l/[ab]", "/l/b", true},
      {"/l/[ab]", "/l/c", false},
      {"/l/[a-c]x", "/l/cx", true},
      {"/l/[a-c]x", "/l/dx", false},
      {"/l/[!a-c]", "/l/d", true},
      {"/l/[^a-c]", "/l/a", false},
      {"/l/[!a]", "/l/\xc3\xa4", true},
      {"/l[!a]x", "/l/x", false},
      {"/l[.-0]x", "/l/x", false},
      {"/l[.-0]x", "/l0x", true},
      {"/l/[]a]", "/l/]", true},
      {"/l/[!]a]", "/l/]", false},
      {"/l/[a-]", "/l/-", true},
      {"/l/[\\]]", "/l/]", true},
      {"/a/**/b", "/a/b", true},
      {"/a/**/b", "/a/x/b", true},
      {"/a/**/b", "/a/x/y/z/b", true},
      {"/a/**/b", "/ab", false},
      {"/a/**/b", "/a/xb", false},
      {"/a/**", "/a/b", true},
      {"/a/**", "/a/b/c", true},
      {"/a/**", "/a", false},
      {"/**/x", "/x", true},
      {"/**", "/x/y", true},
      {"/a/**/**/b", "/a/b", true},
      {"/a/**/*.log", "/a/b/c.log", true},
      {"/a/**/c/**/d", "/a/c/d", true},
      {"/a/**/c/**/d", "/a/x/c/y/d", true},
      {"/a/**/c/**/d", "/a/x/y/d", false},
      {"/l/{a,b}.log", "/l/a.log", true},
      {"/l/{a,b}.log", "/l/b.log", true},
      {"/l/{a,b}.log", "/l/c.log", false},
      {"/l/{a,b}.log", "/l/ab.log", false},
      {"/l/x{,.1}", "/l/x", true},
      {"/l/x{,.1}", "/l/x.1", true},
      {"/l/{a{b,c},d}", "/l/ac", true},
      {"/l/{a{b,c},d}", "/l/d", true},
      {"/l/{a{b,c},d}", "/l/a", false},
      {"/l/{x/*,y}/z", "/l/x/q/z", true},
      {"/l/{x/*,y}/z", "/l/y/z", true},
      {"/l/{x/,y}/z", "/l/y/z", true},
      {"/l/{y,x/}/z", "/l/y/z", true},
      {"/l/{a/**/b,c}", "/l/a/b", true},
      {"{/a,/b}/x", "/b/x", true},
      {"/l/{a}", "/l/a", true},
      {"/l/\\*", "/l/*", true},
      {"/l/\\*", "/l/a", false},
      {"/l/\\{a,b\\}", "/l/{a,b}", true},
      {"/l/a,b", "/l/a,b", true},
      {"/l/a]", "/l/a]", true},
      {"/l/ a", "/l/ a", true},
      {"/l/\xff*", "/l/\xff\xfe", true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Matches(row.pattern, row.path), row.matches) << row.pattern << "  " << row.path;
  }
}

TEST(Glob, WrongPatternsSayWhatIsWrong) {
  struct Row {
    std::string_view pattern;
    const char* why;
  };
  const Row rows[] = {
      {"", "not an absolute path"},          {"var/log/*.log", "not an absolute path"},
      {"*/x", "not an absolute path"},       {"{/a,b}", "not an absolute path"},
      {"{,/a}", "not an absolute path"},     {"/var/log/", "end it with '/**'"},
      {"/var/../log", "'..' never matches"}, {"/var/./log", "'.' never matches"},
      {"/l/[ab", "'[' without a ']'"},       {"/l/[]", "'[' without a ']'"},
      {"/l/[b-a]", "runs backwards"},        {"/l/[a/b]", "'/' in '[...]'"},
      {"/l/[[:digit:]]", "named classes"},   {"/l/[\xc3\xa4]", "ASCII"},
      {"/l/{a,b", "'{' without a '}'"},      {"/l/a}", "'}' without a '{'"},
      {"/l/a\\", "'\\' at the end"},         {"/l/a**", "'**' stands alone"},
      {"/l/**.log", "'**' stands alone"},    {"/l/{a/**,b}", "'**' stands alone"},
      {std::string_view("/l/\0", 4), "NUL"},
  };
  for (const Row& row : rows) {
    const Result<Glob> glob = ParseGlob(row.pattern);
    ASSERT_FALSE(glob.ok()) << row.pattern;
    EXPECT_EQ(glob.error().code, ErrorCode::kInvalid);
    EXPECT_NE(glob.error().message.find(row.why), std::string::npos) << glob.error().message;
  }
  EXPECT_EQ(
      ParseGlob("/l/a}").error().message,
      "pattern '/l/a}': '}' without a '{'; write '\\}' for the character itself (at character 5)");
}

TEST(Glob, LengthAndNestingHaveLimits) {
  EXPECT_TRUE(ParseGlob(fmt::format("/{:a>{}}", "", kGlobBytesMax - 1)).ok());
  const Result<Glob> long_one = ParseGlob(fmt::format("/{:a>{}}", "", kGlobBytesMax));
  ASSERT_FALSE(long_one.ok());
  EXPECT_EQ(long_one.error().code, ErrorCode::kLimit);
  const auto nested = [](std::size_t depth) {
    return fmt::format("/{}a{}", std::string(depth, '{'), std::string(depth, '}'));
  };
  EXPECT_TRUE(Matches(nested(kGlobNestingMax), "/a"));
  const Result<Glob> deep = ParseGlob(nested(kGlobNestingMax + 1));
  ASSERT_FALSE(deep.ok());
  EXPECT_EQ(deep.error().code, ErrorCode::kLimit);
}

TEST(Glob, FixedRootIsTheLongestDirectoryWithoutWildcards) {
  EXPECT_EQ(Parsed("/var/log/*.log").FixedRoot(), "/var/log");
  EXPECT_EQ(Parsed("/var/log/app-*/x.log").FixedRoot(), "/var/log");
  EXPECT_EQ(Parsed("/var/log/syslog").FixedRoot(), "/var/log");
  EXPECT_EQ(Parsed("/var/{a,b}/x").FixedRoot(), "/var");
  EXPECT_EQ(Parsed("/*.log").FixedRoot(), "/");
  EXPECT_EQ(Parsed("/x").FixedRoot(), "/");
  EXPECT_EQ(Parsed("/**").FixedRoot(), "/");
  EXPECT_EQ(Parsed("{/a,/b}/x").FixedRoot(), "/");
  EXPECT_EQ(Parsed("/a\\*b/c").FixedRoot(), "/a*b");
  EXPECT_EQ(Parsed("/a//b//*").FixedRoot(), "/a/b");
}

TEST(Glob, MayContainTellsWhichDirectoriesAreWorthListing) {
  const Glob glob = Parsed("/var/log/{nginx,app-*}/*.log");
  EXPECT_TRUE(glob.MayContain("/"));
  EXPECT_TRUE(glob.MayContain("/var"));
  EXPECT_TRUE(glob.MayContain("/var/log"));
  EXPECT_TRUE(glob.MayContain("/var/log/"));
  EXPECT_TRUE(glob.MayContain("/var/log/nginx"));
  EXPECT_TRUE(glob.MayContain("/var/log/app-1"));
  EXPECT_FALSE(glob.MayContain("/var/log/mysql"));
  EXPECT_FALSE(glob.MayContain("/var/log/nginx/old"));
  EXPECT_FALSE(glob.MayContain("/home"));
  EXPECT_TRUE(Parsed("/a/**/x").MayContain("/a/b/c/d"));
  EXPECT_TRUE(Parsed("/a/**").MayContain("/a/b/c/d"));
  EXPECT_FALSE(Parsed("/a/b").MayContain("/a/b"));
  EXPECT_TRUE(Parsed("/a/b").MayContain("/a"));
}

// A backtracking matcher would need more than the age of the universe.
TEST(Glob, NoPatternIsSlow) {
  std::string stars = "/";
  std::string deep = "/";
  std::string braces = "/";
  for (int i = 0; i < 60; ++i) {
    stars += "*a";
    deep += "**/";
    braces += "{a,a,{a,a}}";
  }
  const std::string many_a = fmt::format("/{:a>4000}", "");
  std::string many_names;
  for (int i = 0; i < 1000; ++i) many_names += "/aa";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(Matches(stars + "b", many_a));
  EXPECT_FALSE(Matches(deep + "b", many_names));
  EXPECT_FALSE(Matches(braces, many_a));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

// Against a matcher so simple that it is right: by recursion, for '*', '?' and literals.
bool SimplyMatches(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern[0] == '*') {
    return SimplyMatches(pattern.substr(1), path) ||
           (!path.empty() && path[0] != '/' && SimplyMatches(pattern, path.substr(1)));
  }
  if (path.empty()) return false;
  const bool one = pattern[0] == '?' ? path[0] != '/' : pattern[0] == path[0];
  return one && SimplyMatches(pattern.substr(1), path.substr(1));
}

TEST(Glob, AgreesWithASimpleMatcher) {
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    SeededRandom random(seed);
    const auto draw = [&](std::string_view from, std::uint64_t length) {
      std::string text = "/";
      for (std::uint64_t i = 0; i < length; ++i) {
        const char c = from[random.Below(from.size())];
        if (c == '/' && text.back() == '/') continue;
        if (c == '*' && text.back() == '*') continue;
        text += c;
      }
      text += 'a';
      return text;
    };
    const std::string pattern = draw("ab/*?", random.Below(8));
    const std::string path = draw("ab/", random.Below(10));
    ASSERT_EQ(Matches(pattern, path), SimplyMatches(pattern, path))
        << "seed " << seed << ": " << pattern << "  " << path;
  }
}

TEST(Glob, AnyBytesAreParsedOrRefused) {
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    SeededRandom random(seed);
    std::string pattern = "/";
    constexpr std::string_view kBytes("ab/*?[]!-{},\\.\xc3\xa4\0", 17);
    for (std::uint64_t i = random.Below(20); i > 0; --i) {
      pattern += kBytes[random.Below(kBytes.size())];
    }
    SCOPED_TRACE(pattern);
    const Result<Glob> glob = ParseGlob(pattern);
    if (!glob.ok()) continue;
    // A directory above a match may contain it.
    const std::string path = "/a/b/ab";
    if (glob->Matches(path)) {
      for (const char* directory : {"/", "/a", "/a/b"}) EXPECT_TRUE(glob->MayContain(directory));
    }
    EXPECT_TRUE(glob->MayContain(glob->FixedRoot()));
  }
}

class ExpandInMemory : public ::testing::Test {
 protected:
  void Put(const std::string& path) {
    ASSERT_TRUE(fs_.CreateDirectories(ParentDirectory(path)).ok());
    ASSERT_TRUE(fs_.Open(path, OpenMode::kCreate).ok());
  }
  Paths Expand(std::string_view pattern) {
    const GlobMatches found = ExpandGlob(fs_, Parsed(pattern), 1000);
    EXPECT_TRUE(found.skipped.empty());
    EXPECT_FALSE(found.truncated);
    return found.paths;
  }

  MemoryFileSystem fs_;
};

TEST_F(ExpandInMemory, FindsFilesSorted) {
  for (const char* path : {"/l/b.log", "/l/a.log", "/l/a/x.log", "/l/a-/x.log", "/l/x.txt"})
    Put(path);
  EXPECT_EQ(Expand("/l/*.log"), (Paths{"/l/a.log", "/l/b.log"}));
  EXPECT_EQ(Expand("/l/**/*.log"), (Paths{"/l/a-/x.log", "/l/a.log", "/l/a/x.log", "/l/b.log"}));
  EXPECT_EQ(Expand("/l/*/x.log"), (Paths{"/l/a-/x.log", "/l/a/x.log"}));
  EXPECT_EQ(Expand("/l/b.log"), (Paths{"/l/b.log"}));
  EXPECT_EQ(Expand("/**/x.txt"), (Paths{"/l/x.txt"}));
}

TEST_F(ExpandInMemory, GivesNoDirectoriesAndNothingThatIsMissing) {
  Put("/l/a.log/inside");
  EXPECT_EQ(Expand("/l/*.log"), Paths{});
  EXPECT_EQ(Expand("/l/a.log"), Paths{});
  EXPECT_EQ(Expand("/no/such/*.log"), Paths{});
  EXPECT_EQ(Expand("/no/such/file"), Paths{});
  EXPECT_EQ(Expand("/l/a.log/inside/*"), Paths{});
}

TEST_F(ExpandInMemory, ListsOnlyWhatMayContainAMatch) {
  for (const char* path : {"/l/a/x.log", "/l/b/x.log", "/l/a/deep/x.log", "/other/x.log"})
    Put(path);
  FaultyFileSystem counting(fs_);
  EXPECT_EQ(ExpandGlob(counting, Parsed("/l/a*/x.log"), 10).paths, (Paths{"/l/a/x.log"}));
  EXPECT_EQ(counting.calls(CallKind::kList), 2U) << "/l and /l/a";
}

TEST_F(ExpandInMemory, StopsAtItsLimitAndSaysSo) {
  for (const char* path : {"/l/a", "/l/b", "/l/c"}) Put(path);
  const GlobMatches at_limit = ExpandGlob(fs_, Parsed("/l/*"), 3);
  EXPECT_EQ(at_limit.paths.size(), 3U);
  EXPECT_FALSE(at_limit.truncated);
  const GlobMatches past_it = ExpandGlob(fs_, Parsed("/l/*"), 2);
  EXPECT_EQ(past_it.paths, (Paths{"/l/a", "/l/b"}));
  EXPECT_TRUE(past_it.truncated);
}

TEST_F(ExpandInMemory, WhatCannotBeReadIsToldAndTheRestIsFound) {
  for (const char* path : {"/l/a/x", "/l/b/x"}) Put(path);
  FaultyFileSystem faulty(fs_);
  faulty.Add({.kind = CallKind::kList, .path_part = "/l/a", .code = ErrorCode::kPermission});
  const GlobMatches found = ExpandGlob(faulty, Parsed("/l/*/x"), 10);
  EXPECT_EQ(found.paths, (Paths{"/l/b/x"}));
  ASSERT_EQ(found.skipped.size(), 1U);
  EXPECT_EQ(found.skipped[0].code, ErrorCode::kPermission);
}

TEST(ExpandOnDisk, FollowsLinksButNotInCircles) {
  TempDirectory temp;
  PosixFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectories(temp / "real/deep").ok());
  ASSERT_TRUE(ReplaceFile(fs, temp / "real/x.log", "").ok());
  ASSERT_TRUE(ReplaceFile(fs, temp / "real/deep/y.log", "").ok());
  ASSERT_EQ(::symlink("x.log", (temp / "real/link.log").c_str()), 0);
  ASSERT_EQ(::symlink("missing", (temp / "real/dangling.log").c_str()), 0);
  ASSERT_EQ(::symlink("real", (temp / "linked").c_str()), 0);
  ASSERT_EQ(::symlink("../..", (temp / "real/deep/up").c_str()), 0);
  ASSERT_EQ(::symlink(".", (temp / "real/self").c_str()), 0);
  const GlobMatches found = ExpandGlob(fs, Parsed(temp / "**/*.log"), 100);
  EXPECT_EQ(found.paths,
            (Paths{temp / "linked/deep/y.log", temp / "linked/link.log", temp / "linked/x.log",
                   temp / "real/deep/y.log", temp / "real/link.log", temp / "real/x.log"}));
  EXPECT_TRUE(found.skipped.empty());
  EXPECT_EQ(ExpandGlob(fs, Parsed(temp / "linked/*.log"), 100).paths.size(), 2U);
  EXPECT_EQ(ExpandGlob(fs, Parsed(temp / "real/link.log"), 100).paths.size(), 1U);
}

}  // namespace
}  // namespace logboom::file
