// The sheet of keys: what can be done without the mouse.
#pragma once

#include <QDialog>

namespace logboom::gui {

class KeysSheet final : public QDialog {
 public:
  explicit KeysSheet(QWidget* parent);
};

}  // namespace logboom::gui
