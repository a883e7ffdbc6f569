// Every colour of the console, light and dark, and nowhere else. Contrast of texts with what they
// stand on is at least 4.5:1; a test says so.
#pragma once

#include <QColor>

#include "gui/models/tone.h"

class QPalette;

namespace logboom::gui {

struct Colours {
  QColor window;   // behind everything
  QColor surface;  // cards, tables, inputs
  QColor sidebar;
  QColor border;
  QColor hover;
  QColor text;
  QColor muted;
  QColor accent;
  QColor on_accent;  // text on the accent
  QColor selection;  // behind the text of what is selected
  QColor good;
  QColor warn;
  QColor bad;
  QColor warn_surface;  // banners
  QColor bad_surface;
  QColor highlight;  // behind what was searched for

  const QColor& Of(Tone tone) const;
};

enum class ThemeKind { kLight, kDark };

const Colours& ColoursOf(ThemeKind theme);
// Those of the theme that the application wears now. (A widget's own palette does not tell: style
// sheets change it.)
const Colours& CurrentColours();

QPalette MakePalette(ThemeKind theme);
// Whether the palette that the desktop gave is a dark one.
ThemeKind ThemeOf(const QPalette& palette);

}  // namespace logboom::gui
