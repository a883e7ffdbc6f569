// Every agent that a broker has ever seen: whether it is connected, and how far it is.
#pragma once

#include "gui/core/rows.h"
#include "gui/pages/page.h"

namespace logboom::gui {

class DataTable;
template <typename Row>
class TableModel;

// The window's thread.
class AgentsPage final : public Page {
 public:
  explicit AgentsPage(QWidget* parent = nullptr);
  ~AgentsPage() override;
  QLineEdit* filter_edit() override { return filter_; }
  QWidget* main_widget() override;

 protected:
  void Fill(const Frame& frame) override;
  std::optional<PlaceholderText> WhyEmpty(const Frame& frame) const override;

 private:
  QLineEdit* filter_;
  DataTable* table_;
  std::unique_ptr<TableModel<AgentRow>> agents_;
};

}  // namespace logboom::gui
