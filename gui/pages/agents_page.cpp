#include "gui/pages/agents_page.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QVBoxLayout>

#include "gui/models/tables.h"
#include "gui/pages/table_page.h"
#include "gui/widgets/data_table.h"

namespace logboom::gui {

AgentsPage::AgentsPage(QWidget* parent)
    : Page("Agents", Icon::kAgents, parent),
      filter_(MakeFilterEdit("Filter agents", this)),
      table_(new DataTable("Agents")),
      agents_(MakeAgentTable()) {
  actions().addWidget(filter_);
  table_->SetModel(agents_.get(), {.stretched = 0,
                                   .pixels = {168, 112, 112, 120, 88, 72, 96, 96, 88, 104, 80},
                                   .gives_way = {4, 3, 7, 8, 5}});
  table_->sortByColumn(static_cast<int>(AgentColumn::kId), Qt::AscendingOrder);
  content().addWidget(table_, 1);
  connect(filter_, &QLineEdit::textChanged, this, [this] {
    agents_->SetFilter(NeedleOf(*filter_));
    SetSubtitle(ShownOfAll(*agents_, "agent", "agents"));
  });
}

AgentsPage::~AgentsPage() = default;

QWidget* AgentsPage::main_widget() { return table_; }

std::optional<PlaceholderText> AgentsPage::WhyEmpty(const Frame& frame) const {
  if (!frame.tables->agents.empty()) return std::nullopt;
  return PlaceholderText{
      "No agents yet",
      "An agent reads log files on a machine and publishes each line once. Start one:",
      "logboom-agent --broker " + FromForeign(frame.brokers.front().address) +
          " --state-dir DIR --topic TOPIC --input '/var/log/*.log'"};
}

void AgentsPage::Fill(const Frame& frame) {
  table_->SetColumnWanted(static_cast<int>(AgentColumn::kBroker), frame.several());
  agents_->SetRows({frame.tables, &frame.tables->agents}, frame.now);
  SetSubtitle(ShownOfAll(*agents_, "agent", "agents"));
}

}  // namespace logboom::gui
