// What is selected in a table, in more detail: a name, a few facts, and a table of parts. It stands
// beside the table, or below it where the page is narrow.
#pragma once

#include <QSplitter>
#include <utility>
#include <vector>

class QAbstractItemModel;
class QGridLayout;
class QLabel;
class QPushButton;
class QVBoxLayout;

namespace logboom::gui {

class Card;
class DataTable;
struct ColumnWidths;

// The window's thread.
class Inspector final : public QWidget {
 public:
  using Facts = std::vector<std::pair<QString, QString>>;

  // `parts` are shown in a table of that heading.
  Inspector(const QString& parts_heading, QAbstractItemModel* parts, const ColumnWidths& widths,
            QWidget* parent = nullptr);

  void Show(const QString& name, const Facts& facts);
  // Nothing is selected: `hint` says what would be shown.
  void ShowNothing(const QString& hint);
  // Below the facts.
  void AddButton(QPushButton* button);

 private:
  void SetFacts(const Facts& facts);

  QLabel* name_;
  QLabel* hint_;
  QWidget* body_;
  QGridLayout* facts_;
  std::vector<std::pair<QLabel*, QLabel*>> fact_labels_;
  QVBoxLayout* buttons_;
  DataTable* parts_;
};

// A table with an inspector: side by side where there is room, else one above the other.
class InspectorSplitter final : public QSplitter {
 public:
  InspectorSplitter(QWidget* table, Inspector* inspector, int inspector_width);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void Arrange();

  int inspector_width_;
};

}  // namespace logboom::gui
