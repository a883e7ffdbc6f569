#include "gui/widgets/log_view.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QMenu>
#include <QPushButton>
#include <QScrollBar>
#include <algorithm>
#include <cmath>

#include "gui/models/text.h"
#include "gui/widgets/card.h"
#include "gui/widgets/log_painter.h"
#include "gui/widgets/style_sheet.h"

namespace logboom::gui {
LogView::LogView(QWidget* parent)
    : QAbstractScrollArea(parent),
      painter_(std::make_unique<LogPainter>(LogFont())),
      to_live_(new QPushButton(this)) {
  setFrameShape(QFrame::NoFrame);
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName("Log lines");
  viewport()->setCursor(Qt::IBeamCursor);
  to_live_->setFocusPolicy(Qt::NoFocus);
  SetRole(*to_live_, "primary");
  to_live_->hide();
  connect(to_live_, &QPushButton::clicked, this, [this] { SetFollowing(true); });
  connect(verticalScrollBar(), &QScrollBar::valueChanged, this, [this] { ScrolledByReader(); });
  connect(horizontalScrollBar(), &QScrollBar::valueChanged, viewport(),
          qOverload<>(&QWidget::update));
}

LogView::~LogView() = default;

void LogView::Append(LineBlock block) {
  if (block.empty()) return;
  lines_.Append(std::move(block));
  if (lines_.filter().active() && !lines_.AdvanceFilter(kFilterSlice)) filter_timer_.start(0, this);
  // Sources widen their column as they come; the newest lines tell.
  const std::size_t count = lines_.count();
  for (std::size_t i = count - std::min<std::size_t>(count, 50); i < count; ++i) {
    layout_.source_columns =
        std::max(layout_.source_columns, SourceColumns(lines_.LineAt(i), layout_));
  }
  Refresh();
}

void LogView::Clear() {
  lines_.Clear();
  selection_.Clear();
  columns_max_ = 0;
  layout_.source_columns = 0;
  paused_at_ = lines_.store().end();
  Refresh();
}

void LogView::SetFilter(const QString& needle, FilterMode mode) {
  lines_.SetFilter(needle.toStdString(), mode);
  if (lines_.AdvanceFilter(kFilterSlice)) {
    filter_timer_.stop();
  } else {
    filter_timer_.start(0, this);
  }
  Refresh();
}

void LogView::SetBrokers(const QStringList& names) {
  if (names == layout_.brokers) return;
  layout_.brokers = names;
  layout_.source_columns = 0;
  viewport()->update();
}

void LogView::SetFollowing(bool following) {
  if (following == following_) return;
  following_ = following;
  if (!following_) {
    top_line_ = lines_.count() == 0 ? lines_.store().end() : lines_.At(top());
    paused_at_ = lines_.store().end();
  }
  Refresh();
  Q_EMIT FollowingChanged(following_);
}

std::uint64_t LogView::lines_behind() const {
  return following_ ? 0 : lines_.store().end() - paused_at_;
}

std::size_t LogView::top() const { return static_cast<std::size_t>(verticalScrollBar()->value()); }

int LogView::PageLines() const {
  return std::max(1, static_cast<int>(viewport()->height() / painter_->line_height()));
}

// The scroll bar after lines came, went, or another filter chose them.
void LogView::Refresh() {
  refreshing_ = true;
  const int last_top = std::max(0, static_cast<int>(lines_.count()) - PageLines());
  verticalScrollBar()->setPageStep(PageLines());
  verticalScrollBar()->setRange(0, last_top);
  verticalScrollBar()->setValue(
      following_ ? last_top : std::min(last_top, static_cast<int>(lines_.IndexOf(top_line_))));
  refreshing_ = false;
  PlaceButton();
  viewport()->update();
  Q_EMIT CountsChanged();
}

void LogView::ScrolledByReader() {
  viewport()->update();
  if (refreshing_ || lines_.count() == 0) return;
  const bool at_end = verticalScrollBar()->value() == verticalScrollBar()->maximum();
  if (at_end != following_) return SetFollowing(at_end);
  if (!following_) top_line_ = lines_.At(top());
}

void LogView::PlaceButton() {
  to_live_->setVisible(!following_);
  if (following_) return;
  const std::uint64_t behind = lines_behind();
  const QString count = CountText(static_cast<std::int64_t>(behind));
  to_live_->setText(behind == 0 ? QString("Jump to live")
                                : count + (behind == 1 ? " new line" : " new lines") +
                                      "  \u2193  Jump to live");
  to_live_->adjustSize();
  to_live_->move((viewport()->width() - to_live_->width()) / 2,
                 viewport()->height() - to_live_->height() - kGrid * 2);
}

LineText LogView::TextAt(std::size_t index) const {
  return MakeLineText(lines_.LineAt(index), layout_);
}

std::optional<TextPlace> LogView::PlaceAt(const QPointF& point) const {
  if (lines_.count() == 0) return std::nullopt;
  const auto down = static_cast<std::int64_t>(std::floor(point.y() / painter_->line_height()));
  const auto index = std::clamp<std::int64_t>(static_cast<std::int64_t>(top()) + down, 0,
                                              static_cast<std::int64_t>(lines_.count()) - 1);
  const auto at = static_cast<std::size_t>(index);
  const double x = point.x() - kGrid * 2 + horizontalScrollBar()->value();
  return TextPlace{lines_.At(at), painter_->ColumnAt(TextAt(at).text, x)};
}

void LogView::SelectAll() {
  if (lines_.count() == 0) return;
  const std::size_t last = lines_.count() - 1;
  selection_.Begin({lines_.At(0), 0});
  selection_.ExtendTo({lines_.At(last), static_cast<int>(TextAt(last).text.size())});
  viewport()->update();
}

QString LogView::SelectedText() const {
  QString selected;
  if (selection_.empty()) return selected;
  const LineStore::Sequence end = selection_.end().line;
  for (std::size_t i = lines_.IndexOf(selection_.begin().line);
       i < lines_.count() && lines_.At(i) <= end; ++i) {
    const QString text = TextAt(i).text;
    const auto [from, to] = selection_.ColumnsOf(lines_.At(i), static_cast<int>(text.size()));
    if (!selected.isEmpty()) selected += u'\n';
    selected += QStringView(text).mid(from, to - from);
  }
  return selected;
}

void LogView::Copy() const {
  if (!selection_.empty()) QApplication::clipboard()->setText(SelectedText());
}

void LogView::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu(this);
  QAction* copy = menu.addAction("Copy\tCtrl+C", this, [this] { Copy(); });
  copy->setEnabled(!selection_.empty());
  menu.addAction("Select all\tCtrl+A", this, [this] { SelectAll(); });
  menu.exec(event->globalPos());
}

}  // namespace logboom::gui
