#include "gui/pages/page.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "gui/core/figures.h"
#include "gui/models/text.h"
#include "gui/widgets/banner.h"
#include "gui/widgets/card.h"
#include "gui/widgets/style_sheet.h"

namespace logboom::gui {
namespace {

// As high with actions as without.
constexpr int kHeadHeight = 34;

// "tcp://127.0.0.1:19550", or "3 brokers".
QString WhichBrokers(const Frame& frame) {
  if (!frame.several()) return FromForeign(frame.brokers.front().address);
  return CountText(static_cast<std::int64_t>(frame.brokers.size())) + " brokers";
}

const BrokerView& FirstDown(const Frame& frame) {
  for (const BrokerView& broker : frame.brokers) {
    if (broker.link == LinkState::kDown) return broker;
  }
  return frame.brokers.front();
}

QString AgeOf(const Frame& frame, const BrokerView& broker) {
  if (!broker.heard) return "Nothing is known of it yet";
  return "What is shown of it is " + FromUtf8(SpanText(frame.now - *broker.heard)) + " old";
}

QString NamesOfDown(const Frame& frame) {
  QStringList names;
  for (const BrokerView& broker : frame.brokers) {
    if (broker.link == LinkState::kDown) names.append(FromForeign(broker.name));
  }
  return names.join(", ");
}

}  // namespace

Page::Page(const QString& title, Icon icon, QWidget* parent)
    : QWidget(parent),
      title_(title),
      icon_(icon),
      subtitle_(MakeLabel({}, "muted", this)),
      actions_(new QHBoxLayout),
      content_(new QVBoxLayout),
      banner_(new Banner(this)),
      placeholder_(new Placeholder(this)),
      stack_(new QStackedWidget(this)) {
  auto* head = new QHBoxLayout;
  head->setSpacing(kGrid * 2);
  head->addSpacerItem(new QSpacerItem(0, kHeadHeight));
  head->addWidget(MakeLabel(title, "title", this));
  head->addWidget(subtitle_, 1);
  actions_->setSpacing(kGrid);
  head->addLayout(actions_);

  auto* body = new QWidget(stack_);
  content_->setContentsMargins(0, 0, 0, 0);
  content_->setSpacing(kGrid * 2);
  body->setLayout(content_);
  stack_->addWidget(body);
  stack_->addWidget(placeholder_);

  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(kGrid * 3, kGrid * 2, kGrid * 3, kGrid * 2);
  column->setSpacing(kGrid * 2);
  column->addLayout(head);
  column->addWidget(banner_);
  column->addWidget(stack_, 1);
  connect(banner_, &Banner::RetryClicked, this, &Page::RetryWanted);
}

Page::~Page() = default;

void Page::SetSubtitle(const QString& text) { subtitle_->setText(text); }

void Page::ShowFrame(const std::shared_ptr<const Frame>& frame) {
  frame_ = frame;
  ShowBanner(*frame);
  auto why = WhyNothing(*frame);
  const bool heard = frame->AnythingHeard();
  if (heard) why = WhyEmpty(*frame);
  if (why) {
    placeholder_->Tell(heard ? icon_ : Icon::kPlug, *why);
    SetSubtitle({});
  }
  stack_->setCurrentIndex(why ? 1 : 0);
  for (int i = 0; i < actions_->count(); ++i) {
    if (QWidget* action = actions_->itemAt(i)->widget()) action->setVisible(!why);
  }
  if (!why) Fill(*frame);
}

void Page::ShowBanner(const Frame& frame) {
  const std::size_t down = frame.CountLinks(LinkState::kDown);
  if (down == 0) return banner_->hide();
  const BrokerView& first = FirstDown(frame);
  const QString why = FromForeign(first.trouble);
  if (!frame.several()) {
    return banner_->Tell(Tone::kBad, "The broker does not answer",
                         why + "\n" + AgeOf(frame, first) + "; trying again all the time.");
  }
  const QString count = CountText(static_cast<std::int64_t>(down)) + " of " +
                        CountText(static_cast<std::int64_t>(frame.brokers.size()));
  const bool all = down == frame.brokers.size();
  const QString verb = down == 1 ? " does not answer: " : " do not answer: ";
  banner_->Tell(all ? Tone::kBad : Tone::kWarn, count + " brokers" + verb + NamesOfDown(frame),
                why + "\n" + AgeOf(frame, first) + "; trying again all the time.");
}

// Nothing has been heard of any broker yet.
std::optional<PlaceholderText> Page::WhyNothing(const Frame& frame) const {
  if (frame.CountLinks(LinkState::kDown) < frame.brokers.size()) {
    return PlaceholderText{
        "Connecting", "Waiting for the first answer of " + WhichBrokers(frame), {}};
  }
  return PlaceholderText{
      frame.several() ? "No broker is reached" : "The broker is not reached",
      "Nobody answers at " + WhichBrokers(frame) +
          ". Start a broker there, or name another one with --broker ADDRESS or LOGBOOM_BROKER.",
      "logboom-broker --data-dir DIR --listen " + FromForeign(frame.brokers.front().address)};
}

}  // namespace logboom::gui
