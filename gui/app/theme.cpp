#include "gui/app/theme.h"

#include <QApplication>
#include <QFont>
#include <QPalette>
#include <QStyleFactory>

#include "gui/widgets/style_sheet.h"

namespace logboom::gui {

void ApplyTheme(QApplication& application, ThemeKind theme) {
  QApplication::setStyle(QStyleFactory::create("Fusion"));
  QApplication::setPalette(MakePalette(theme));
  QApplication::setFont(InterfaceFont());
  application.setStyleSheet(MakeStyleSheet(theme));
}

}  // namespace logboom::gui
