#include "gui/widgets/line_chart.h"

#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "gui/core/limits.h"
#include "gui/core/time_format.h"
#include "gui/models/text.h"
#include "gui/widgets/card.h"
#include "gui/widgets/colours.h"

namespace logboom::gui {
namespace {

constexpr int kGridLinesMax = 5;
constexpr int kTimeLabels = 5;
constexpr int kBottom = 24;
// Snapshots come each second; after so long without one nothing was known.
constexpr std::int64_t kGapMs = 5'000;

}  // namespace

LineChart::LineChart(const QString& accessible_name, FormatValue format, QWidget* parent)
    : QWidget(parent), format_(format) {
  setAccessibleName(accessible_name);
  setMouseTracking(true);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void LineChart::SetPoints(const std::vector<Point>& points, TimestampMs now) {
  points_ = points;
  now_ = now;
  update();
}

void LineChart::SetStale(bool stale) {
  stale_ = stale;
  update();
}

ChartScale LineChart::MakeScale() const {
  double most = 0;
  for (const Point& point : points_) most = std::max(most, point.value);
  const double step = NiceCeiling(most / kGridLinesMax);
  const double top = step * std::max(2.0, std::ceil(most * 1.02 / step));
  int labels = 0;
  for (double value = 0; value <= top; value += step) {
    labels = std::max(labels, fontMetrics().horizontalAdvance(format_(value)));
  }
  const QRectF box(labels + kGrid, kGrid, width() - labels - kGrid * 2, height() - kBottom - kGrid);
  return {box, now_ - std::chrono::milliseconds(kHistorySpan).count(), now_, top, step};
}

void LineChart::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const ChartScale scale = MakeScale();
  PaintGrid(painter, scale);
  PaintTimes(painter, scale);
  PaintLines(painter, scale);
  PaintPointed(painter, scale);
  if (points_.size() >= 2) return;
  painter.setPen(CurrentColours().muted);
  painter.drawText(scale.box, Qt::AlignCenter, "Nothing to draw yet");
}

void LineChart::PaintGrid(QPainter& painter, const ChartScale& scale) const {
  const Colours& colours = CurrentColours();
  for (double value = 0; value <= scale.value_max; value += scale.value_step) {
    const double y = std::round(scale.At({scale.begin, value}).y()) + 0.5;
    painter.setPen(QPen(colours.border, 1));
    painter.drawLine(QPointF(scale.box.left(), y), QPointF(scale.box.right(), y));
    painter.setPen(colours.muted);
    painter.drawText(QRectF(0, y - 10, scale.box.left() - kGrid, 20),
                     Qt::AlignRight | Qt::AlignVCenter, format_(value));
  }
}

void LineChart::PaintTimes(QPainter& painter, const ChartScale& scale) const {
  painter.setPen(CurrentColours().muted);
  const std::int64_t minute = 60'000;
  const std::int64_t step = (scale.end - scale.begin) / kTimeLabels;
  const std::int64_t first = (scale.begin.value() / minute + 1) * minute;
  for (std::int64_t time = first; time < scale.end.value(); time += step) {
    const double x = scale.At({TimestampMs(time), 0}).x();
    const QString text = FromUtf8(FormatHourMinute(TimestampMs(time)));
    const double half = fontMetrics().horizontalAdvance(text) / 2.0;
    if (x - half < scale.box.left() || x + half > scale.box.right()) continue;
    painter.drawText(QRectF(x - half - 2, height() - kBottom + 4, half * 2 + 4, 20),
                     Qt::AlignCenter, text);
  }
}

void LineChart::PaintLines(QPainter& painter, const ChartScale& scale) const {
  const Colours& colours = CurrentColours();
  const QColor ink = stale_ ? colours.muted : colours.accent;
  QColor area = ink;
  area.setAlphaF(0.12F);
  for (const std::vector<QPointF>& line : MakeLines(points_, scale, kGapMs)) {
    QPainterPath path(line.front());
    for (const QPointF& point : line) path.lineTo(point);
    painter.setPen(QPen(ink, 1.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.setBrush(Qt::NoBrush);
    painter.drawPath(path);
    path.lineTo(line.back().x(), scale.box.bottom());
    path.lineTo(line.front().x(), scale.box.bottom());
    painter.fillPath(path, area);
  }
}

const Point* LineChart::Nearest(const ChartScale& scale, double x) const {
  const Point* nearest = nullptr;
  double distance = kGrid * 2;
  for (const Point& point : points_) {
    const double here = std::abs(scale.At(point).x() - x);
    if (here >= distance) continue;
    distance = here;
    nearest = &point;
  }
  return nearest;
}

void LineChart::PaintPointed(QPainter& painter, const ChartScale& scale) const {
  const Point* point = pointed_x_ ? Nearest(scale, *pointed_x_) : nullptr;
  if (point == nullptr) return;
  const Colours& colours = CurrentColours();
  const QPointF at = scale.At(*point);
  painter.setPen(QPen(colours.muted, 1, Qt::DashLine));
  painter.drawLine(QPointF(at.x(), scale.box.top()), QPointF(at.x(), scale.box.bottom()));
  painter.setPen(QPen(colours.surface, 2));
  painter.setBrush(colours.accent);
  painter.drawEllipse(at, 4.5, 4.5);

  const QString text = format_(point->value) + "  " + FromUtf8(FormatClock(point->time)).left(8);
  QRectF box(0, 0, fontMetrics().horizontalAdvance(text) + kGrid * 2, 26);
  box.moveTop(scale.box.top());
  const bool right = at.x() + box.width() + kGrid < scale.box.right();
  box.moveLeft(right ? at.x() + kGrid : at.x() - kGrid - box.width());
  painter.setPen(QPen(colours.border, 1));
  painter.setBrush(colours.surface);
  painter.drawRoundedRect(box, 6, 6);
  painter.setPen(colours.text);
  painter.drawText(box, Qt::AlignCenter, text);
}

void LineChart::mouseMoveEvent(QMouseEvent* event) {
  pointed_x_ = event->position().x();
  update();
}

void LineChart::leaveEvent(QEvent*) {
  pointed_x_.reset();
  update();
}

}  // namespace logboom::gui
