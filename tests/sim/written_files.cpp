#include "tests/sim/written_files.h"

#include <charconv>

#include "lib/base/check.h"

namespace logboom::sim {

bool ParseLine(ByteView line, LineName& name) {
  const std::size_t space = line.find(' ');
  if (space == ByteView::npos || space == 0) return false;
  const char* const end = line.data() + line.size();
  const auto [after, error] = std::from_chars(line.data() + space + 1, end, name.number);
  if (error != std::errc() || after == end || *after != ' ') return false;
  name.writer = std::string(line.substr(0, space));
  return true;
}

bool LeavesOut(ByteView line) {
  LineName name;
  return ParseLine(line, name) && (name.number % 10 == 3 || name.number % 10 == 7);
}

void Incarnation::Append(ByteView bytes) {
  std::size_t from = content.size();
  content += bytes;
  for (std::size_t newline = content.find('\n', from); newline != Bytes::npos;
       newline = content.find('\n', newline + 1)) {
    const auto end = static_cast<std::int64_t>(newline) + 1;
    LineName name;
    const auto begin = static_cast<std::size_t>(line_begin);
    CHECK(ParseLine(ByteView(content).substr(begin, newline - begin), name));
    CHECK(name.writer == writer);
    lines.push_back({name.number, line_begin, end});
    line_begin = end;
  }
}

Incarnation& WrittenFiles::Begin(const std::string& host, const std::string& writer,
                                 const std::string& path, const file::FileIdentity& file) {
  Incarnation& made = all_.emplace_back();
  made.host = host;
  made.writer = writer;
  made.path = path;
  made.file = file;
  return made;
}

std::vector<const Incarnation*> WrittenFiles::Of(const std::string& host, std::uint64_t inode,
                                                 std::int64_t birth_time_ns) const {
  std::vector<const Incarnation*> found;
  for (const Incarnation& each : all_) {
    if (each.host == host && each.file.inode == inode && each.file.birth_time_ns == birth_time_ns) {
      found.push_back(&each);
    }
  }
  return found;
}

}  // namespace logboom::sim
