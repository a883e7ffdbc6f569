#include "gui/widgets/data_table.h"

#include <QApplication>
#include <QClipboard>
#include <QKeyEvent>
#include <algorithm>

#include "gui/widgets/cell_delegate.h"
#include "gui/widgets/sort_header.h"

namespace logboom::gui {
namespace {

constexpr int kRowHeight = 34;

}  // namespace

DataTable::DataTable(const QString& accessible_name, QWidget* parent) : QTableView(parent) {
  setAccessibleName(accessible_name);
  setHorizontalHeader(new SortHeader(this));
  setItemDelegate(new CellDelegate(this));
  setSelectionBehavior(QAbstractItemView::SelectRows);
  setSelectionMode(QAbstractItemView::SingleSelection);
  setEditTriggers(QAbstractItemView::NoEditTriggers);
  setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  setShowGrid(false);
  setWordWrap(false);
  setTabKeyNavigation(false);
  setCornerButtonEnabled(false);
  // Rows of one height: to measure each of 10,000 takes seconds.
  verticalHeader()->hide();
  verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  verticalHeader()->setDefaultSectionSize(kRowHeight);
}

void DataTable::SetModel(QAbstractItemModel* model, const ColumnWidths& widths) {
  widths_ = widths;
  wanted_.assign(widths.pixels.size(), true);
  QTableView::setModel(model);
  horizontalHeader()->setSectionResizeMode(QHeaderView::Interactive);
  for (std::size_t i = 0; i < widths_.pixels.size(); ++i) {
    setColumnWidth(static_cast<int>(i), widths_.pixels[i]);
  }
  // In the order in which rows come, until a header is clicked.
  horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);
  setSortingEnabled(true);
  Stretch();
}

QString DataTable::CopySelection() const {
  QStringList lines;
  for (const QModelIndex& row : selectionModel()->selectedRows()) {
    QStringList cells;
    for (int column = 0; column < model()->columnCount(); ++column) {
      if (isColumnHidden(column)) continue;
      cells.append(row.siblingAtColumn(column).data().toString());
    }
    lines.append(cells.join('\t'));
  }
  return lines.join('\n');
}

void DataTable::keyPressEvent(QKeyEvent* event) {
  if (!event->matches(QKeySequence::Copy)) return QTableView::keyPressEvent(event);
  QApplication::clipboard()->setText(CopySelection());
  event->accept();
}

void DataTable::resizeEvent(QResizeEvent* event) {
  QTableView::resizeEvent(event);
  Stretch();
}

void DataTable::SetColumnWanted(int column, bool wanted) {
  if (wanted_[static_cast<std::size_t>(column)] == wanted) return;
  wanted_[static_cast<std::size_t>(column)] = wanted;
  Stretch();
}

// With the stretched column at its least.
int DataTable::WidthOfShown() const {
  int width = 0;
  for (int column = 0; column < model()->columnCount(); ++column) {
    if (isColumnHidden(column)) continue;
    width += column == widths_.stretched ? widths_.pixels[static_cast<std::size_t>(column)]
                                         : columnWidth(column);
  }
  return width;
}

void DataTable::Stretch() {
  if (model() == nullptr) return;
  for (int column = 0; column < model()->columnCount(); ++column) {
    setColumnHidden(column, !wanted_[static_cast<std::size_t>(column)]);
  }
  for (const int column : widths_.gives_way) {
    if (WidthOfShown() > viewport()->width()) hideColumn(column);
  }
  const int least = widths_.pixels[static_cast<std::size_t>(widths_.stretched)];
  setColumnWidth(widths_.stretched, least + std::max(0, viewport()->width() - WidthOfShown()));
}

}  // namespace logboom::gui
