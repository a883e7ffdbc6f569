// A line of the live tail as it is shown: time, source, text, in columns of a monospace font.
// Functions without state.
#pragma once

#include <QString>
#include <QStringList>

#include "gui/core/line_store.h"

namespace logboom::gui {

// Wider sources lose their start: the file's name stands at the end.
inline constexpr int kSourceColumnsMax = 40;

struct LineLayout {
  QStringList brokers;     // names by index; empty: there is one, and it is not shown
  int source_columns = 0;  // 0: no line has a source
};

struct LineText {
  QString text;
  int text_begin = 0;  // what stands before is time and source
};

LineText MakeLineText(const Line& line, const LineLayout& layout);
// How wide the source of `line` wants to be.
int SourceColumns(const Line& line, const LineLayout& layout);
// Tabs as spaces, up to the next column that is a multiple of eight.
QString ExpandTabs(const QString& text);

}  // namespace logboom::gui
