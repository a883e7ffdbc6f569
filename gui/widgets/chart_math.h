// What a line chart works out before it paints. Functions without state.
#pragma once

#include <QPointF>
#include <QRectF>
#include <vector>

#include "gui/core/history.h"

namespace logboom::gui {

// The least of 1, 2, 2.5, 5 times a power of ten that is at least `value`; 1 for what is not above
// zero.
double NiceCeiling(double value);

// What is drawn where: times from `begin` to `end` over the width of `box`, values from 0 to
// `value_max` over its height.
struct ChartScale {
  QRectF box;
  TimestampMs begin;
  TimestampMs end;
  double value_max = 1;
  double value_step = 1;  // between grid lines

  QPointF At(const Point& point) const;
};

// Lines to draw, each unbroken: where points lie further apart than `gap_ms` nothing was known.
// However many points fall on a pixel column, at most its first, least, greatest and last are
// drawn.
std::vector<std::vector<QPointF>> MakeLines(const std::vector<Point>& points,
                                            const ChartScale& scale, std::int64_t gap_ms);

}  // namespace logboom::gui
