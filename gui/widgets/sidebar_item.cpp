#include "gui/widgets/sidebar_item.h"

#include <QPainter>

#include "gui/widgets/colours.h"

namespace logboom::gui {
namespace {

constexpr int kHeight = 36;
constexpr int kIconSize = 16;
constexpr int kPadding = 12;

}  // namespace

SidebarItem::SidebarItem(Icon icon, const QString& title, QWidget* parent)
    : QAbstractButton(parent), icon_(icon) {
  setText(title);
  setAccessibleName(title);
  setCheckable(true);
  setAutoExclusive(true);
  setCursor(Qt::PointingHandCursor);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void SidebarItem::SetBadge(int count) {
  if (badge_ == count) return;
  badge_ = count;
  update();
}

QSize SidebarItem::sizeHint() const { return {160, kHeight}; }

void SidebarItem::paintEvent(QPaintEvent*) {
  const Colours& colours = CurrentColours();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  if (isChecked() || underMouse()) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(isChecked() ? colours.selection : colours.hover);
    painter.drawRoundedRect(rect(), 6, 6);
  }
  if (hasFocus()) {
    painter.setPen(QPen(colours.accent, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
  }
  const QColor ink = isChecked() ? colours.accent : colours.muted;
  PaintIcon(painter, icon_, QRectF(kPadding, (height() - kIconSize) / 2.0, kIconSize, kIconSize),
            ink);
  QFont bold = font();
  bold.setWeight(isChecked() ? QFont::DemiBold : QFont::Medium);
  painter.setFont(bold);
  painter.setPen(colours.text);
  painter.drawText(rect().adjusted(kPadding * 2 + kIconSize, 0, -kPadding, 0),
                   Qt::AlignVCenter | Qt::AlignLeft, text());
  if (badge_ > 0) PaintBadge(painter);
}

void SidebarItem::PaintBadge(QPainter& painter) const {
  const Colours& colours = CurrentColours();
  const QString number = badge_ > 99 ? QString("99+") : QString::number(badge_);
  const int width = std::max(20, fontMetrics().horizontalAdvance(number) + 12);
  const QRect box(this->width() - kPadding - width + 4, (height() - 20) / 2, width, 20);
  painter.setPen(Qt::NoPen);
  painter.setBrush(colours.bad_surface);
  painter.drawRoundedRect(box, 10, 10);
  painter.setPen(colours.bad);
  painter.drawText(box, Qt::AlignCenter, number);
}

}  // namespace logboom::gui
