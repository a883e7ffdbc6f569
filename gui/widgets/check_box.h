// A check box in the console's colours: style sheets know check marks as pictures only.
#pragma once

#include <QCheckBox>

namespace logboom::gui {

class CheckBox final : public QCheckBox {
 public:
  using QCheckBox::QCheckBox;
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool hitButton(const QPoint& point) const override { return rect().contains(point); }
};

}  // namespace logboom::gui
