// The installation at a glance: five figures, two charts, what needs attention, and the brokers.
#pragma once

#include "gui/pages/page.h"

namespace logboom::gui {

class Card;
class DataTable;
class LineChart;
class StatCard;
struct AttentionRow;
struct BrokerRow;
template <typename Row>
class TableModel;

// The window's thread.
class OverviewPage final : public Page {
 public:
  explicit OverviewPage(QWidget* parent = nullptr);
  ~OverviewPage() override;
  QWidget* main_widget() override;

 protected:
  void Fill(const Frame& frame) override;
  std::optional<PlaceholderText> WhyEmpty(const Frame& frame) const override;

 private:
  void MakeCards();
  void MakeCharts();
  void MakeLists();
  void FillCards(const Frame& frame);
  void FillLag(const Frame& frame);
  void FillAgents(const Frame& frame);
  void FillDisk(const Frame& frame);
  void FillLists(const Frame& frame);

  StatCard* brokers_card_;
  StatCard* rate_card_;
  StatCard* lag_card_;
  StatCard* agents_card_;
  StatCard* disk_card_;
  LineChart* rate_chart_;
  LineChart* lag_chart_;
  Card* rate_box_;
  Card* lag_box_;
  Card* attention_box_;
  QLabel* all_well_;
  DataTable* attention_table_;
  DataTable* broker_table_;
  std::unique_ptr<TableModel<AttentionRow>> attention_;
  std::unique_ptr<TableModel<BrokerRow>> brokers_;
};

}  // namespace logboom::gui
