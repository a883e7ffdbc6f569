#include "gui/pages/topics_page.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include "gui/models/tables.h"
#include "gui/pages/inspector.h"
#include "gui/pages/table_page.h"
#include "gui/widgets/data_table.h"

namespace logboom::gui {
namespace {

constexpr int kInspectorWidth = 440;

QString ConfigText(const client::TopicDescription& topic) {
  QStringList set;
  for (const auto& [key, value] : topic.config) {
    set.append(FromForeign(key) + " = " + FromForeign(value));
  }
  return set.isEmpty() ? QString("defaults") : set.join("\n");
}

}  // namespace

TopicsPage::TopicsPage(QWidget* parent)
    : Page("Topics", Icon::kTopics, parent),
      filter_(MakeFilterEdit("Filter topics", this)),
      table_(new DataTable("Topics")),
      topics_(MakeTopicTable()),
      partitions_(MakePartitionTable()) {
  actions().addWidget(filter_);
  table_->SetModel(
      topics_.get(),
      {.stretched = 0, .pixels = {176, 112, 88, 112, 96, 88, 104}, .gives_way = {2, 6, 4}});
  table_->sortByColumn(static_cast<int>(TopicColumn::kName), Qt::AscendingOrder);
  inspector_ = new Inspector("Partitions", partitions_.get(),
                             {.stretched = 0, .pixels = {96, 88, 112, 88, 104}, .gives_way = {1}});
  auto* tail = new QPushButton("Open in live tail");
  inspector_->AddButton(tail);
  content().addWidget(new InspectorSplitter(table_, inspector_, kInspectorWidth), 1);

  connect(tail, &QPushButton::clicked, this, [this] { OpenTail(); });
  connect(table_, &QAbstractItemView::activated, this, [this] { OpenTail(); });
  connect(filter_, &QLineEdit::textChanged, this, [this] { FilterChanged(); });
  connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, this,
          [this] { Inspect(); });
}

TopicsPage::~TopicsPage() = default;

QWidget* TopicsPage::main_widget() { return table_; }

std::optional<PlaceholderText> TopicsPage::WhyEmpty(const Frame& frame) const {
  if (!frame.tables->topics.empty()) return std::nullopt;
  return PlaceholderText{"No topics yet",
                         "A topic is made when an agent or a producer first writes to it. Follow a "
                         "file with an agent, or write a line by hand:",
                         "echo hello | logboom produce greetings"};
}

void TopicsPage::Fill(const Frame& frame) {
  table_->SetColumnWanted(static_cast<int>(TopicColumn::kBroker), frame.several());
  topics_->SetRows({frame.tables, &frame.tables->topics}, frame.now);
  SetSubtitle(ShownOfAll(*topics_, "topic", "topics"));
  Inspect();
}

void TopicsPage::FilterChanged() {
  topics_->SetFilter(NeedleOf(*filter_));
  SetSubtitle(ShownOfAll(*topics_, "topic", "topics"));
}

void TopicsPage::Inspect() {
  const TopicRow* row = SelectedRow(*table_, *topics_);
  const BrokerView* broker = row && frame() ? frame()->FindBroker(row->broker) : nullptr;
  const client::TopicDescription* topic = broker ? FindTopic(*broker, row->name) : nullptr;
  if (topic == nullptr) {
    return inspector_->ShowNothing("Select a topic to see its partitions and settings.");
  }
  partitions_->SetRows(
      std::make_shared<std::vector<PartitionRow>>(MakePartitionRows(*topic, broker->origin())),
      frame()->now);
  inspector_->Show(FromForeign(topic->name), {{"Broker", FromForeign(broker->name)},
                                              {"Topic id", FromUtf8(topic->topic_id.ToString())},
                                              {"Settings", ConfigText(*topic)}});
}

void TopicsPage::OpenTail() {
  if (const TopicRow* row = SelectedRow(*table_, *topics_)) {
    Q_EMIT TailWanted(FromUtf8(row->name));
  }
}

}  // namespace logboom::gui
