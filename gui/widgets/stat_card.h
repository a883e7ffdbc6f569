// One figure of the installation: its name, a large number with a small unit, and a note below, of
// which the parts behind commas are left out where there is no room.
#pragma once

#include <QWidget>

#include "gui/core/figures.h"
#include "gui/models/tone.h"

namespace logboom::gui {

// The window's thread. Painted by itself: text that does not fit ends in an ellipsis, and stands
// whole in the tip.
class StatCard final : public QWidget {
 public:
  explicit StatCard(const QString& name, QWidget* parent = nullptr);

  void SetFigure(const Figure& figure, Tone tone = Tone::kNormal);
  void SetNote(const QString& note, Tone tone = Tone::kMuted);
  // A part of a whole, as a bar at the bottom; below 0: none.
  void SetShare(double share);
  // Old news: shown muted.
  void SetStale(bool stale);

  QString text() const;  // all that is shown
  QSize sizeHint() const override { return {200, 112}; }
  QSize minimumSizeHint() const override { return {120, 112}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString FittingNote(int width) const;
  void PaintFigure(class QPainter& painter, const QRect& box) const;
  void PaintShare(class QPainter& painter, const QRect& box) const;
  void Refresh();

  QString name_;
  Figure figure_{"\u2013", {}};
  Tone tone_ = Tone::kNormal;
  QString note_;
  Tone note_tone_ = Tone::kMuted;
  double share_ = -1;
  bool stale_ = false;
};

}  // namespace logboom::gui
