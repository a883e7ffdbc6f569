// The last minutes of one figure, for a chart: at most a point each kHistoryStep.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/types.h"

namespace logboom::gui {

struct Point {
  TimestampMs time;
  double value = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

// A value; one owner, one thread.
class History {
 public:
  // Sooner after the last point than the step: replaces it. What is older than kHistorySpan goes.
  // A clock that was set back begins anew.
  void Add(TimestampMs time, double value);
  const std::vector<Point>& points() const { return points_; }

 private:
  std::vector<Point> points_;
  TimestampMs slot_;  // when the last point was begun
};

}  // namespace logboom::gui
