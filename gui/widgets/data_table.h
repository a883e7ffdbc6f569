// A table of ours: whole rows are selected, headers sort and stay, nothing is edited.
#pragma once

#include <QTableView>
#include <vector>

namespace logboom::gui {

struct ColumnWidths {
  int stretched = 0;           // this column takes what is left
  std::vector<int> pixels;     // of each column; the stretched one's is its least
  std::vector<int> gives_way;  // hidden in this order while not all of them fit
};

// The window's thread.
class DataTable final : public QTableView {
 public:
  explicit DataTable(const QString& accessible_name, QWidget* parent = nullptr);

  // The model outlives it, or is its child.
  void SetModel(QAbstractItemModel* model, const ColumnWidths& widths);
  // Not shown at all, however wide the table is.
  void SetColumnWanted(int column, bool wanted);
  // Ctrl+C: the selected rows as lines, cells between tabs.
  QString CopySelection() const;

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void Stretch();
  int WidthOfShown() const;

  ColumnWidths widths_;
  std::vector<bool> wanted_;
};

}  // namespace logboom::gui
