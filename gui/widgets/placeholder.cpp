#include "gui/widgets/placeholder.h"

#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

#include "gui/widgets/card.h"
#include "gui/widgets/colours.h"
#include "gui/widgets/style_sheet.h"

namespace logboom::gui {
namespace {

constexpr int kPictureSize = 96;
constexpr int kIconSize = 40;
constexpr int kTextWidth = 520;

}  // namespace

Placeholder::Placeholder(QWidget* parent)
    : QWidget(parent),
      picture_(new QWidget(this)),
      title_(MakeLabel({}, "title", this)),
      detail_(MakeLabel({}, "muted", this)),
      command_(MakeLabel({}, "mono", this)) {
  picture_->setFixedSize(kPictureSize, kPictureSize);
  picture_->setAttribute(Qt::WA_TransparentForMouseEvents);
  detail_->setWordWrap(true);
  detail_->setAlignment(Qt::AlignHCenter | Qt::AlignTop);
  detail_->setFixedWidth(kTextWidth);
  command_->setFont(LogFont());
  command_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  auto* column = new QVBoxLayout(this);
  column->setSpacing(kGrid);
  column->addStretch(2);
  column->addWidget(picture_, 0, Qt::AlignHCenter);
  column->addSpacing(kGrid);
  column->addWidget(title_, 0, Qt::AlignHCenter);
  column->addWidget(detail_, 0, Qt::AlignHCenter);
  column->addSpacing(kGrid);
  column->addWidget(command_, 0, Qt::AlignHCenter);
  column->addStretch(3);
}

void Placeholder::Tell(Icon icon, const PlaceholderText& text) {
  icon_ = icon;
  title_->setText(text.title);
  detail_->setText(text.detail);
  // A layout asks a label how high it is before it knows how wide.
  detail_->setFixedHeight(detail_->heightForWidth(kTextWidth));
  command_->setText(text.command);
  command_->setVisible(!text.command.isEmpty());
  update();
}

QString Placeholder::text() const {
  return title_->text() + "\n" + detail_->text() + "\n" + command_->text();
}

void Placeholder::paintEvent(QPaintEvent*) {
  const Colours& colours = CurrentColours();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(colours.selection);
  const QRectF circle = picture_->geometry();
  painter.drawEllipse(circle);
  QRectF box(0, 0, kIconSize, kIconSize);
  box.moveCenter(circle.center());
  PaintIcon(painter, icon_, box, colours.accent);
}

}  // namespace logboom::gui
