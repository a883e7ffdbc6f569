// Paints one line of the log, and knows which column lies where. Internal to LogView.
#pragma once

#include <QFont>
#include <QFontMetricsF>
#include <utility>

#include "gui/core/line_store.h"
#include "gui/widgets/log_text.h"

class QPainter;
class QRectF;

namespace logboom::gui {

struct Colours;

// A value for one pass of painting; cheap to make.
class LogPainter {
 public:
  explicit LogPainter(const QFont& font);

  double line_height() const { return height_; }
  double column_width() const { return advance_; }
  // Where a column begins, from the line's start.
  double XOf(const QString& text, int column) const;
  // The column nearest to `x`.
  int ColumnAt(const QString& text, double x) const;

  struct Marks {
    std::pair<int, int> selected;  // columns
    QString needle;                // highlighted wherever it stands
  };
  // Only what lies within `box` horizontally is drawn: lines may be thousands of columns wide.
  // `left` is how far the view is scrolled.
  void Paint(QPainter& painter, const LineText& line, LineKind kind, const Marks& marks,
             const QRectF& box, double left, const Colours& colours) const;

 private:
  // Each character is as wide as the next.
  static bool IsPlain(const QString& text);
  void PaintMarks(QPainter& painter, const LineText& line, const Marks& marks, const QRectF& box,
                  double left, const Colours& colours) const;

  QFont font_;
  QFont shaped_font_;      // for lines that are not plain: their letters join
  QFontMetricsF metrics_;  // of shaped_font_
  double advance_;
  double height_;
};

}  // namespace logboom::gui
