#include "gui/widgets/cell_delegate.h"

#include <QPainter>

#include "gui/models/table_model.h"
#include "gui/widgets/colours.h"

namespace logboom::gui {
namespace {

constexpr int kPadding = 12;
constexpr int kDot = 7;

}  // namespace

void CellDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                         const QModelIndex& index) const {
  const Colours& colours = CurrentColours();
  const Tone tone = static_cast<Tone>(index.data(kToneRole).toInt());
  painter->save();
  if (option.state & QStyle::State_Selected) painter->fillRect(option.rect, colours.selection);
  painter->setPen(colours.border);
  painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());

  QRect box = option.rect.adjusted(kPadding, 0, -kPadding, -1);
  if (index.data(kDotRole).toBool()) {
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    painter->setBrush(colours.Of(tone));
    painter->drawEllipse(QRectF(box.left(), box.center().y() - kDot / 2.0 + 1, kDot, kDot));
    box.setLeft(box.left() + kDot + kPadding / 2);
  }
  const auto alignment = index.data(Qt::TextAlignmentRole).toInt();
  painter->setFont(option.font);
  painter->setPen(colours.Of(tone));
  const QString text = option.fontMetrics.elidedText(index.data(Qt::DisplayRole).toString(),
                                                     Qt::ElideRight, box.width());
  painter->drawText(box, alignment | Qt::TextSingleLine, text);
  painter->restore();
}

}  // namespace logboom::gui
