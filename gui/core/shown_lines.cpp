#include "gui/core/shown_lines.h"

#include <algorithm>
#include <utility>

namespace logboom::gui {

void ShownLines::Append(LineBlock block) {
  store_.Append(std::move(block));
  // Forgets matches that the store has dropped; looks at nothing.
  filter_.Advance(store_, 0);
}

void ShownLines::Clear() {
  store_.Clear();
  filter_.Clear();
  cleared_at_ = store_.end();
}

void ShownLines::SetFilter(std::string_view needle, FilterMode mode) {
  mode_ = mode;
  if (LowerCase(needle) != filter_.needle()) filter_.SetNeedle(needle);
}

std::size_t ShownLines::count() const {
  return hiding() ? filter_.matches().size() : store_.size();
}

ShownLines::Sequence ShownLines::At(std::size_t index) const {
  return hiding() ? filter_.matches()[index] : store_.begin() + index;
}

std::size_t ShownLines::IndexOf(Sequence sequence) const {
  if (hiding()) {
    const auto& matches = filter_.matches();
    const auto found = std::lower_bound(matches.begin(), matches.end(), sequence);
    return static_cast<std::size_t>(found - matches.begin());
  }
  const Sequence inside = std::clamp(sequence, store_.begin(), store_.end());
  return static_cast<std::size_t>(inside - store_.begin());
}

}  // namespace logboom::gui
