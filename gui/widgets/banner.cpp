#include "gui/widgets/banner.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "gui/widgets/card.h"
#include "gui/widgets/colours.h"
#include "gui/widgets/icons.h"
#include "gui/widgets/style_sheet.h"

namespace logboom::gui {
namespace {

constexpr int kIconSize = 18;

}  // namespace

Banner::Banner(QWidget* parent)
    : QWidget(parent),
      title_(MakeLabel({}, "heading", this)),
      detail_(MakeLabel({}, "plain", this)),
      retry_(new QPushButton("Retry now", this)) {
  detail_->setWordWrap(true);
  title_->setWordWrap(true);
  auto* texts = new QVBoxLayout;
  texts->setSpacing(2);
  texts->addWidget(title_);
  texts->addWidget(detail_);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(kGrid * 6, kGrid + 4, kGrid * 2, kGrid + 4);
  row->setSpacing(kGrid * 2);
  row->addLayout(texts, 1);
  row->addWidget(retry_, 0, Qt::AlignVCenter);
  connect(retry_, &QPushButton::clicked, this, &Banner::RetryClicked);
  hide();
}

void Banner::Tell(Tone tone, const QString& title, const QString& detail) {
  tone_ = tone;
  title_->setText(title);
  detail_->setText(detail);
  detail_->setVisible(!detail.isEmpty());
  show();
  update();
}

QString Banner::text() const { return title_->text() + "\n" + detail_->text(); }

void Banner::paintEvent(QPaintEvent*) {
  const Colours& colours = CurrentColours();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(tone_ == Tone::kBad ? colours.bad_surface : colours.warn_surface);
  painter.drawRoundedRect(rect(), kGrid, kGrid);
  const QRectF box(kGrid * 2, (height() - kIconSize) / 2.0, kIconSize, kIconSize);
  PaintIcon(painter, Icon::kWarning, box, colours.Of(tone_));
}

}  // namespace logboom::gui
