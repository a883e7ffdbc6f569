// A table over value rows that are replaced as a whole at every refresh. Rows are known by their
// keys: what was selected, and where the view stands, survives. Sorting and filtering happen here,
// in one pass: a proxy would take each changed row out and in again.
//
// At most two changes of layout, one removal, one insertion and one dataChanged come from a
// refresh, however many rows changed.
#pragma once

#include <QAbstractTableModel>
#include <QString>
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gui/models/text.h"
#include "gui/models/tone.h"
#include "lib/base/check.h"
#include "lib/base/types.h"

namespace logboom::gui {

enum TableRole {
  kToneRole = Qt::UserRole,  // a Tone, as int
  kDotRole,                  // bool: the cell is a state, marked with a dot
};

template <typename Row>
struct Column {
  const char* title = "";
  bool is_number = false;
  QString (*text)(const Row& row, TimestampMs now) = nullptr;
  bool (*less)(const Row& a, const Row& b) = nullptr;
  Tone (*tone)(const Row& row) = nullptr;  // none: normal
  bool is_state = false;
  QString (*tip)(const Row& row) = nullptr;
};

// `Row` has key, stale. One owner; the window's thread.
template <typename Row>
class TableModel : public QAbstractTableModel {
 public:
  using Rows = std::vector<Row>;
  // Whether a row is shown for what is typed into the filter, which is in lower case.
  using Matches = bool (*)(const Row& row, std::string_view lower_needle);

  TableModel(std::vector<Column<Row>> columns, Matches matches)
      : columns_(std::move(columns)), matches_(matches), all_(std::make_shared<Rows>()) {}

  // `rows` is kept, and not changed. Keys are unique.
  void SetRows(std::shared_ptr<const Rows> rows, TimestampMs now) {
    now_ = now;
    Refresh(std::move(rows));
  }
  void SetFilter(std::string lower_needle) {
    if (lower_needle == needle_) return;
    needle_ = std::move(lower_needle);
    Refresh(all_);
  }
  // Ages grow, rows stay.
  void SetNow(TimestampMs now) {
    if (now == now_) return;
    now_ = now;
    TellChanged();
  }

  const Row* row(const QModelIndex& index) const {
    return index.isValid() ? &At(index.row()) : nullptr;
  }
  // The place of a key; not valid where it is not shown.
  QModelIndex Find(std::string_view key) const {
    for (int i = 0; i < rowCount(); ++i) {
      if (At(i).key == key) return index(i, 0);
    }
    return {};
  }
  // Rows before the filter.
  std::size_t total() const { return all_->size(); }

  int rowCount(const QModelIndex& parent = {}) const override {
    return parent.isValid() ? 0 : static_cast<int>(shown_.size());
  }
  int columnCount(const QModelIndex& parent = {}) const override {
    return parent.isValid() ? 0 : static_cast<int>(columns_.size());
  }

  QVariant data(const QModelIndex& index, int role) const override {
    if (!index.isValid()) return {};
    const Column<Row>& column = columns_[static_cast<std::size_t>(index.column())];
    const Row& row = At(index.row());
    switch (role) {
      case Qt::DisplayRole: return column.text(row, now_);
      case Qt::ToolTipRole: return column.tip ? QVariant(column.tip(row)) : QVariant();
      case Qt::TextAlignmentRole: return AlignmentOf(column);
      case kToneRole:
        if (row.stale) return static_cast<int>(Tone::kMuted);
        return static_cast<int>(column.tone ? column.tone(row) : Tone::kNormal);
      case kDotRole: return column.is_state;
      default: return {};
    }
  }

  QVariant headerData(int section, Qt::Orientation orientation, int role) const override {
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) return {};
    const Column<Row>& column = columns_[static_cast<std::size_t>(section)];
    if (role == Qt::DisplayRole) return QString::fromUtf8(column.title);
    if (role == Qt::TextAlignmentRole) return AlignmentOf(column);
    return {};
  }

  void sort(int column, Qt::SortOrder order) override {
    sort_column_ = column;
    sort_order_ = order;
    SortShown();
  }

 private:
  using Index = std::uint32_t;  // into *all_

  static int AlignmentOf(const Column<Row>& column) {
    return static_cast<int>(Qt::AlignVCenter | (column.is_number ? Qt::AlignRight : Qt::AlignLeft));
  }

