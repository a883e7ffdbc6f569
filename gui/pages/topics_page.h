// Every topic of every broker, and the partitions of the one that is selected.
#pragma once

#include "gui/core/rows.h"
#include "gui/pages/page.h"

namespace logboom::gui {

class DataTable;
class Inspector;
template <typename Row>
class TableModel;

// The window's thread.
class TopicsPage final : public Page {
 public:
  explicit TopicsPage(QWidget* parent = nullptr);
  ~TopicsPage() override;
  QLineEdit* filter_edit() override { return filter_; }
  QWidget* main_widget() override;

 protected:
  void Fill(const Frame& frame) override;
  std::optional<PlaceholderText> WhyEmpty(const Frame& frame) const override;

 private:
  void Inspect();
  void FilterChanged();
  void OpenTail();

  QLineEdit* filter_;
  DataTable* table_;
  Inspector* inspector_;
  std::unique_ptr<TableModel<TopicRow>> topics_;
  std::unique_ptr<TableModel<PartitionRow>> partitions_;
};

}  // namespace logboom::gui
