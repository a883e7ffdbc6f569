// Every consumer group, and how far it is in each partition of the one that is selected.
#pragma once

#include "gui/core/rows.h"
#include "gui/pages/page.h"

namespace logboom::gui {

class DataTable;
class Inspector;
template <typename Row>
class TableModel;

// The window's thread.
class ConsumersPage final : public Page {
 public:
  explicit ConsumersPage(QWidget* parent = nullptr);
  ~ConsumersPage() override;
  QLineEdit* filter_edit() override { return filter_; }
  QWidget* main_widget() override;

 protected:
  void Fill(const Frame& frame) override;
  std::optional<PlaceholderText> WhyEmpty(const Frame& frame) const override;

 private:
  void Inspect();
  void FilterChanged();

  QLineEdit* filter_;
  DataTable* table_;
  Inspector* inspector_;
  std::unique_ptr<TableModel<GroupRow>> groups_;
  std::unique_ptr<TableModel<LagRow>> partitions_;
};

}  // namespace logboom::gui
