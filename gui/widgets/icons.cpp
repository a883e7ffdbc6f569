#include "gui/widgets/icons.h"

#include <QPainter>
#include <QPainterPath>

namespace logboom::gui {
namespace {

// Drawn on a grid of 16 by 16.
void Line(QPainterPath& path, std::initializer_list<QPointF> points) {
  bool first = true;
  for (const QPointF& point : points) {
    if (first) {
      path.moveTo(point);
    } else {
      path.lineTo(point);
    }
    first = false;
  }
}

QPainterPath Overview() {
  QPainterPath path;
  path.addRoundedRect(2, 2, 5, 7, 1, 1);
  path.addRoundedRect(9, 2, 5, 4, 1, 1);
  path.addRoundedRect(2, 11, 5, 3, 1, 1);
  path.addRoundedRect(9, 8, 5, 6, 1, 1);
  return path;
}

QPainterPath Topics() {
  QPainterPath path;
  Line(path, {{8, 2}, {14, 5}, {8, 8}, {2, 5}, {8, 2}});
  Line(path, {{2, 8}, {8, 11}, {14, 8}});
  Line(path, {{2, 11}, {8, 14}, {14, 11}});
  return path;
}

QPainterPath Tail() {
  QPainterPath path;
  Line(path, {{2, 3}, {14, 3}});
  Line(path, {{2, 7}, {10, 7}});
  Line(path, {{2, 11}, {7, 11}});
  Line(path, {{11, 9}, {11, 14}});
  Line(path, {{8.5, 11.5}, {11, 14}, {13.5, 11.5}});
  return path;
}

QPainterPath Consumers() {
  QPainterPath path;
  path.addEllipse(QPointF(5.5, 5), 2.5, 2.5);
  path.moveTo(1.5, 13.5);
  path.cubicTo(1.5, 8.5, 9.5, 8.5, 9.5, 13.5);
  path.addEllipse(QPointF(11.5, 6), 2, 2);
  path.moveTo(11.5, 9.8);
  path.cubicTo(13.5, 9.8, 14.6, 11.2, 14.6, 13.5);
  return path;
}

QPainterPath Agents() {
  QPainterPath path;
  path.addRoundedRect(2, 2.5, 12, 4.5, 1, 1);
  path.addRoundedRect(2, 9, 12, 4.5, 1, 1);
  Line(path, {{4.8, 4.75}, {5, 4.75}});
  Line(path, {{4.8, 11.25}, {5, 11.25}});
  return path;
}

QPainterPath Warning() {
  QPainterPath path;
  Line(path, {{8, 2}, {14.5, 13.5}, {1.5, 13.5}, {8, 2}});
  Line(path, {{8, 6.5}, {8, 9.5}});
  Line(path, {{8, 11.5}, {8, 11.6}});
  return path;
}

QPainterPath Plug() {
  QPainterPath path;
  Line(path, {{5.5, 1.5}, {5.5, 5}});
  Line(path, {{10.5, 1.5}, {10.5, 5}});
  Line(path, {{3, 5}, {13, 5}});
  path.moveTo(4, 5);
  path.cubicTo(4, 12.5, 12, 12.5, 12, 5);
  Line(path, {{8, 10.7}, {8, 14.5}});
  return path;
}

QPainterPath PathOf(Icon icon) {
  switch (icon) {
    case Icon::kOverview: return Overview();
    case Icon::kTopics: return Topics();
    case Icon::kTail: return Tail();
    case Icon::kConsumers: return Consumers();
    case Icon::kAgents: return Agents();
    case Icon::kWarning: return Warning();
    case Icon::kPlug: break;
  }
  return Plug();
}

}  // namespace

void PaintIcon(QPainter& painter, Icon icon, const QRectF& box, const QColor& colour) {
  constexpr qreal kGrid = 16;
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.translate(box.topLeft());
  painter.scale(box.width() / kGrid, box.height() / kGrid);
  QPen pen(colour, 1.4);
  pen.setCapStyle(Qt::RoundCap);
  pen.setJoinStyle(Qt::RoundJoin);
  painter.setPen(pen);
  painter.setBrush(Qt::NoBrush);
  painter.drawPath(PathOf(icon));
  painter.restore();
}

}  // namespace logboom::gui
