// A lasting condition, told above a page: what is wrong, how old what is shown is, and what can be
// done. Hidden while all is well.
#pragma once

#include <QWidget>

#include "gui/models/tone.h"

class QLabel;
class QPushButton;

namespace logboom::gui {

// The window's thread.
class Banner final : public QWidget {
  Q_OBJECT

 public:
  explicit Banner(QWidget* parent = nullptr);

  // `title` is short; `detail` may be long, and wraps.
  void Tell(Tone tone, const QString& title, const QString& detail);
  QString text() const;

 Q_SIGNALS:
  void RetryClicked();

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Tone tone_ = Tone::kBad;
  QLabel* title_;
  QLabel* detail_;
  QPushButton* retry_;
};

}  // namespace logboom::gui
