#include "gui/models/table_model.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QItemSelectionModel>
#include <QSignalSpy>
#include <set>

#include "gui/models/tables.h"
#include "lib/base/random.h"
#include "tests/gui/installations.h"

namespace logboom::gui {
namespace {

struct NumberRow {
  std::string key;
  int value = 0;
  bool stale = false;
};
using NumberTable = TableModel<NumberRow>;

std::unique_ptr<NumberTable> MakeNumberTable() {
  std::vector<Column<NumberRow>> columns = {
      {.title = "Key",
       .text = [](const NumberRow& row, TimestampMs) { return FromUtf8(row.key); },
       .less = [](const NumberRow& a, const NumberRow& b) { return a.key < b.key; }},
      {.title = "Value",
       .is_number = true,
       .text = [](const NumberRow& row, TimestampMs) { return QString::number(row.value); },
       .less = [](const NumberRow& a, const NumberRow& b) { return a.value < b.value; }}};
  return std::make_unique<NumberTable>(std::move(columns),
                                       [](const NumberRow& row, std::string_view needle) {
                                         return row.key.find(needle) != std::string::npos;
                                       });
}

void Set(NumberTable& table, std::vector<NumberRow> rows) {
  table.SetRows(std::make_shared<std::vector<NumberRow>>(std::move(rows)), TestTime().wall);
}

std::string KeyAt(const QModelIndex& index) {
  return index.siblingAtColumn(0).data().toString().toStdString();
}

std::string KeysOf(const NumberTable& table) {
  std::string keys;
  for (int i = 0; i < table.rowCount(); ++i) keys += KeyAt(table.index(i, 0));
  return keys;
}

TEST(TableModel, KeepsTheOrderInWhichRowsCameUntilItIsSorted) {
  const auto table = MakeNumberTable();
  QAbstractItemModelTester tester(table.get());
  Set(*table, {{"c", 1}, {"a", 3}, {"b", 2}});
  EXPECT_EQ(KeysOf(*table), "cab");
  table->sort(1, Qt::DescendingOrder);
  EXPECT_EQ(KeysOf(*table), "abc");
  Set(*table, {{"c", 9}, {"a", 3}, {"b", 5}, {"d", 4}});
  EXPECT_EQ(KeysOf(*table), "cbda");
}

TEST(TableModel, TheSelectionStaysOnItsRow) {
  const auto table = MakeNumberTable();
  QAbstractItemModelTester tester(table.get());
  QItemSelectionModel selection(table.get());
  table->sort(1, Qt::AscendingOrder);
  Set(*table, {{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}});
  selection.select(table->index(1, 0), QItemSelectionModel::Select | QItemSelectionModel::Rows);
  Set(*table, {{"e", 0}, {"b", 9}, {"c", 3}, {"d", 4}});
  EXPECT_EQ(KeysOf(*table), "ecdb");
  ASSERT_EQ(selection.selectedRows().size(), 1);
  EXPECT_EQ(KeyAt(selection.selectedRows()[0]), "b");
  Set(*table, {{"e", 0}, {"c", 3}});
  EXPECT_TRUE(selection.selectedRows().isEmpty());
}

TEST(TableModel, ARefreshIsAHandfulOfSignalsHoweverManyRowsChange) {
  const auto table = MakeNumberTable();
  table->sort(1, Qt::AscendingOrder);
  std::vector<NumberRow> before, after;
  for (int i = 0; i < 1'000; ++i) before.push_back({fmt::format("k{}", i), i});
  for (int i = 0; i < 1'000; ++i) after.push_back({fmt::format("k{}", i * 2), 1'000 - i});
  Set(*table, before);
  QSignalSpy removed(table.get(), &QAbstractItemModel::rowsRemoved);
  QSignalSpy inserted(table.get(), &QAbstractItemModel::rowsInserted);
  QSignalSpy layout(table.get(), &QAbstractItemModel::layoutChanged);
  QSignalSpy changed(table.get(), &QAbstractItemModel::dataChanged);
  QSignalSpy reset(table.get(), &QAbstractItemModel::modelReset);
  Set(*table, after);
  EXPECT_EQ(removed.size(), 1);
  EXPECT_EQ(inserted.size(), 1);
  EXPECT_LE(layout.size(), 2);
  EXPECT_EQ(changed.size(), 1);
  EXPECT_EQ(reset.size(), 0);
}

TEST(TableModel, TheFilterHidesRowsAndBringsThemBack) {
  const auto table = MakeNumberTable();
  QAbstractItemModelTester tester(table.get());
  Set(*table, {{"ab", 1}, {"b", 2}, {"abc", 3}});
  table->SetFilter("ab");
  EXPECT_EQ(KeysOf(*table), "ababc");
  EXPECT_EQ(table->total(), 3U);
  Set(*table, {{"ab", 1}, {"b", 2}, {"abd", 3}});
  EXPECT_EQ(KeysOf(*table), "ababd");
  table->SetFilter("");
  EXPECT_EQ(table->rowCount(), 3);
}

TEST(TableModel, RandomRefreshesKeepEverySelectedRow) {
  const std::uint64_t seed = 20'261'122;
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  const auto table = MakeNumberTable();
  QAbstractItemModelTester tester(table.get());
  QItemSelectionModel selection(table.get());
  std::set<std::string> selected;
  for (int round = 0; round < 300; ++round) {
    std::vector<NumberRow> rows;
    std::set<std::string> keys;
    for (int i = 0; i < 30; ++i) {
      if (random.Below(3) == 0) continue;
      rows.push_back({fmt::format("{}", i), static_cast<int>(random.Below(50))});
      keys.insert(rows.back().key);
    }
    if (random.Below(4) == 0) {
      table->sort(static_cast<int>(random.Below(2)),
                  random.Below(2) == 0 ? Qt::AscendingOrder : Qt::DescendingOrder);
    }
    Set(*table, rows);
    std::erase_if(selected, [&keys](const std::string& key) { return !keys.contains(key); });
    std::set<std::string> got;
    for (const QModelIndex& index : selection.selectedRows()) got.insert(KeyAt(index));
    EXPECT_EQ(got, selected) << round;
    if (table->rowCount() == 0) continue;
    const QModelIndex pick = table->index(
        static_cast<int>(random.Below(static_cast<std::uint64_t>(table->rowCount()))), 0);
    selection.select(pick, QItemSelectionModel::Select | QItemSelectionModel::Rows);
    selected.insert(KeyAt(pick));
  }
}

TEST(Tables, StaleRowsAreMuted) {
  const auto table = MakeAgentTable();
  AgentRow row;
  row.key = row.agent_id = "a";
  row.connected = row.stale = true;
  table->SetRows(std::make_shared<std::vector<AgentRow>>(1, row), TestTime().wall);
  const auto state = table->index(0, static_cast<int>(AgentColumn::kState));
  EXPECT_EQ(state.data(kToneRole).toInt(), static_cast<int>(Tone::kMuted));
  EXPECT_EQ(state.data().toString(), "not known");
}

TEST(Tables, AgentsAreSortedByTheLinesThatTheyLeftOut) {
  const auto table = MakeAgentTable();
  std::vector<AgentRow> rows(3);
  rows[0].lines_dropped = 1'000;
  rows[1].lines_dropped = 0;
  rows[2].lines_dropped = 999;
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].key = rows[i].agent_id = "abc"[i];
  table->SetRows(std::make_shared<std::vector<AgentRow>>(rows), TestTime().wall);
  const int column = static_cast<int>(AgentColumn::kDropped);
  EXPECT_EQ(table->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString(), "Dropped");
  table->sort(column, Qt::DescendingOrder);
  QStringList shown;
  for (int row = 0; row < 3; ++row) shown += table->index(row, column).data().toString();
  EXPECT_EQ(shown, QStringList({"1,000", "999", "0"}));
}

TEST(Tables, ForeignNamesAreMadeVisible) {
  const auto table = MakeTopicTable();
  TopicRow row;
  row.key = "a";
  row.name = "a\x1b[31m\xff";
  table->SetRows(std::make_shared<std::vector<TopicRow>>(1, row), TestTime().wall);
  EXPECT_EQ(table->index(0, 0).data().toString(), "a\\x1b[31m\\xff");
}

}  // namespace
}  // namespace logboom::gui
