#include "gui/widgets/style_sheet.h"

#include <QFont>
#include <QFontDatabase>
#include <QLabel>
#include <QVariant>

namespace logboom::gui {
namespace {

constexpr int kInterfacePixels = 13;
constexpr int kLogPixels = 13;

// @NAME stands for a colour.
constexpr const char* kSheet = R"(
QMainWindow, QDialog { background: @window; }
QToolTip { background: @surface; color: @text; border: 1px solid @border; padding: 4px 8px; }

QLabel { color: @text; background: transparent; }
QLabel[role="title"] { font-size: 20px; font-weight: 600; }
QLabel[role="heading"] { font-size: 13px; font-weight: 600; }
QLabel[role="figure"] { font-size: 26px; font-weight: 600; }
QLabel[role="muted"] { color: @muted; }
QLabel[role="mono"] { background: @window; border: 1px solid @border; border-radius: 6px;
  padding: 8px 12px; }

QFrame[role="card"] { background: @surface; border: 1px solid @border; border-radius: 8px; }

QLineEdit, QComboBox { background: @surface; color: @text; border: 1px solid @border;
  border-radius: 6px; padding: 0 10px; min-height: 30px; selection-background-color: @accent;
  selection-color: @on_accent; }
QLineEdit:focus, QComboBox:focus { border-color: @accent; }
QLineEdit:disabled, QComboBox:disabled { color: @muted; background: @window; }
QComboBox::drop-down { border: 0; width: 24px; }
QComboBox::down-arrow { image: none; width: 0; height: 0; }
QComboBox QAbstractItemView { background: @surface; color: @text; border: 1px solid @border;
  outline: 0; padding: 4px; selection-background-color: @selection; selection-color: @text; }

QPushButton { background: @surface; color: @text; border: 1px solid @border; border-radius: 6px;
  padding: 0 14px; min-height: 30px; font-weight: 500; }
QPushButton:hover { background: @hover; }
QPushButton:pressed { background: @border; }
QPushButton:focus { border-color: @accent; }
QPushButton:disabled { color: @muted; background: @window; }
QPushButton[role="primary"] { background: @accent; color: @on_accent; border-color: @accent; }
QPushButton[role="primary"]:focus { border-color: @text; }

QTableView { background: @surface; color: @text; border: 1px solid @border; border-radius: 8px;
  gridline-color: transparent; outline: 0; selection-background-color: @selection;
  selection-color: @text; }
QTableView[role="inset"] { border: 0; border-radius: 0; background: transparent; }
QHeaderView { background: transparent; border: 0; }
QHeaderView::section { background: @surface; color: @muted; border: 0;
  border-bottom: 1px solid @border; padding: 0 12px; min-height: 34px; font-weight: 500; }
QHeaderView::section:first { border-top-left-radius: 8px; }
QHeaderView::section:last { border-top-right-radius: 8px; }
QHeaderView::section:hover { color: @text; }
QHeaderView::up-arrow, QHeaderView::down-arrow { width: 0; height: 0; }
QTableCornerButton::section { background: @surface; border: 0; }

QScrollBar:vertical { background: transparent; width: 12px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 2px; }
QScrollBar::handle { background: @border; border-radius: 4px; min-height: 32px; min-width: 32px; }
QScrollBar::handle:hover { background: @muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QAbstractScrollArea::corner { background: transparent; }
QSplitter::handle { background: transparent; }
QScrollArea { background: transparent; border: 0; }
QScrollArea > QWidget > QWidget { background: transparent; }
QStatusBar { background: @sidebar; color: @muted; border-top: 1px solid @border; }
QStatusBar::item { border: 0; }
QStatusBar QLabel { color: @muted; padding: 0 8px; }
QMenu { background: @surface; color: @text; border: 1px solid @border; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: @selection; }
QMenu::item:disabled { color: @muted; }
)";

QFont FirstInstalled(const QStringList& families, QFontDatabase::SystemFont otherwise) {
  const QStringList installed = QFontDatabase::families();
  for (const QString& family : families) {
    if (installed.contains(family)) return QFont(family);
  }
  return QFontDatabase::systemFont(otherwise);
}

}  // namespace

QString MakeStyleSheet(ThemeKind theme) {
  const Colours& colours = ColoursOf(theme);
  QString sheet = QString::fromUtf8(kSheet);
  // Longer names first: none is then the start of another.
  const std::pair<const char*, QColor> names[] = {
      {"@selection", colours.selection}, {"@on_accent", colours.on_accent},
      {"@surface", colours.surface},     {"@sidebar", colours.sidebar},
      {"@window", colours.window},       {"@border", colours.border},
      {"@accent", colours.accent},       {"@hover", colours.hover},
      {"@muted", colours.muted},         {"@text", colours.text}};
  for (const auto& [name, colour] : names) sheet.replace(QString::fromUtf8(name), colour.name());
  return sheet;
}

QLabel* MakeLabel(const QString& text, const char* role, QWidget* parent) {
  auto* label = new QLabel(text, parent);
  label->setTextFormat(Qt::PlainText);
  SetRole(*label, role);
  return label;
}

void SetRole(QWidget& widget, const char* role) {
  widget.setProperty("role", QString::fromUtf8(role));
}

QFont InterfaceFont() {
  QFont font = FirstInstalled({"Inter", "Noto Sans", "DejaVu Sans"}, QFontDatabase::GeneralFont);
  font.setPixelSize(kInterfacePixels);
  return font;
}

QFont LogFont() {
  QFont font = FirstInstalled({"JetBrains Mono", "DejaVu Sans Mono"}, QFontDatabase::FixedFont);
  font.setPixelSize(kLogPixels);
  font.setFixedPitch(true);
  // Without shaping there are no ligatures: a log shows "->" and "--" as they are written.
  font.setStyleStrategy(QFont::PreferNoShaping);
  return font;
}

}  // namespace logboom::gui
