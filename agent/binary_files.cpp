#include "agent/binary_files.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "agent/limits.h"

namespace logboom::agent {
namespace {

bool DecodesNulBytes(Encoding encoding) {
  return encoding == Encoding::kUtf16 || encoding == Encoding::kUtf16Le ||
         encoding == Encoding::kUtf16Be;
}

// Nothing where it can't be read: reading on says why.
Bytes HeadOf(const file::File& file) {
  Bytes head(kBinaryHeadBytes, '\0');
  const auto got = file.PRead(0, std::span(head));
  head.resize(got ? *got : 0);
  return head;
}

std::string NoticeOf(const WatchedFile& file) { return "binary " + file.path; }

}  // namespace

bool HasBinaryName(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.ends_with(".journal") || name.ends_with(".journal~")) return true;
  const std::size_t stem = name.find_first_of(".-");
  const bool rotated = stem + 1 < name.size() && std::isdigit(name[stem + 1]) != 0;
  if (stem != std::string_view::npos && !rotated) return false;
  constexpr std::array<std::string_view, 3> kStems = {"wtmp", "btmp", "lastlog"};
  return std::find(kStems.begin(), kStems.end(), name.substr(0, stem)) != kStems.end();
}

bool IsBinary(ByteView head) {
  const std::size_t begin = head.find_first_not_of('\0');
  if (begin == ByteView::npos) return false;
  return head.substr(begin, head.find_last_not_of('\0') - begin).find('\0') != ByteView::npos;
}

bool IsLeftAlone(WatchedFile& file) {
  if (file.input == nullptr || file.input->binary == BinaryFiles::kRead) return false;
  if (file.named || file.found_text || DecodesNulBytes(file.input->encoding)) return false;
  const Bytes head = HeadOf(*file.handle);
  if (IsBinary(head)) return true;
  file.found_text = head.find_first_not_of('\0') != Bytes::npos;
  return false;
}

void LeaveAlone(TopicParts& parts, WatchedFile& file) {
  file.state = FileState::kBinary;
  file.first_bytes = nullptr;
  file.waits_for = nullptr;
  file.read_after = nullptr;
  file.handle.reset();
  parts.notices.SayOnce(NoticeOf(file), Severity::kWarn,
                        file.path +
                            ": holds NUL bytes, so it is no text and is not read; where it is, "
                            "give its input encoding = \"utf-16\" or binary = \"read\"");
}

bool IsStillBinary(TopicParts& parts, const WatchedFile& file) {
  const auto opened = parts.fs.Open(file.path, file::OpenMode::kRead);
  if (!opened || IsBinary(HeadOf(**opened))) return true;
  parts.notices.Forget(NoticeOf(file));
  return false;
}

}  // namespace logboom::agent
