// Cuts standard input into lines.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "lib/base/bytes.h"

namespace logboom::cli {

// One owner, one thread. Holds at most one line of kLineBytesMax and nothing of a longer one.
class LineSplitter {
 public:
  // As the agent's max_line_bytes.
  static constexpr std::size_t kLineBytesMax = 1'000'000;

  struct Events {
    // Without its newline; valid during the call. Numbers count from 1.
    std::function<void(std::uint64_t number, ByteView line)> line;
    std::function<void(std::uint64_t number)> too_long;
  };
  explicit LineSplitter(Events events) : events_(std::move(events)) {}

  void Add(ByteView bytes);
  // The end: bytes after the last newline are a line too.
  void Finish();

 private:
  void Keep(ByteView part);
  void EndLine(ByteView part);

  Events events_;
  std::string held_;
  bool too_long_ = false;
  std::uint64_t number_ = 1;
};

}  // namespace logboom::cli