  const Row& At(int row) const { return (*all_)[shown_[static_cast<std::size_t>(row)]]; }

  bool Shows(const Row& row) const { return needle_.empty() || matches_(row, needle_); }

  void Refresh(std::shared_ptr<const Rows> rows) {
    std::unordered_map<std::string_view, Index> next;
    next.reserve(rows->size());
    for (Index i = 0; i < rows->size(); ++i) {
      if (Shows((*rows)[i])) next.emplace((*rows)[i].key, i);
    }
    RemoveGone(next);
    // Those that stay take their new values; what is left of `next` is new.
    for (Index& shown : shown_) {
      const auto found = next.find((*all_)[shown].key);
      CHECK(found != next.end());
      shown = found->second;
      next.erase(found);
    }
    all_ = std::move(rows);
    InsertNew(next);
    SortShown();
    TellChanged();
  }

  void RemoveGone(const std::unordered_map<std::string_view, Index>& next) {
    std::vector<Index> order(shown_.size());
    for (Index i = 0; i < order.size(); ++i) order[i] = i;
    const auto stays = [&](Index at) { return next.contains((*all_)[shown_[at]].key); };
    const auto gone = std::stable_partition(order.begin(), order.end(), stays);
    if (gone == order.end()) return;
    const int first = static_cast<int>(gone - order.begin());
    Permute(order);
    beginRemoveRows({}, first, rowCount() - 1);
    shown_.resize(static_cast<std::size_t>(first));
    endRemoveRows();
  }

  void InsertNew(const std::unordered_map<std::string_view, Index>& fresh) {
    if (fresh.empty()) return;
    std::vector<Index> added;
    added.reserve(fresh.size());
    for (const auto& [key, at] : fresh) added.push_back(at);
    std::sort(added.begin(), added.end());
    const int first = rowCount();
    beginInsertRows({}, first, first + static_cast<int>(added.size()) - 1);
    shown_.insert(shown_.end(), added.begin(), added.end());
    endInsertRows();
  }

  // Without a column: the order in which the rows came.
  bool ComesBefore(Index a, Index b) const {
    const Row& left = (*all_)[shown_[a]];
    const Row& right = (*all_)[shown_[b]];
    if (sort_column_ >= 0 && sort_column_ < columnCount()) {
      const auto less = columns_[static_cast<std::size_t>(sort_column_)].less;
      const bool ascending = sort_order_ == Qt::AscendingOrder;
      if (less(left, right)) return ascending;
      if (less(right, left)) return !ascending;
    }
    return shown_[a] < shown_[b];
  }

  void SortShown() {
    std::vector<Index> order(shown_.size());
    for (Index i = 0; i < order.size(); ++i) order[i] = i;
    const auto before = [this](Index a, Index b) { return ComesBefore(a, b); };
    if (std::is_sorted(order.begin(), order.end(), before)) return;
    std::sort(order.begin(), order.end(), before);
    Permute(order);
  }

  // order[new row] = old row.
  void Permute(const std::vector<Index>& order) {
    if (std::is_sorted(order.begin(), order.end())) return;
    Q_EMIT layoutAboutToBeChanged({}, QAbstractItemModel::VerticalSortHint);
    std::vector<Index> shown(order.size());
    std::vector<int> moved_to(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      shown[i] = shown_[order[i]];
      moved_to[order[i]] = static_cast<int>(i);
    }
    shown_ = std::move(shown);
    const QModelIndexList from = persistentIndexList();
    QModelIndexList to;
    to.reserve(from.size());
    for (const QModelIndex& old : from) {
      to.push_back(index(moved_to[static_cast<std::size_t>(old.row())], old.column()));
    }
    changePersistentIndexList(from, to);
    Q_EMIT layoutChanged({}, QAbstractItemModel::VerticalSortHint);
  }

  void TellChanged() {
    if (shown_.empty()) return;
    Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
  }

  std::vector<Column<Row>> columns_;
  Matches matches_;
  std::shared_ptr<const Rows> all_;
  std::vector<Index> shown_;  // by row of the table
  std::string needle_;
  TimestampMs now_;
  int sort_column_ = -1;
  Qt::SortOrder sort_order_ = Qt::AscendingOrder;
};

}  // namespace logboom::gui
