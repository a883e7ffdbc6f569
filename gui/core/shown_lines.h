// The lines of a store that a view shows: all of them, or those that a filter leaves, by index.
#pragma once

#include <cstddef>
#include <string_view>

#include "gui/core/line_filter.h"
#include "gui/core/line_store.h"

namespace logboom::gui {

enum class FilterMode {
  kHideOthers,
  kHighlight,  // all lines are shown
};

// One owner, one thread.
class ShownLines {
 public:
  using Sequence = LineStore::Sequence;

  explicit ShownLines(const LineLimits& limits = {}) : store_(limits) {}

  void Append(LineBlock block);
  void Clear();
  void SetFilter(std::string_view needle, FilterMode mode);
  // Looks at more lines; true once all were looked at.
  bool AdvanceFilter(std::size_t rows_max) { return filter_.Advance(store_, rows_max); }

  std::size_t count() const;
  // `index` < count().
  Sequence At(std::size_t index) const;
  Line LineAt(std::size_t index) const { return store_.at(At(index)); }
  // Of the first shown line at or after `sequence`; count() where there is none.
  std::size_t IndexOf(Sequence sequence) const;

  const LineStore& store() const { return store_; }
  const LineFilter& filter() const { return filter_; }
  // Kept, and not shown because of the filter.
  std::size_t hidden() const { return store_.size() - count(); }
  // No longer kept, since the last Clear().
  Sequence forgotten() const { return store_.begin() - cleared_at_; }

 private:
  bool hiding() const { return filter_.active() && mode_ == FilterMode::kHideOthers; }

  LineStore store_;
  LineFilter filter_;
  FilterMode mode_ = FilterMode::kHideOthers;
  Sequence cleared_at_ = 0;
};

}  // namespace logboom::gui
