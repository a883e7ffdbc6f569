#include "gui/widgets/stat_card.h"

#include <QPainter>
#include <algorithm>

#include "gui/models/text.h"
#include "gui/widgets/card.h"
#include "gui/widgets/colours.h"

namespace logboom::gui {
namespace {

constexpr int kFigurePixels = 26;

}  // namespace

StatCard::StatCard(const QString& name, QWidget* parent) : QWidget(parent), name_(name) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAccessibleName(name);
}

void StatCard::SetFigure(const Figure& figure, Tone tone) {
  figure_ = figure;
  tone_ = tone;
  Refresh();
}

void StatCard::SetNote(const QString& note, Tone tone) {
  note_ = note;
  note_tone_ = tone;
  Refresh();
}

void StatCard::SetShare(double share) {
  share_ = share;
  Refresh();
}

void StatCard::SetStale(bool stale) {
  stale_ = stale;
  Refresh();
}

QString StatCard::text() const { return name_ + ": " + FromUtf8(figure_.text()) + "; " + note_; }

void StatCard::Refresh() {
  setToolTip(note_);
  setAccessibleDescription(text());
  update();
}

void StatCard::paintEvent(QPaintEvent*) {
  const Colours& colours = CurrentColours();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(colours.border, 1));
  painter.setBrush(colours.surface);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), kGrid, kGrid);

  const QRect inner = rect().adjusted(kGrid * 2, kGrid * 2 - 2, -kGrid * 2, -kGrid * 2 + 2);
  QFont medium = font();
  medium.setWeight(QFont::Medium);
  painter.setFont(medium);
  painter.setPen(colours.muted);
  painter.drawText(inner, Qt::AlignTop | Qt::AlignLeft, name_);
  PaintFigure(painter, inner);
  painter.setFont(font());
  painter.setPen(stale_ ? colours.muted : colours.Of(note_tone_));
  painter.drawText(inner, Qt::AlignBottom | Qt::AlignLeft, FittingNote(inner.width()));
  if (share_ >= 0) PaintShare(painter, inner);
}

// The tip has all of it.
QString StatCard::FittingNote(int width) const {
  QString note = note_;
  qsizetype comma = 0;
  while (fontMetrics().horizontalAdvance(note) > width && (comma = note.lastIndexOf(", ")) > 0) {
    note.truncate(comma);
  }
  return fontMetrics().elidedText(note, Qt::ElideRight, width);
}

void StatCard::PaintFigure(QPainter& painter, const QRect& box) const {
  const Colours& colours = CurrentColours();
  QFont large = font();
  large.setPixelSize(kFigurePixels);
  large.setWeight(QFont::DemiBold);
  painter.setFont(large);
  painter.setPen(stale_ ? colours.muted : colours.Of(tone_));
  const QString number = FromUtf8(figure_.number);
  const int baseline = box.top() + box.height() / 2 + QFontMetrics(large).capHeight() / 2;
  painter.drawText(QPoint(box.left(), baseline), number);
  painter.setFont(font());
  painter.setPen(colours.muted);
  const int after = box.left() + QFontMetrics(large).horizontalAdvance(number) + kGrid / 2;
  painter.drawText(QPoint(after, baseline), FromUtf8(figure_.unit));
}

void StatCard::PaintShare(QPainter& painter, const QRect& box) const {
  const Colours& colours = CurrentColours();
  const int width = std::min(72, box.width() / 3);
  QRectF bar(box.right() - width, box.top() + 6, width, 5);
  painter.setPen(Qt::NoPen);
  painter.setBrush(colours.border);
  painter.drawRoundedRect(bar, 2.5, 2.5);
  bar.setWidth(std::max(5.0, bar.width() * std::clamp(share_, 0.0, 1.0)));
  painter.setBrush(tone_ == Tone::kNormal ? colours.accent : colours.Of(tone_));
  painter.drawRoundedRect(bar, 2.5, 2.5);
}

}  // namespace logboom::gui
