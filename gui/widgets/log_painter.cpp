#include "gui/widgets/log_painter.h"

#include <QPainter>
#include <algorithm>
#include <cmath>

#include "gui/widgets/card.h"
#include "gui/widgets/colours.h"

namespace logboom::gui {
namespace {

constexpr double kLeading = 4;
// From here on characters may be wide, narrow or join.
constexpr char16_t kFirstOther = 0x300;
// Also of fixed width: our own ellipsis and dashes.
constexpr char16_t kEllipsis = 0x2026;

QFont Shaped(QFont font) {
  font.setStyleStrategy(QFont::PreferDefault);
  return font;
}

}  // namespace

LogPainter::LogPainter(const QFont& font)
    : font_(font),
      shaped_font_(Shaped(font)),
      metrics_(shaped_font_),
      advance_(metrics_.horizontalAdvance(QChar(u'0'))),
      height_(std::ceil(metrics_.height() + kLeading)) {}

bool LogPainter::IsPlain(const QString& text) {
  return std::all_of(text.begin(), text.end(),
                     [](QChar c) { return c.unicode() < kFirstOther || c.unicode() == kEllipsis; });
}

double LogPainter::XOf(const QString& text, int column) const {
  if (IsPlain(text)) return column * advance_;
  return metrics_.horizontalAdvance(text.left(column));
}

int LogPainter::ColumnAt(const QString& text, double x) const {
  const int size = static_cast<int>(text.size());
  if (x <= 0) return 0;
  if (IsPlain(text)) return std::min(size, static_cast<int>(std::lround(x / advance_)));
  int column = 0;
  while (column < size && metrics_.horizontalAdvance(text.left(column + 1)) <= x) ++column;
  return column;
}

void LogPainter::PaintMarks(QPainter& painter, const LineText& line, const Marks& marks,
                            const QRectF& box, double left, const Colours& colours) const {
  const auto fill = [&](int from, int to, const QColor& colour) {
    const double x = XOf(line.text, from);
    painter.fillRect(QRectF(box.left() - left + x, box.top(), XOf(line.text, to) - x, box.height()),
                     colour);
  };
  if (!marks.needle.isEmpty()) {
    qsizetype at = 0;
    while ((at = line.text.indexOf(marks.needle, at, Qt::CaseInsensitive)) >= 0) {
      const auto end = at + marks.needle.size();
      fill(static_cast<int>(at), static_cast<int>(end), colours.highlight);
      at = end;
    }
  }
  if (marks.selected.first < marks.selected.second) {
    fill(marks.selected.first, marks.selected.second, colours.selection);
  }
}

void LogPainter::Paint(QPainter& painter, const LineText& line, LineKind kind, const Marks& marks,
                       const QRectF& box, double left, const Colours& colours) const {
  PaintMarks(painter, line, marks, box, left, colours);
  painter.setFont(IsPlain(line.text) ? font_ : shaped_font_);
  const double baseline = box.top() + kLeading / 2 + metrics_.ascent();
  const auto draw = [&](int from, int to, const QColor& colour) {
    int first = from;
    int last = to;
    if (IsPlain(line.text)) {
      first = std::max(from, static_cast<int>(left / advance_));
      last = std::min(to, static_cast<int>((left + box.width()) / advance_) + 1);
    }
    if (first >= last) return;
    painter.setPen(colour);
    painter.drawText(QPointF(box.left() - left + XOf(line.text, first), baseline),
                     line.text.mid(first, last - first));
  };
  draw(0, line.text_begin, colours.muted);
  draw(line.text_begin, static_cast<int>(line.text.size()),
       kind == LineKind::kNotice ? colours.warn : colours.text);
}

}  // namespace logboom::gui
