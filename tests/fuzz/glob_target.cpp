#include <gtest/gtest.h>

#include "lib/file/glob.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {
namespace {

constexpr std::size_t kPathBytesMax = 512;  // matching takes pattern times path

std::string Parent(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : std::string(path.substr(0, slash));
}

bool IsNormal(std::string_view path) {
  return path.size() > 1 && path.front() == '/' && path.back() != '/' &&
         path.find("//") == std::string_view::npos && path.find("/.") == std::string_view::npos;
}

// Each byte by itself, escaped: that matches the path, and nothing else.
void EscapedPathIsPlain(std::string_view path) {
  std::string pattern;
  for (const char byte : path) {
    if (byte != '/') pattern += '\\';
    pattern += byte;
  }
  const auto glob = file::ParseGlob(pattern);
  if (!glob.ok()) return;
  EXPECT_TRUE(glob->plain());
  EXPECT_EQ(glob->plain_path(), path);
  EXPECT_TRUE(glob->Matches(path));
  EXPECT_FALSE(glob->Matches(std::string(path) + "x"));
}

}  // namespace

void Glob(ByteView input) {
  const std::size_t newline = std::min(input.find('\n'), input.size());
  const ByteView path = input.substr(std::min(newline + 1, input.size())).substr(0, kPathBytesMax);
  const bool normal = IsNormal(path);
  if (normal) EscapedPathIsPlain(path);
  const auto glob = file::ParseGlob(input.substr(0, newline));
  if (!glob.ok()) return;
  EXPECT_LE(glob->pattern().size(), file::kGlobBytesMax);
  if (glob->plain()) {
    EXPECT_TRUE(glob->Matches(glob->plain_path()));
  }
  if (!glob->Matches(path) || !normal) return;
  EXPECT_TRUE(glob->MayContain(Parent(path)));
  EXPECT_TRUE(path.starts_with(glob->FixedRoot()));
  if (glob->plain()) {
    EXPECT_EQ(path, glob->plain_path());
  }
}

}  // namespace logboom::fuzz
