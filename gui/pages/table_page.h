// A page around one table: its filter, its count of rows, its selection. Shared by topics,
// consumers and agents.
#pragma once

#include <QItemSelectionModel>
#include <QLineEdit>
#include <QString>
#include <string>

#include "gui/core/line_filter.h"
#include "gui/models/table_model.h"
#include "gui/widgets/data_table.h"

namespace logboom::gui {

// "128 of 9,012", or "9,012" where all are shown.
template <typename Row>
QString ShownOfAll(const TableModel<Row>& model, const char* one, const char* many) {
  const auto total = static_cast<std::int64_t>(model.total());
  const QString noun = QString(" ") + (total == 1 ? one : many);
  if (model.rowCount() == total) return CountText(total) + noun;
  return CountText(model.rowCount()) + " of " + CountText(total) + noun;
}

inline QLineEdit* MakeFilterEdit(const QString& placeholder, QWidget* parent) {
  auto* edit = new QLineEdit(parent);
  edit->setPlaceholderText(placeholder);
  edit->setAccessibleName(placeholder);
  edit->setClearButtonEnabled(true);
  edit->setMinimumWidth(200);
  return edit;
}

inline std::string NeedleOf(const QLineEdit& edit) {
  return LowerCase(edit.text().trimmed().toStdString());
}

// The selected row; nothing where there is none.
template <typename Row>
const Row* SelectedRow(const DataTable& table, const TableModel<Row>& model) {
  const QModelIndexList rows = table.selectionModel()->selectedRows();
  return rows.isEmpty() ? nullptr : model.row(rows.front());
}

}  // namespace logboom::gui
