#include "gui/core/history.h"

#include <algorithm>

#include "gui/core/limits.h"

namespace logboom::gui {

void History::Add(TimestampMs time, double value) {
  if (!points_.empty() && time < points_.back().time) points_.clear();
  // Half a step of slack: snapshots come each second, give or take.
  if (!points_.empty() && time - slot_ < kHistoryStep.count() / 2) {
    points_.back() = {time, value};
    return;
  }
  slot_ = time;
  points_.push_back({time, value});
  const TimestampMs oldest = time - std::chrono::milliseconds(kHistorySpan).count();
  const auto keep = std::find_if(points_.begin(), points_.end(),
                                 [oldest](const Point& point) { return point.time >= oldest; });
  points_.erase(points_.begin(), keep);
}

}  // namespace logboom::gui
