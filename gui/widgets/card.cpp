#include "gui/widgets/card.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

#include "gui/widgets/style_sheet.h"

namespace logboom::gui {

Card::Card(const QString& heading, QWidget* parent)
    : QFrame(parent), column_(new QVBoxLayout(this)) {
  SetRole(*this, "card");
  column_->setContentsMargins(kGrid * 2, kGrid * 2, kGrid * 2, kGrid * 2);
  column_->setSpacing(kGrid);
  if (heading.isEmpty()) return;
  auto* head = new QHBoxLayout;
  head->addWidget(MakeLabel(heading, "heading", this));
  head->addStretch(1);
  note_ = MakeLabel({}, "muted", this);
  head->addWidget(note_);
  column_->addLayout(head);
}

void Card::SetNote(const QString& note) {
  if (note_ != nullptr) note_->setText(note);
}

}  // namespace logboom::gui
