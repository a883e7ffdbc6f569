// A combo box with an arrow in the colour of the text: style sheets know arrows as pictures only.
#pragma once

#include <QComboBox>

namespace logboom::gui {

class ComboBox final : public QComboBox {
 public:
  using QComboBox::QComboBox;

 protected:
  void paintEvent(QPaintEvent* event) override;
};

}  // namespace logboom::gui
