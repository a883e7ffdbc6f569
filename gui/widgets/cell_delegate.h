// Paints the cells of our tables: padding, tone, a dot before a state.
#pragma once

#include <QStyledItemDelegate>

namespace logboom::gui {

class CellDelegate final : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option,
             const QModelIndex& index) const override;
};

}  // namespace logboom::gui
