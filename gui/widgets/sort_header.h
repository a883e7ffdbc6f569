// A header that says by a small arrow beside the title which way the table is sorted. Internal to
// DataTable.
#pragma once

#include <QHeaderView>

namespace logboom::gui {

class SortHeader final : public QHeaderView {
 public:
  explicit SortHeader(QWidget* parent);

 protected:
  void paintSection(QPainter* painter, const QRect& box, int section) const override;
};

}  // namespace logboom::gui
