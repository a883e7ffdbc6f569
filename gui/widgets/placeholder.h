// What a page shows where it has nothing to show: a picture, why, and the one useful next step.
#pragma once

#include <QWidget>

#include "gui/widgets/icons.h"

class QLabel;

namespace logboom::gui {

struct PlaceholderText {
  QString title;
  QString detail;
  QString command;  // to copy into a terminal; empty: none
};

// The window's thread.
class Placeholder final : public QWidget {
 public:
  explicit Placeholder(QWidget* parent = nullptr);
  void Tell(Icon icon, const PlaceholderText& text);
  QString text() const;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Icon icon_ = Icon::kPlug;
  QWidget* picture_;  // keeps the place that the icon is painted in
  QLabel* title_;
  QLabel* detail_;
  QLabel* command_;
};

}  // namespace logboom::gui
