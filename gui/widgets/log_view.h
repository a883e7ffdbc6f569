// The lines of a log as they come, painted only where they are visible. Follows the newest line
// until the reader scrolls up or pauses; then what is on screen stands still, and lines that come
// are counted.
#pragma once

#include <QAbstractScrollArea>
#include <QBasicTimer>
#include <optional>

#include "gui/core/shown_lines.h"
#include "gui/widgets/log_selection.h"
#include "gui/widgets/log_text.h"

class QPushButton;

namespace logboom::gui {

class LogPainter;

// The window's thread.
class LogView final : public QAbstractScrollArea {
  Q_OBJECT

 public:
  explicit LogView(QWidget* parent = nullptr);
  ~LogView() override;

  void Append(LineBlock block);
  void Clear();
  void SetFilter(const QString& needle, FilterMode mode);
  // Names by index, where there are several.
  void SetBrokers(const QStringList& names);

  bool following() const { return following_; }
  // Pauses, or jumps to the newest line.
  void SetFollowing(bool following);
  // Lines that came since the view stands still.
  std::uint64_t lines_behind() const;
  const ShownLines& lines() const { return lines_; }
  // The filter has not looked at all lines yet.
  bool searching() const { return filter_timer_.isActive(); }

  void SelectAll();
  QString SelectedText() const;
  void Copy() const;
  // The index of the topmost line on screen.
  std::size_t top() const;

 Q_SIGNALS:
  void FollowingChanged(bool following);
  // How many lines there are, are shown, or match.
  void CountsChanged();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void timerEvent(QTimerEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  // Lines that the filter looks at before the window has its turn: a few milliseconds.
  static constexpr std::size_t kFilterSlice = 10'000;

  int PageLines() const;
  void Refresh();
  void PlaceButton();
  void ScrolledByReader();
  void Widen(const LineText& line);
  LineText TextAt(std::size_t index) const;
  // The place under a point of the viewport; nothing where there is no line.
  std::optional<TextPlace> PlaceAt(const QPointF& point) const;

  ShownLines lines_;
  LineLayout layout_;
  std::unique_ptr<LogPainter> painter_;
  LogSelection selection_;
  QPushButton* to_live_;
  bool following_ = true;
  bool refreshing_ = false;           // the scroll bar is moved by us
  LineStore::Sequence top_line_ = 0;  // while not following
  LineStore::Sequence paused_at_ = 0;
  int columns_max_ = 0;
  QBasicTimer filter_timer_;
  QBasicTimer drag_timer_;
  QPointF drag_point_;
};

}  // namespace logboom::gui
