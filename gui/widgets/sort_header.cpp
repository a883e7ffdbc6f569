#include "gui/widgets/sort_header.h"

#include <QPainter>

#include "gui/widgets/colours.h"

namespace logboom::gui {
namespace {

constexpr int kPadding = 12;
constexpr int kHeight = 36;

}  // namespace

SortHeader::SortHeader(QWidget* parent) : QHeaderView(Qt::Horizontal, parent) {
  setSectionsClickable(true);
  setHighlightSections(false);
  setFixedHeight(kHeight);
  setMinimumSectionSize(48);
}

void SortHeader::paintSection(QPainter* painter, const QRect& box, int section) const {
  const Colours& colours = CurrentColours();
  const bool sorted = isSortIndicatorShown() && sortIndicatorSection() == section;
  painter->save();
  painter->setPen(colours.border);
  painter->drawLine(box.bottomLeft(), box.bottomRight());
  QFont medium = font();
  medium.setWeight(QFont::Medium);
  painter->setFont(medium);
  painter->setPen(sorted ? colours.text : colours.muted);
  QString title = model()->headerData(section, Qt::Horizontal).toString();
  if (sorted) title += sortIndicatorOrder() == Qt::AscendingOrder ? " \u2191" : " \u2193";
  const auto alignment =
      model()->headerData(section, Qt::Horizontal, Qt::TextAlignmentRole).toInt();
  const QRect inner = box.adjusted(kPadding, 0, -kPadding, 0);
  painter->drawText(inner, alignment | Qt::TextSingleLine,
                    QFontMetrics(medium).elidedText(title, Qt::ElideRight, inner.width()));
  painter->restore();
}

}  // namespace logboom::gui
