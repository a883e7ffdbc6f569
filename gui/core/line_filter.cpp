#include "gui/core/line_filter.h"

#include <algorithm>

namespace logboom::gui {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool StartsWith(std::string_view text, std::string_view lower_needle) {
  for (std::size_t i = 0; i < lower_needle.size(); ++i) {
    if (Lower(text[i]) != lower_needle[i]) return false;
  }
  return true;
}

}  // namespace

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  return lower;
}

std::size_t FindIgnoringCase(std::string_view text, std::string_view lower_needle,
                             std::size_t from) {
  if (text.size() < lower_needle.size()) return std::string_view::npos;
  const std::size_t last = text.size() - lower_needle.size();
  const char low = lower_needle[0];
  const char up = Upper(low);
  for (std::size_t at = from; at <= last; ++at) {
    if ((text[at] == low || text[at] == up) && StartsWith(text.substr(at), lower_needle)) return at;
  }
  return std::string_view::npos;
}

void LineFilter::SetNeedle(std::string_view needle) {
  needle_ = LowerCase(needle);
  Clear();
  next_ = 0;
}

void LineFilter::Clear() { matches_.clear(); }

bool LineFilter::Advance(const LineStore& store, std::size_t rows_max) {
  while (!matches_.empty() && matches_.front() < store.begin()) matches_.pop_front();
  if (!active()) return true;
  next_ = std::max(next_, store.begin());
  const LineStore::Sequence stop = std::min(store.end(), next_ + rows_max);
  for (; next_ < stop; ++next_) {
    if (Matches(store.at(next_))) matches_.push_back(next_);
  }
  return next_ == store.end();
}

// Notices always stand: that lines are missing matters more than what is looked for.
bool LineFilter::Matches(const Line& line) const {
  return line.row.kind == LineKind::kNotice ||
         FindIgnoringCase(line.text, needle_) != std::string_view::npos ||
         FindIgnoringCase(line.source, needle_) != std::string_view::npos;
}

}  // namespace logboom::gui
