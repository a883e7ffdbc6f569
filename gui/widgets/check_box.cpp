#include "gui/widgets/check_box.h"

#include <QPainter>

#include "gui/widgets/card.h"
#include "gui/widgets/colours.h"

namespace logboom::gui {
namespace {

constexpr int kBoxSize = 16;

}  // namespace

QSize CheckBox::sizeHint() const {
  return {kBoxSize + kGrid * 2 + fontMetrics().horizontalAdvance(text()), kGrid * 4};
}

void CheckBox::paintEvent(QPaintEvent*) {
  const Colours& colours = CurrentColours();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF box(0.5, (height() - kBoxSize) / 2.0 + 0.5, kBoxSize - 1, kBoxSize - 1);
  const QColor edge = isChecked() || hasFocus() ? colours.accent : colours.muted;
  painter.setPen(QPen(edge, 1));
  painter.setBrush(isChecked() ? colours.accent : colours.surface);
  painter.drawRoundedRect(box, 4, 4);
  if (isChecked()) {
    painter.setPen(QPen(colours.on_accent, 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    const QPointF at = box.topLeft();
    painter.drawPolyline(
        QPolygonF({at + QPointF(3.5, 7.8), at + QPointF(6.3, 10.6), at + QPointF(11.5, 4.8)}));
  }
  painter.setPen(isEnabled() ? colours.text : colours.muted);
  painter.drawText(rect().adjusted(kBoxSize + kGrid, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft,
                   text());
}

}  // namespace logboom::gui
