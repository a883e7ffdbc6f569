#include "agent/name_stem.h"

#include <algorithm>
#include <array>

namespace logboom::agent {
namespace {

constexpr std::string_view kSeparators = ".-_~ ";
constexpr std::array<std::string_view, 13> kMarks = {
    "old", "bak", "backup", "copy", "orig", "save", "prev", "tmp", "gz", "bz2", "xz", "zst", "lz4"};

// "1", "20260131", "20260131T235959Z"
bool IsNumberOrDate(std::string_view word) {
  const bool starts_with_digit = word.front() >= '0' && word.front() <= '9';
  return starts_with_digit && std::all_of(word.begin(), word.end(), [](char c) {
           return (c >= '0' && c <= '9') || c == 'T' || c == 'Z' || c == 't' || c == 'z';
         });
}

bool IsMark(std::string_view word) {
  return IsNumberOrDate(word) || std::find(kMarks.begin(), kMarks.end(), word) != kMarks.end();
}

}  // namespace

std::string_view FileName(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string NameStem(std::string_view path) {
  std::string_view rest = FileName(path);
  std::string stem;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(kSeparators), rest.size());
    const std::string_view word = rest.substr(0, end);
    if (!word.empty() && !IsMark(word)) {
      if (!stem.empty()) stem += '.';
      stem += word;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return stem;
}

std::string BasePath(std::string_view path) {
  for (;;) {
    const std::string_view name = FileName(path);
    const std::size_t separator = name.find_last_of(kSeparators);
    if (separator == std::string_view::npos || separator == 0) return std::string(path);
    const std::string_view last = name.substr(separator + 1);
    if (!last.empty() && !IsMark(last)) return std::string(path);
    path.remove_suffix(name.size() - separator);
  }
}

bool SharesStem(std::string_view path, std::string_view other_path) {
  return NameStem(path) == NameStem(other_path);
}

}  // namespace logboom::agent
