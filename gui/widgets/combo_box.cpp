#include "gui/widgets/combo_box.h"

#include <QPainter>

#include "gui/widgets/colours.h"

namespace logboom::gui {

void ComboBox::paintEvent(QPaintEvent* event) {
  QComboBox::paintEvent(event);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(CurrentColours().muted, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
  const QPointF tip(width() - 16, height() / 2.0 + 2.5);
  painter.drawPolyline(QPolygonF({tip + QPointF(-4, -4.5), tip, tip + QPointF(4, -4.5)}));
}

}  // namespace logboom::gui
