#include "gui/widgets/chart_math.h"

#include <algorithm>
#include <cmath>

namespace logboom::gui {
namespace {

// The points of one pixel column.
class PixelColumn {
 public:
  void Add(const QPointF& point) {
    if (points_.empty()) first_ = least_ = greatest_ = point;
    if (point.y() < least_.y()) least_ = point;
    if (point.y() > greatest_.y()) greatest_ = point;
    last_ = point;
    points_.push_back(point);
  }
  bool empty() const { return points_.empty(); }
  bool Holds(const QPointF& point) const {
    return !empty() && std::floor(first_.x()) == std::floor(point.x());
  }
  void MoveTo(std::vector<QPointF>& line) {
    if (points_.size() <= 4) {
      line.insert(line.end(), points_.begin(), points_.end());
    } else {
      line.insert(line.end(), {first_, least_, greatest_, last_});
    }
    points_.clear();
  }

 private:
  std::vector<QPointF> points_;
  QPointF first_, least_, greatest_, last_;
};

}  // namespace

double NiceCeiling(double value) {
  if (!(value > 0)) return 1;
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 2.5, 5.0}) {
    if (value <= step * power * (1 + 1e-9)) return step * power;
  }
  return 10 * power;
}

QPointF ChartScale::At(const Point& point) const {
  const double along = static_cast<double>(point.time - begin) / static_cast<double>(end - begin);
  const double up = value_max > 0 ? point.value / value_max : 0;
  return {box.left() + along * box.width(), box.bottom() - up * box.height()};
}

std::vector<std::vector<QPointF>> MakeLines(const std::vector<Point>& points,
                                            const ChartScale& scale, std::int64_t gap_ms) {
  std::vector<std::vector<QPointF>> lines;
  PixelColumn column;
  const Point* before = nullptr;
  for (const Point& point : points) {
    if (point.time < scale.begin || point.time > scale.end) continue;
    const QPointF at = scale.At(point);
    const bool broken = before == nullptr || point.time - before->time > gap_ms;
    if (!column.empty() && (broken || !column.Holds(at))) column.MoveTo(lines.back());
    if (broken) lines.emplace_back();
    column.Add(at);
    before = &point;
  }
  if (!column.empty()) column.MoveTo(lines.back());
  return lines;
}

}  // namespace logboom::gui
