#include "gui/widgets/sidebar.h"

#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>
#include <algorithm>

#include "gui/widgets/colours.h"
#include "gui/widgets/sidebar_item.h"
#include "gui/widgets/style_sheet.h"

namespace logboom::gui {

Sidebar::Sidebar(QWidget* parent) : QWidget(parent) {
  setFixedWidth(200);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(12, 20, 12, 16);
  layout->setSpacing(4);
  QLabel* name = MakeLabel("Logboom", "title", this);
  name->setContentsMargins(12, 0, 0, 0);
  layout->addWidget(name);
  layout->addSpacing(16);
  layout->addStretch(1);
}

void Sidebar::AddPage(Icon icon, const QString& title, const QString& shortcut) {
  const int page = static_cast<int>(items_.size());
  auto* item = new SidebarItem(icon, title, this);
  item->setToolTip(title + "  " + shortcut);
  auto* column = static_cast<QVBoxLayout*>(layout());
  column->insertWidget(column->count() - 1, item);
  items_.push_back(item);
  connect(item, &QAbstractButton::clicked, this, [this, page] { SetCurrent(page); });
}

void Sidebar::SetCurrent(int page) {
  if (page < 0 || page >= static_cast<int>(items_.size()) || page == current_) return;
  current_ = page;
  items_[static_cast<std::size_t>(page)]->setChecked(true);
  Q_EMIT CurrentChanged(page);
}

void Sidebar::SetBadge(int page, int count) {
  items_[static_cast<std::size_t>(page)]->SetBadge(count);
}

void Sidebar::paintEvent(QPaintEvent*) {
  const Colours& colours = CurrentColours();
  QPainter painter(this);
  painter.fillRect(rect(), colours.sidebar);
  painter.fillRect(QRect(width() - 1, 0, 1, height()), colours.border);
}

void Sidebar::keyPressEvent(QKeyEvent* event) {
  const int step = event->key() == Qt::Key_Down ? 1 : event->key() == Qt::Key_Up ? -1 : 0;
  if (step == 0) return QWidget::keyPressEvent(event);
  const int last = static_cast<int>(items_.size()) - 1;
  SetCurrent(std::clamp(current_ + step, 0, last));
  items_[static_cast<std::size_t>(current_)]->setFocus();
}

}  // namespace logboom::gui
