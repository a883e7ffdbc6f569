// Which lines of a store hold a text, found in slices, so that no slice blocks the window.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "gui/core/line_store.h"

namespace logboom::gui {

// Where the needle first stands in `text` at or after `from`, ASCII letters in either case; npos
// where it does not. `lower_needle` is not empty, and in lower case.
std::size_t FindIgnoringCase(std::string_view text, std::string_view lower_needle,
                             std::size_t from = 0);
std::string LowerCase(std::string_view text);

// One owner, one thread.
class LineFilter {
 public:
  // Begins anew from the store's first line. Empty: there is no filter.
  void SetNeedle(std::string_view needle);
  bool active() const { return !needle_.empty(); }
  const std::string& needle() const { return needle_; }  // in lower case

  // Looks at up to `rows_max` more lines, in order, and forgets those that the store has dropped.
  // True where all has been looked at.
  bool Advance(const LineStore& store, std::size_t rows_max);
  void Clear();

  // The lines that match, of those looked at.
  const std::deque<LineStore::Sequence>& matches() const { return matches_; }

 private:
  bool Matches(const Line& line) const;

  std::string needle_;
  LineStore::Sequence next_ = 0;
  std::deque<LineStore::Sequence> matches_;
};

}  // namespace logboom::gui
