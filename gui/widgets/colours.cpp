#include "gui/widgets/colours.h"

#include <QGuiApplication>
#include <QPalette>

namespace logboom::gui {
namespace {

Colours MakeLight() {
  return {.window = "#f6f8fa",
          .surface = "#ffffff",
          .sidebar = "#eef1f4",
          .border = "#d8dee4",
          .hover = "#e4e9ee",
          .text = "#1f2328",
          .muted = "#59636e",
          .accent = "#0b6bcb",
          .on_accent = "#ffffff",
          .selection = "#dbeafc",
          .good = "#187a35",
          .warn = "#8a5c00",
          .bad = "#c21c2c",
          .warn_surface = "#fff6dc",
          .bad_surface = "#ffebe9",
          .highlight = "#ffe28a"};
}

Colours MakeDark() {
  return {.window = "#14171b",
          .surface = "#1c1f24",
          .sidebar = "#181b20",
          .border = "#31363e",
          .hover = "#272c33",
          .text = "#e6e9ed",
          .muted = "#9aa4af",
          .accent = "#58a6ff",
          .on_accent = "#0c1117",
          .selection = "#1d3a5c",
          .good = "#3fb950",
          .warn = "#d29922",
          .bad = "#ff7b72",
          .warn_surface = "#2d2612",
          .bad_surface = "#35191b",
          .highlight = "#6b5310"};
}

}  // namespace

const QColor& Colours::Of(Tone tone) const {
  switch (tone) {
    case Tone::kMuted: return muted;
    case Tone::kGood: return good;
    case Tone::kWarn: return warn;
    case Tone::kBad: return bad;
    case Tone::kNormal: break;
  }
  return text;
}

const Colours& ColoursOf(ThemeKind theme) {
  static const Colours light = MakeLight();
  static const Colours dark = MakeDark();
  return theme == ThemeKind::kDark ? dark : light;
}

const Colours& CurrentColours() { return ColoursOf(ThemeOf(QGuiApplication::palette())); }

ThemeKind ThemeOf(const QPalette& palette) {
  const bool dark =
      palette.color(QPalette::Window).lightness() < palette.color(QPalette::WindowText).lightness();
  return dark ? ThemeKind::kDark : ThemeKind::kLight;
}

QPalette MakePalette(ThemeKind theme) {
  const Colours& colours = ColoursOf(theme);
  QPalette palette(colours.text, colours.surface, colours.surface, colours.border, colours.border,
                   colours.text, colours.text, colours.surface, colours.window);
  palette.setColor(QPalette::AlternateBase, colours.window);
  palette.setColor(QPalette::ToolTipBase, colours.surface);
  palette.setColor(QPalette::ToolTipText, colours.text);
  palette.setColor(QPalette::Highlight, colours.selection);
  palette.setColor(QPalette::HighlightedText, colours.text);
  palette.setColor(QPalette::PlaceholderText, colours.muted);
  palette.setColor(QPalette::Link, colours.accent);
  palette.setColor(QPalette::Mid, colours.border);
  for (const auto role : {QPalette::Text, QPalette::WindowText, QPalette::ButtonText}) {
    palette.setColor(QPalette::Disabled, role, colours.muted);
  }
  return palette;
}

}  // namespace logboom::gui
