#include "gui/widgets/log_text.h"

#include <algorithm>

#include "gui/core/time_format.h"
#include "gui/models/text.h"

namespace logboom::gui {
namespace {

constexpr qsizetype kTabColumns = 8;

QString SourceOf(const Line& line, const LineLayout& layout) {
  QString source = FromUtf8(line.source);
  if (line.row.broker < layout.brokers.size()) {
    const QString broker = layout.brokers[line.row.broker];
    source = source.isEmpty() ? broker : broker + " " + source;
  }
  return source;
}

}  // namespace

int SourceColumns(const Line& line, const LineLayout& layout) {
  return static_cast<int>(std::min<qsizetype>(SourceOf(line, layout).size(), kSourceColumnsMax));
}

QString ExpandTabs(const QString& text) {
  if (!text.contains(u'\t')) return text;
  QString expanded;
  for (const QChar c : text) {
    if (c == u'\t') {
      expanded += QString(kTabColumns - expanded.size() % kTabColumns, u' ');
    } else {
      expanded += c;
    }
  }
  return expanded;
}

LineText MakeLineText(const Line& line, const LineLayout& layout) {
  LineText shown;
  shown.text = FromUtf8(FormatClock(line.row.time)) + "  ";
  if (layout.source_columns > 0) {
    QString source = SourceOf(line, layout);
    if (source.size() > layout.source_columns) {
      source = QChar(0x2026) + source.right(layout.source_columns - 1);
    }
    shown.text += source.leftJustified(layout.source_columns) + "  ";
  }
  shown.text_begin = static_cast<int>(shown.text.size());
  shown.text += ExpandTabs(FromUtf8(line.text));
  return shown;
}

}  // namespace logboom::gui
