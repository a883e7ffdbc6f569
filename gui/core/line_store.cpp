#include "gui/core/line_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "lib/base/check.h"
#include "lib/display/human.h"
#include "lib/display/visible_text.h"

namespace logboom::gui {
namespace {

// Blocks smaller than this are joined: a line each would cost a block each.
constexpr std::size_t kBlockRowsMin = 1'024;

bool ContinuesCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

// At most kLineBytesMax bytes of `text`, and no half character at their end.
std::string_view StartOf(std::string_view text) {
  std::size_t bytes = std::min(text.size(), kLineBytesMax);
  if (bytes == text.size()) return text;
  // A character has at most three bytes that continue it.
  for (int i = 0; i < 3 && bytes > 0 && ContinuesCharacter(text[bytes]); ++i) --bytes;
  return text.substr(0, bytes);
}

}  // namespace

void LineBlock::Add(LineRow row, std::string_view source, std::string_view text) {
  row.begin = static_cast<std::uint32_t>(bytes.size());
  display::AppendVisible(StartOf(source), bytes);
  row.source_bytes = static_cast<std::uint32_t>(bytes.size()) - row.begin;
  const std::string_view shown = StartOf(text);
  display::AppendVisible(shown, bytes);
  if (shown.size() < text.size()) {
    fmt::format_to(std::back_inserter(bytes), " [{} more bytes]",
                   display::HumanCount(text.size() - shown.size()));
  }
  row.text_bytes = static_cast<std::uint32_t>(bytes.size()) - row.begin - row.source_bytes;
  rows.push_back(row);
}

void LineBlock::Append(const LineBlock& other) {
  const auto shift = static_cast<std::uint32_t>(bytes.size());
  bytes += other.bytes;
  for (LineRow row : other.rows) {
    row.begin += shift;
    rows.push_back(row);
  }
}

void LineStore::Append(LineBlock block) {
  if (block.empty()) return;
  bytes_ += block.bytes.size();
  end_ += block.rows.size();
  if (!blocks_.empty() && blocks_.back().lines.rows.size() < kBlockRowsMin) {
    blocks_.back().lines.Append(block);
  } else {
    const Sequence begin = end_ - block.rows.size();
    blocks_.push_back({begin, std::move(block)});
  }
  DropFront();
}

void LineStore::Clear() {
  blocks_.clear();
  bytes_ = 0;
}

// Whole blocks go, so that dropping costs nothing by the line; the newest one stays.
void LineStore::DropFront() {
  while (blocks_.size() > 1 && (size() > limits_.rows_max || bytes_ > limits_.bytes_max)) {
    bytes_ -= blocks_.front().lines.bytes.size();
    blocks_.pop_front();
  }
}

Line LineStore::at(Sequence sequence) const {
  CHECK(sequence >= begin() && sequence < end_);
  const auto after =
      std::upper_bound(blocks_.begin(), blocks_.end(), sequence,
                       [](Sequence wanted, const Block& block) { return wanted < block.begin; });
  const Block& block = *std::prev(after);
  const LineRow& row = block.lines.rows[static_cast<std::size_t>(sequence - block.begin)];
  const std::string_view bytes = block.lines.bytes;
  return {row, bytes.substr(row.begin, row.source_bytes),
          bytes.substr(row.begin + row.source_bytes, row.text_bytes)};
}

}  // namespace logboom::gui
