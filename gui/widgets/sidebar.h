// The pages, one below the other; the chosen one is marked. Up and Down move, as in a list.
#pragma once

#include <QWidget>
#include <vector>

#include "gui/widgets/icons.h"

namespace logboom::gui {

class SidebarItem;

// The window's thread.
class Sidebar final : public QWidget {
  Q_OBJECT

 public:
  explicit Sidebar(QWidget* parent = nullptr);

  void AddPage(Icon icon, const QString& title, const QString& shortcut);
  int current() const { return current_; }
  void SetCurrent(int page);
  // A small number beside a page's name; 0: none.
  void SetBadge(int page, int count);

 Q_SIGNALS:
  void CurrentChanged(int page);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  std::vector<SidebarItem*> items_;
  int current_ = -1;
};

}  // namespace logboom::gui
