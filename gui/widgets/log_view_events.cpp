// What LogView does with events: painting, keys, the mouse, timers.
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QTimerEvent>
#include <algorithm>
#include <cmath>

#include "gui/models/text.h"
#include "gui/widgets/card.h"
#include "gui/widgets/colours.h"
#include "gui/widgets/log_painter.h"
#include "gui/widgets/log_view.h"

namespace logboom::gui {
namespace {

constexpr int kDragScrollMs = 40;

bool IsWordCharacter(QChar c) { return c.isLetterOrNumber() || c == u'_'; }

}  // namespace

void LogView::paintEvent(QPaintEvent*) {
  const Colours& colours = CurrentColours();
  QPainter painter(viewport());
  painter.fillRect(viewport()->rect(), colours.surface);
  const double height = painter_->line_height();
  const double left = horizontalScrollBar()->value();
  const QString needle = FromUtf8(lines_.filter().needle());
  const int visible = PageLines() + 2;
  for (int i = 0; i < visible && top() + static_cast<std::size_t>(i) < lines_.count(); ++i) {
    const std::size_t index = top() + static_cast<std::size_t>(i);
    const LineText line = TextAt(index);
    Widen(line);
    const QRectF box(kGrid * 2, i * height, viewport()->width() - kGrid * 2, height);
    const int columns = static_cast<int>(line.text.size());
    painter_->Paint(painter, line, lines_.LineAt(index).row.kind,
                    {selection_.ColumnsOf(lines_.At(index), columns), needle}, box, left, colours);
  }
}

// The horizontal bar covers the widest line that was on screen: to measure all of them takes long.
void LogView::Widen(const LineText& line) {
  columns_max_ = std::max(columns_max_, static_cast<int>(line.text.size()));
  const int width = static_cast<int>(columns_max_ * painter_->column_width()) + kGrid * 4;
  horizontalScrollBar()->setPageStep(viewport()->width());
  horizontalScrollBar()->setRange(0, std::max(0, width - viewport()->width()));
}

void LogView::resizeEvent(QResizeEvent* event) {
  QAbstractScrollArea::resizeEvent(event);
  Refresh();
}

void LogView::changeEvent(QEvent* event) {
  QAbstractScrollArea::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) viewport()->update();
}

void LogView::keyPressEvent(QKeyEvent* event) {
  if (event->matches(QKeySequence::Copy)) return Copy();
  if (event->matches(QKeySequence::SelectAll)) return SelectAll();
  QScrollBar* bar = verticalScrollBar();
  switch (event->key()) {
    case Qt::Key_Space: return SetFollowing(!following_);
    case Qt::Key_End: return SetFollowing(true);
    case Qt::Key_Home: return bar->triggerAction(QAbstractSlider::SliderToMinimum);
    case Qt::Key_Up: return bar->triggerAction(QAbstractSlider::SliderSingleStepSub);
    case Qt::Key_Down: return bar->triggerAction(QAbstractSlider::SliderSingleStepAdd);
    case Qt::Key_PageUp: return bar->triggerAction(QAbstractSlider::SliderPageStepSub);
    case Qt::Key_PageDown: return bar->triggerAction(QAbstractSlider::SliderPageStepAdd);
    case Qt::Key_Escape: selection_.Clear(); return viewport()->update();
    default: return QAbstractScrollArea::keyPressEvent(event);
  }
}

void LogView::mousePressEvent(QMouseEvent* event) {
  const auto place = PlaceAt(event->position());
  if (event->button() != Qt::LeftButton || !place) return;
  if (event->modifiers() & Qt::ShiftModifier) {
    selection_.ExtendTo(*place);
  } else {
    selection_.Begin(*place);
  }
  viewport()->update();
}

void LogView::mouseMoveEvent(QMouseEvent* event) {
  if (!(event->buttons() & Qt::LeftButton)) return;
  drag_point_ = event->position();
  if (const auto place = PlaceAt(drag_point_)) selection_.ExtendTo(*place);
  // Who selects wants the text to stand still.
  if (!selection_.empty()) SetFollowing(false);
  const bool outside = drag_point_.y() < 0 || drag_point_.y() > viewport()->height();
  if (outside && !drag_timer_.isActive()) drag_timer_.start(kDragScrollMs, this);
  if (!outside) drag_timer_.stop();
  viewport()->update();
}

void LogView::mouseReleaseEvent(QMouseEvent*) { drag_timer_.stop(); }

void LogView::mouseDoubleClickEvent(QMouseEvent* event) {
  const auto place = PlaceAt(event->position());
  if (!place) return;
  const QString text = TextAt(lines_.IndexOf(place->line)).text;
  int from = std::min(place->column, static_cast<int>(text.size()));
  int to = from;
  while (from > 0 && IsWordCharacter(text[from - 1])) --from;
  while (to < text.size() && IsWordCharacter(text[to])) ++to;
  selection_.Begin({place->line, from});
  selection_.ExtendTo({place->line, to});
  SetFollowing(false);
  viewport()->update();
}

void LogView::timerEvent(QTimerEvent* event) {
  if (event->timerId() == filter_timer_.timerId()) {
    if (lines_.AdvanceFilter(kFilterSlice)) filter_timer_.stop();
    return Refresh();
  }
  if (event->timerId() != drag_timer_.timerId()) return QAbstractScrollArea::timerEvent(event);
  QScrollBar* bar = verticalScrollBar();
  bar->setValue(bar->value() + (drag_point_.y() < 0 ? -2 : 2));
  if (const auto place = PlaceAt(drag_point_)) selection_.ExtendTo(*place);
}

}  // namespace logboom::gui
