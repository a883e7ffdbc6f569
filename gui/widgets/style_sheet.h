// The look of Qt's own widgets, over the Fusion style. Our widgets paint themselves.
//
// Labels take a role (SetRole): "title", "heading", "muted", "figure", "mono".
#pragma once

#include <QString>

#include "gui/widgets/colours.h"

class QFont;
class QLabel;
class QWidget;

namespace logboom::gui {

QString MakeStyleSheet(ThemeKind theme);

// A label of plain text, whatever the text looks like.
QLabel* MakeLabel(const QString& text, const char* role, QWidget* parent = nullptr);
void SetRole(QWidget& widget, const char* role);

// Inter and JetBrains Mono where they are installed.
QFont InterfaceFont();
QFont LogFont();

}  // namespace logboom::gui
