// What applications wrote, kept beside the disk: the oracle's side of every log file.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/file/file_system.h"

namespace logboom::sim {

// "NAME NUMBER ..." in [begin, end), the newline included.
struct WrittenLine {
  std::uint64_t number = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// A file from its creation, or from a truncation, to the next one. Its bytes stay here whatever
// becomes of the file.
struct Incarnation {
  std::string host;
  std::string writer;
  std::string path;  // at its beginning
  file::FileIdentity file;
  Bytes content;
  std::vector<WrittenLine> lines;  // whole ones
  std::int64_t line_begin = 0;     // of the line that is not finished
  // Its bytes were removed before all of them were in the log: a gap must say what is missing.
  bool destroyed = false;
  // But nobody who is left ever knew of them: see Application.
  bool unknown_to_all = false;

  void Append(ByteView bytes);
};

// One owner, one thread. References stay valid.
class WrittenFiles {
 public:
  Incarnation& Begin(const std::string& host, const std::string& writer, const std::string& path,
                     const file::FileIdentity& file);
  // Those that stood in this file, one after the other.
  std::vector<const Incarnation*> Of(const std::string& host, std::uint64_t inode,
                                     std::int64_t birth_time_ns) const;
  const std::deque<Incarnation>& all() const { return all_; }
  std::deque<Incarnation>& all() { return all_; }

 private:
  std::deque<Incarnation> all_;
};

// The number in "NAME NUMBER ..."; nothing where the line is none of that writer's kind.
struct LineName {
  std::string writer;
  std::uint64_t number = 0;
};
bool ParseLine(ByteView line, LineName& name);
// Whether agents that leave out lines leave out this one; of a line that is not whole, as far as
// they can tell.
bool LeavesOut(ByteView line);

}  // namespace logboom::sim
