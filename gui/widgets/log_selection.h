// What is selected in the log: from one place to another, in either direction. Lines are known by
// sequence numbers, so that a selection stays on its text while lines come and go.
#pragma once

#include <algorithm>
#include <compare>
#include <utility>

#include "gui/core/line_store.h"

namespace logboom::gui {

struct TextPlace {
  LineStore::Sequence line = 0;
  int column = 0;
  friend auto operator<=>(const TextPlace&, const TextPlace&) = default;
};

// A value.
class LogSelection {
 public:
  void Begin(const TextPlace& place) { anchor_ = cursor_ = place; }
  void ExtendTo(const TextPlace& place) { cursor_ = place; }
  void Clear() { cursor_ = anchor_; }
  bool empty() const { return anchor_ == cursor_; }
  TextPlace begin() const { return std::min(anchor_, cursor_); }
  TextPlace end() const { return std::max(anchor_, cursor_); }

  // The columns [first, second) of a line that has `columns`; empty where none.
  std::pair<int, int> ColumnsOf(LineStore::Sequence line, int columns) const {
    if (empty() || line < begin().line || line > end().line) return {0, 0};
    const int from = line == begin().line ? std::min(begin().column, columns) : 0;
    const int to = line == end().line ? std::min(end().column, columns) : columns;
    return {from, to};
  }

 private:
  TextPlace anchor_;
  TextPlace cursor_;
};

}  // namespace logboom::gui
