#include "gui/pages/tail_page.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QSignalBlocker>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "gui/core/feed.h"
#include "gui/models/text.h"
#include "gui/pages/table_page.h"
#include "gui/widgets/card.h"
#include "gui/widgets/check_box.h"
#include "gui/widgets/combo_box.h"
#include "gui/widgets/log_view.h"
#include "gui/widgets/style_sheet.h"

namespace logboom::gui {
namespace {

constexpr const char* kTopicSetting = "tail/topic";

QStringList TopicNames(const Frame& frame) {
  QStringList names;
  for (const TopicRow& row : frame.tables->topics) names.append(FromUtf8(row.name));
  names.sort();
  names.removeDuplicates();
  return names;
}

// Without a choice: the topic that was written to last.
QString NewestTopic(const Frame& frame) {
  const auto& topics = frame.tables->topics;
  const auto newest = std::max_element(
      topics.begin(), topics.end(),
      [](const TopicRow& a, const TopicRow& b) { return a.last_append < b.last_append; });
  return newest == topics.end() ? QString() : FromUtf8(newest->name);
}

}  // namespace

TailPage::TailPage(Feed& feed, QWidget* parent)
    : Page("Live tail", Icon::kTail, parent),
      feed_(feed),
      topics_(new ComboBox(this)),
      filter_(MakeFilterEdit("Find in lines", this)),
      hide_others_(new CheckBox("Hide other lines", this)),
      pause_(new QPushButton("Pause", this)),
      clear_(new QPushButton("Clear", this)),
      view_(new LogView),
      counts_(MakeLabel({}, "muted", this)) {
  topics_->setAccessibleName("Topic");
  topics_->setMinimumWidth(176);
  topics_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  hide_others_->setChecked(true);
  pause_->setToolTip("Space");
  pause_->setMinimumWidth(88);
  MakeBar();
  auto* box = new Card({}, this);
  box->column().setContentsMargins(1, kGrid, 1, kGrid);
  box->column().addWidget(view_, 1);
  content().setSpacing(kGrid);
  content().addWidget(box, 1);
  content().addWidget(counts_);

  connect(topics_, &QComboBox::textActivated, this, &TailPage::FollowTopic);
  connect(filter_, &QLineEdit::textChanged, this, [this] { ApplyFilter(); });
  connect(hide_others_, &QCheckBox::toggled, this, [this] { ApplyFilter(); });
  connect(clear_, &QPushButton::clicked, view_, &LogView::Clear);
  connect(pause_, &QPushButton::clicked, this,
          [this] { view_->SetFollowing(!view_->following()); });
  connect(view_, &LogView::FollowingChanged, this,
          [this](bool following) { pause_->setText(following ? "Pause" : "Resume"); });
  connect(view_, &LogView::CountsChanged, this, [this] { TellCounts(); });
}

TailPage::~TailPage() = default;

void TailPage::MakeBar() {
  auto* bar = new QHBoxLayout;
  bar->setSpacing(kGrid);
  bar->addWidget(topics_);
  bar->addWidget(filter_, 1);
  bar->addWidget(hide_others_);
  bar->addWidget(pause_);
  bar->addWidget(clear_);
  content().addLayout(bar);
}

QWidget* TailPage::main_widget() { return view_; }

void TailPage::Save(QSettings& settings) const { settings.setValue(kTopicSetting, wanted_); }

void TailPage::Restore(const QSettings& settings) {
  wanted_ = settings.value(kTopicSetting).toString();
}

std::optional<PlaceholderText> TailPage::WhyEmpty(const Frame& frame) const {
  if (!frame.tables->topics.empty()) return std::nullopt;
  return PlaceholderText{"Nothing to follow yet",
                         "There is no topic. Its lines appear here as soon as one is written:",
                         "echo hello | logboom produce greetings"};
}

void TailPage::Fill(const Frame& frame) {
  FillTopics(frame);
  QStringList names;
  if (frame.several()) {
    for (const BrokerView& broker : frame.brokers) names.append(FromForeign(broker.name));
  }
  view_->SetBrokers(names);
}

void TailPage::FillTopics(const Frame& frame) {
  const QStringList names = TopicNames(frame);
  QStringList shown;
  for (int i = 0; i < topics_->count(); ++i) shown.append(topics_->itemText(i));
  if (names != shown) {
    const QSignalBlocker quiet(topics_);
    topics_->clear();
    topics_->addItems(names);
  }
  // Remembered from the last time, and gone since.
  if (!names.contains(wanted_) && followed_.isEmpty()) wanted_ = NewestTopic(frame);
  topics_->setCurrentIndex(static_cast<int>(names.indexOf(wanted_)));
  if (followed_ != wanted_) FollowTopic(wanted_);
}

void TailPage::FollowTopic(const QString& topic) {
  wanted_ = topic;
  if (topic == followed_) return;
  followed_ = topic;
  topics_->setCurrentIndex(topics_->findText(topic));
  view_->Clear();
  view_->SetFollowing(true);
  not_shown_ = 0;
  tail_ = feed_.Follow(topic.toStdString());
}

void TailPage::TakeLines(LineBlock lines, std::uint64_t tail, std::int64_t not_shown) {
  if (tail != tail_ || followed_.isEmpty()) return;
  not_shown_ = not_shown;
  view_->Append(std::move(lines));
}

void TailPage::ApplyFilter() {
  view_->SetFilter(filter_->text(),
                   hide_others_->isChecked() ? FilterMode::kHideOthers : FilterMode::kHighlight);
}

// Every line that came and is not on the screen's list is counted somewhere here.
QString TailPage::NotShownText() const {
  const ShownLines& lines = view_->lines();
  QStringList parts;
  const auto add = [&parts](std::uint64_t count, const char* why) {
    if (count > 0) parts.append(CountText(static_cast<std::int64_t>(count)) + why);
  };
  add(lines.hidden(), " hidden by the filter");
  add(lines.forgotten(), " older ones let go");
  add(static_cast<std::uint64_t>(std::max<std::int64_t>(0, not_shown_)), " skipped to keep up");
  return parts.join(", ");
}

void TailPage::TellCounts() {
  const ShownLines& lines = view_->lines();
  const auto shown = static_cast<std::int64_t>(lines.count());
  QString text = view_->following() ? "Live" : "Paused";
  text += "  \u00b7  " + CountText(shown) + (shown == 1 ? " line" : " lines");
  if (lines.filter().active()) {
    const auto matches = static_cast<std::int64_t>(lines.filter().matches().size());
    text += "  \u00b7  " + CountText(matches) + (matches == 1 ? " match" : " matches");
    if (view_->searching()) text += ", searching";
  }
  const QString missing = NotShownText();
  if (!missing.isEmpty()) text += "  \u00b7  " + missing;
  counts_->setText(text);
}

}  // namespace logboom::gui
