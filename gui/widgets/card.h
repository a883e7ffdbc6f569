// A framed surface with an optional heading: what pages are laid out of.
#pragma once

#include <QFrame>

class QLabel;
class QVBoxLayout;

namespace logboom::gui {

// All distances are multiples of this, in pixels.
inline constexpr int kGrid = 8;

class Card final : public QFrame {
 public:
  // Without a heading where it is empty.
  explicit Card(const QString& heading, QWidget* parent = nullptr);
  QVBoxLayout& column() { return *column_; }
  // Small text at the heading's right.
  void SetNote(const QString& note);

 private:
  QVBoxLayout* column_;
  QLabel* note_ = nullptr;
};

}  // namespace logboom::gui
