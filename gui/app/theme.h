// Dresses the whole application in one of the two themes.
#pragma once

#include "gui/widgets/colours.h"

class QApplication;

namespace logboom::gui {

// The window's thread. May be called again to change.
void ApplyTheme(QApplication& application, ThemeKind theme);

}  // namespace logboom::gui
