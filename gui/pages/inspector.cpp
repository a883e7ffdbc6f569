#include "gui/pages/inspector.h"

#include <QGridLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "gui/widgets/card.h"
#include "gui/widgets/data_table.h"
#include "gui/widgets/style_sheet.h"

namespace logboom::gui {
namespace {

// Below this width the inspector goes under the table.
constexpr int kSideBySideMin = 1'000;

}  // namespace

Inspector::Inspector(const QString& parts_heading, QAbstractItemModel* parts,
                     const ColumnWidths& widths, QWidget* parent)
    : QWidget(parent),
      name_(MakeLabel({}, "heading", this)),
      hint_(MakeLabel({}, "muted", this)),
      body_(new QWidget(this)),
      facts_(new QGridLayout),
      buttons_(new QVBoxLayout),
      parts_(new DataTable(parts_heading, body_)) {
  auto* card = new Card({}, this);
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  outer->addWidget(card);

  hint_->setAlignment(Qt::AlignCenter);
  hint_->setWordWrap(true);
  name_->setWordWrap(true);
  facts_->setHorizontalSpacing(kGrid * 2);
  facts_->setVerticalSpacing(kGrid / 2);
  facts_->setColumnStretch(1, 1);
  SetRole(*parts_, "inset");
  parts_->SetModel(parts, widths);
  parts_->sortByColumn(0, Qt::AscendingOrder);

  auto* column = new QVBoxLayout(body_);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(kGrid);
  column->addWidget(name_);
  column->addLayout(facts_);
  column->addLayout(buttons_);
  column->addWidget(parts_, 1);
  card->column().addWidget(hint_, 1);
  card->column().addWidget(body_, 1);
  ShowNothing({});
}

void Inspector::AddButton(QPushButton* button) { buttons_->addWidget(button, 0, Qt::AlignLeft); }

void Inspector::Show(const QString& name, const Facts& facts) {
  name_->setText(name);
  SetFacts(facts);
  hint_->hide();
  body_->show();
}

void Inspector::ShowNothing(const QString& hint) {
  hint_->setText(hint);
  hint_->show();
  body_->hide();
}

// Labels are kept: they are made once for as many facts as there ever were.
void Inspector::SetFacts(const Facts& facts) {
  while (fact_labels_.size() < facts.size()) {
    const int row = static_cast<int>(fact_labels_.size());
    QLabel* what = MakeLabel({}, "muted", body_);
    QLabel* value = MakeLabel({}, "plain", body_);
    value->setTextInteractionFlags(Qt::TextSelectableByMouse);
    value->setWordWrap(true);
    facts_->addWidget(what, row, 0, Qt::AlignTop);
    facts_->addWidget(value, row, 1);
    fact_labels_.emplace_back(what, value);
  }
  for (std::size_t i = 0; i < fact_labels_.size(); ++i) {
    const auto& [what, value] = fact_labels_[i];
    const bool used = i < facts.size();
    what->setVisible(used);
    value->setVisible(used);
    if (!used) continue;
    what->setText(facts[i].first);
    if (value->text() != facts[i].second) value->setText(facts[i].second);
  }
}

InspectorSplitter::InspectorSplitter(QWidget* table, Inspector* inspector, int inspector_width)
    : inspector_width_(inspector_width) {
  addWidget(table);
  addWidget(inspector);
  setHandleWidth(kGrid * 2);
  setChildrenCollapsible(false);
  setStretchFactor(0, 1);
  setStretchFactor(1, 0);
}

void InspectorSplitter::resizeEvent(QResizeEvent* event) {
  Arrange();
  QSplitter::resizeEvent(event);
}

void InspectorSplitter::Arrange() {
  const auto wanted = width() >= kSideBySideMin ? Qt::Horizontal : Qt::Vertical;
  const bool first = sizes().value(1) == 0;
  if (wanted == orientation() && !first) return;
  setOrientation(wanted);
  if (wanted == Qt::Horizontal) {
    setSizes({width() - inspector_width_, inspector_width_});
  } else {
    setSizes({height() * 11 / 20, height() * 9 / 20});
  }
}

}  // namespace logboom::gui
