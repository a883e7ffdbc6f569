// One page in the sidebar. Internal to it.
#pragma once

#include <QAbstractButton>

#include "gui/widgets/icons.h"

namespace logboom::gui {

class SidebarItem final : public QAbstractButton {
 public:
  SidebarItem(Icon icon, const QString& title, QWidget* parent);
  void SetBadge(int count);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void PaintBadge(class QPainter& painter) const;

  Icon icon_;
  int badge_ = 0;
};

}  // namespace logboom::gui
