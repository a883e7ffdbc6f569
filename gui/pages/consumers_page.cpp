#include "gui/pages/consumers_page.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QVBoxLayout>

#include "gui/models/tables.h"
#include "gui/pages/inspector.h"
#include "gui/pages/table_page.h"
#include "gui/widgets/data_table.h"

namespace logboom::gui {
namespace {

constexpr int kInspectorWidth = 520;

QString MembersText(const client::GroupDescription& group) {
  QStringList members;
  for (const client::GroupMember& member : group.members) {
    members.append(FromForeign(member.client_id.empty() ? member.member_id : member.client_id) +
                   " on " + FromForeign(member.host) + ", " + CountText(member.partitions_owned) +
                   (member.partitions_owned == 1 ? " partition" : " partitions"));
  }
  return members.isEmpty() ? QString("none") : members.join("\n");
}

}  // namespace

ConsumersPage::ConsumersPage(QWidget* parent)
    : Page("Consumers", Icon::kConsumers, parent),
      filter_(MakeFilterEdit("Filter groups", this)),
      table_(new DataTable("Consumer groups")),
      groups_(MakeGroupTable()),
      partitions_(MakeLagTable()) {
  actions().addWidget(filter_);
  table_->SetModel(groups_.get(),
                   {.stretched = 0, .pixels = {120, 96, 96, 88, 112, 96, 88}, .gives_way = {3, 2}});
  table_->sortByColumn(static_cast<int>(GroupColumn::kStatus), Qt::DescendingOrder);
  inspector_ =
      new Inspector("Partitions", partitions_.get(),
                    {.stretched = 0, .pixels = {112, 96, 96, 80, 80, 88}, .gives_way = {2, 1}});
  content().addWidget(new InspectorSplitter(table_, inspector_, kInspectorWidth), 1);

  connect(filter_, &QLineEdit::textChanged, this, [this] { FilterChanged(); });
  connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, this,
          [this] { Inspect(); });
}

ConsumersPage::~ConsumersPage() = default;

QWidget* ConsumersPage::main_widget() { return table_; }

std::optional<PlaceholderText> ConsumersPage::WhyEmpty(const Frame& frame) const {
  if (!frame.tables->groups.empty()) return std::nullopt;
  return PlaceholderText{"No consumer groups yet",
                         "A group appears with its first member or its first committed offset. "
                         "Read a topic as a group:",
                         "logboom consume TOPIC --group GROUP"};
}

void ConsumersPage::Fill(const Frame& frame) {
  table_->SetColumnWanted(static_cast<int>(GroupColumn::kBroker), frame.several());
  groups_->SetRows({frame.tables, &frame.tables->groups}, frame.now);
  SetSubtitle(ShownOfAll(*groups_, "group", "groups"));
  Inspect();
}

void ConsumersPage::FilterChanged() {
  groups_->SetFilter(NeedleOf(*filter_));
  SetSubtitle(ShownOfAll(*groups_, "group", "groups"));
}

void ConsumersPage::Inspect() {
  const GroupRow* row = SelectedRow(*table_, *groups_);
  const BrokerView* broker = row && frame() ? frame()->FindBroker(row->broker) : nullptr;
  const client::GroupDescription* group = broker ? FindGroup(*broker, row->name) : nullptr;
  if (group == nullptr) {
    return inspector_->ShowNothing("Select a group to see how far it is in each partition.");
  }
  partitions_->SetRows(std::make_shared<std::vector<LagRow>>(MakeLagRows(*group, broker->origin())),
                       frame()->now);
  inspector_->Show(FromForeign(row->name),
                   {{"Broker", FromForeign(broker->name)},
                    {"Status", StatusText(row->status) + ". " + StatusTip(row->status)},
                    {"Members", MembersText(*group)}});
}

}  // namespace logboom::gui
