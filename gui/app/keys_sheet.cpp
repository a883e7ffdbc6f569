#include "gui/app/keys_sheet.h"

#include <QGridLayout>
#include <QLabel>
#include <QVBoxLayout>
#include <utility>

#include "gui/widgets/card.h"
#include "gui/widgets/style_sheet.h"

namespace logboom::gui {
namespace {

constexpr std::pair<const char*, const char*> kKeys[] = {
    {"Ctrl+1 ... Ctrl+5", "Overview, Topics, Live tail, Consumers, Agents"},
    {"Ctrl+F", "Filter, or find in lines"},
    {"Space", "Live tail: pause, or go on"},
    {"End", "Live tail: jump to the newest line"},
    {"Home, Page Up, Page Down", "Scroll"},
    {"Ctrl+C", "Copy the selected lines or rows"},
    {"Enter", "Topics: open in the live tail"},
    {"F5", "Try brokers that are down at once"},
    {"Ctrl+D", "Light or dark"},
    {"F1, ?", "This sheet"},
    {"Ctrl+Q", "Quit"},
};

}  // namespace

KeysSheet::KeysSheet(QWidget* parent) : QDialog(parent) {
  setWindowTitle("Keys");
  auto* grid = new QGridLayout;
  grid->setHorizontalSpacing(kGrid * 4);
  grid->setVerticalSpacing(kGrid);
  int row = 0;
  for (const auto& [keys, what] : kKeys) {
    grid->addWidget(MakeLabel(keys, "heading"), row, 0);
    grid->addWidget(MakeLabel(what, "muted"), row, 1);
    ++row;
  }
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(kGrid * 3, kGrid * 3, kGrid * 3, kGrid * 3);
  column->setSpacing(kGrid * 2);
  column->addWidget(MakeLabel("Keys", "title"));
  column->addLayout(grid);
  column->setSizeConstraint(QLayout::SetFixedSize);
}

}  // namespace logboom::gui
