// The live tail's lines: UTF-8 text in blocks, the oldest dropped in front. A line is named by its
// sequence number, which never changes while it is kept.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "gui/core/limits.h"
#include "lib/base/types.h"

namespace logboom::gui {

enum class LineKind : std::uint8_t {
  kRecord,
  kNotice,  // of ours, in its place: a gap, or a range that can't be read
};

// Text stands in its block's bytes: first the source, then the line. Both are printable UTF-8.
struct LineRow {
  TimestampMs time{};
  Offset offset{};
  std::uint32_t begin = 0;
  std::uint32_t source_bytes = 0;
  std::uint32_t text_bytes = 0;
  PartitionIndex partition{};
  std::uint16_t broker = 0;  // index into Frame's
  LineKind kind = LineKind::kRecord;
};

// Lines on their way from the network thread.
struct LineBlock {
  std::string bytes;
  std::vector<LineRow> rows;

  bool empty() const { return rows.empty(); }
  // `text` and `source` may hold anything: made printable, and cut at kLineBytesMax with a count of
  // what is missing.
  void Add(LineRow row, std::string_view source, std::string_view text);
  // Both end up here, in order.
  void Append(const LineBlock& other);
};

struct Line {
  const LineRow& row;
  std::string_view source;
  std::string_view text;
};

struct LineLimits {
  std::size_t rows_max = kTailRowsMax;
  std::size_t bytes_max = kTailBytesMax;
};

// One owner, one thread. Views stay valid until the next Append() or Clear().
class LineStore {
 public:
  using Sequence = std::uint64_t;

  explicit LineStore(const LineLimits& limits = {}) : limits_(limits) {}

  void Append(LineBlock block);
  // Sequence numbers go on.
  void Clear();

  // Lines [begin, end) are kept.
  Sequence begin() const { return blocks_.empty() ? end_ : blocks_.front().begin; }
  Sequence end() const { return end_; }
  std::size_t size() const { return static_cast<std::size_t>(end_ - begin()); }
  std::size_t bytes() const { return bytes_; }
  // `sequence` is kept.
  Line at(Sequence sequence) const;

 private:
  struct Block {
    Sequence begin = 0;
    LineBlock lines;
  };
  void DropFront();

  LineLimits limits_;
  std::deque<Block> blocks_;
  Sequence end_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace logboom::gui
