// A figure over the last minutes: an area under a line, few grid lines, labels that read like
// figures. Pointing at it tells the value of a time.
#pragma once

#include <QWidget>
#include <optional>
#include <vector>

#include "gui/core/history.h"
#include "gui/widgets/chart_math.h"

namespace logboom::gui {

// The window's thread.
class LineChart final : public QWidget {
 public:
  using FormatValue = QString (*)(double value);

  LineChart(const QString& accessible_name, FormatValue format, QWidget* parent = nullptr);

  // `now` is the right edge.
  void SetPoints(const std::vector<Point>& points, TimestampMs now);
  void SetStale(bool stale);

  QSize sizeHint() const override { return {400, 200}; }
  QSize minimumSizeHint() const override { return {240, 140}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  ChartScale MakeScale() const;
  void PaintGrid(QPainter& painter, const ChartScale& scale) const;
  void PaintTimes(QPainter& painter, const ChartScale& scale) const;
  void PaintLines(QPainter& painter, const ChartScale& scale) const;
  void PaintPointed(QPainter& painter, const ChartScale& scale) const;
  const Point* Nearest(const ChartScale& scale, double x) const;

  FormatValue format_;
  std::vector<Point> points_;
  TimestampMs now_;
  bool stale_ = false;
  std::optional<double> pointed_x_;
};

}  // namespace logboom::gui
