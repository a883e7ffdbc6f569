#include "gui/pages/overview_page.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>
#include <algorithm>

#include "gui/core/figures.h"
#include "gui/core/time_format.h"
#include "gui/models/overview_tables.h"
#include "gui/models/tables.h"
#include "gui/widgets/card.h"
#include "gui/widgets/data_table.h"
#include "gui/widgets/line_chart.h"
#include "gui/widgets/stat_card.h"
#include "gui/widgets/style_sheet.h"

namespace logboom::gui {
namespace {

constexpr double kDiskWarnShare = 0.8;
constexpr double kDiskBadShare = 0.95;

QString FormatRate(double value) { return FromUtf8(RateFigure(value).text()); }
QString FormatCount(double value) { return FromUtf8(CountFigure(value).text()); }

// "2 / 3"
Figure OutOf(std::size_t part, std::size_t whole) {
  return {std::to_string(part), "of " + std::to_string(whole)};
}

QHBoxLayout* MakeRow() {
  auto* row = new QHBoxLayout;
  row->setSpacing(kGrid * 2);
  return row;
}

}  // namespace

OverviewPage::OverviewPage(QWidget* parent)
    : Page("Overview", Icon::kOverview, parent),
      attention_(MakeAttentionTable()),
      brokers_(MakeBrokerTable()) {
  MakeCards();
  MakeCharts();
  MakeLists();
}

OverviewPage::~OverviewPage() = default;

QWidget* OverviewPage::main_widget() { return broker_table_; }

void OverviewPage::MakeCards() {
  QHBoxLayout* row = MakeRow();
  for (auto& [card, name] : {std::pair{&brokers_card_, "Brokers up"},
                             {&rate_card_, "Incoming"},
                             {&lag_card_, "Worst lag"},
                             {&agents_card_, "Agents"},
                             {&disk_card_, "Disk used"}}) {
    *card = new StatCard(name, this);
    row->addWidget(*card, 1);
  }
  content().addLayout(row);
}

void OverviewPage::MakeCharts() {
  QHBoxLayout* row = MakeRow();
  rate_chart_ = new LineChart("Incoming lines a second", FormatRate);
  lag_chart_ = new LineChart("Lag of the worst group, in records", FormatCount);
  rate_box_ = new Card("Incoming lines", this);
  lag_box_ = new Card("Worst lag, records", this);
  rate_box_->column().addWidget(rate_chart_, 1);
  lag_box_->column().addWidget(lag_chart_, 1);
  row->addWidget(rate_box_, 1);
  row->addWidget(lag_box_, 1);
  content().addLayout(row, 5);
}

void OverviewPage::MakeLists() {
  attention_table_ = new DataTable("What needs attention");
  SetRole(*attention_table_, "inset");
  attention_table_->SetModel(attention_.get(),
                             {.stretched = 2, .pixels = {96, 120, 144, 88}, .gives_way = {0, 3}});
  attention_box_ = new Card("Needs attention", this);
  all_well_ = MakeLabel(
      "All is well: every broker answers, no group falls behind, every agent is "
      "connected and without errors.",
      "muted");
  all_well_->setWordWrap(true);
  all_well_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  attention_box_->column().addWidget(all_well_, 1);
  attention_box_->column().addWidget(attention_table_, 1);

  broker_table_ = new DataTable("Brokers");
  SetRole(*broker_table_, "inset");
  broker_table_->SetModel(
      brokers_.get(),
      {.stretched = 0, .pixels = {88, 96, 168, 72, 80, 88, 128, 88}, .gives_way = {2, 3, 5, 7, 6}});
  broker_table_->sortByColumn(0, Qt::AscendingOrder);
  auto* box = new Card("Brokers", this);
  box->column().addWidget(broker_table_, 1);

  QHBoxLayout* row = MakeRow();
  row->addWidget(attention_box_, 4);
  row->addWidget(box, 3);
  content().addLayout(row, 4);
}

std::optional<PlaceholderText> OverviewPage::WhyEmpty(const Frame&) const { return std::nullopt; }

void OverviewPage::Fill(const Frame& frame) {
  const bool none_up = frame.CountLinks(LinkState::kUp) == 0;
  FillCards(frame);
  FillLag(frame);
  FillAgents(frame);
  FillDisk(frame);
  FillLists(frame);
  rate_chart_->SetPoints(frame.histories->records_per_second.points(), frame.now);
  lag_chart_->SetPoints(frame.histories->lag_records.points(), frame.now);
  for (LineChart* chart : {rate_chart_, lag_chart_}) chart->SetStale(none_up);
  for (Card* box : {rate_box_, lag_box_}) {
    box->SetNote("last 10 minutes, " + FromUtf8(ZoneName(frame.now)));
  }
  for (StatCard* card : {rate_card_, lag_card_, agents_card_, disk_card_}) card->SetStale(none_up);
}

void OverviewPage::FillCards(const Frame& frame) {
  const std::size_t up = frame.CountLinks(LinkState::kUp);
  const std::size_t all = frame.brokers.size();
  brokers_card_->SetFigure(OutOf(up, all), up == all ? Tone::kNormal : Tone::kBad);
  const auto topics = static_cast<std::int64_t>(frame.tables->topics.size());
  brokers_card_->SetNote(CountText(topics) + (topics == 1 ? " topic" : " topics"));
  if (up == 0) {
    rate_card_->SetFigure({Dash().toStdString(), {}});
    return rate_card_->SetNote("Not known");
  }
  rate_card_->SetFigure(RateFigure(frame.totals.records_per_second));
  rate_card_->SetNote(FromUtf8(BytesFigure(frame.totals.bytes_per_second, "/s").text()));
}

void OverviewPage::FillLag(const Frame& frame) {
  const auto& groups = frame.tables->groups;
  const auto worst = std::max_element(
      groups.begin(), groups.end(),
      [](const GroupRow& a, const GroupRow& b) { return a.lag_records < b.lag_records; });
  if (worst == groups.end()) {
    lag_card_->SetFigure({Dash().toStdString(), {}});
    lag_card_->SetNote("No consumer groups");
    return;
  }
  const Tone tone = StatusTone(worst->status);
  lag_card_->SetFigure(CountFigure(static_cast<double>(worst->lag_records)),
                       tone == Tone::kBad || tone == Tone::kWarn ? tone : Tone::kNormal);
  const QString time = worst->lag_ms ? ", " + LagTimeText(worst->lag_ms) : QString();
  lag_card_->SetNote(FromForeign(worst->name) + time);
}

void OverviewPage::FillAgents(const Frame& frame) {
  const auto& agents = frame.tables->agents;
  // While nobody answers: as it was, like all else.
  const bool as_it_was = frame.CountLinks(LinkState::kUp) == 0;
  const auto connected = static_cast<std::size_t>(
      std::count_if(agents.begin(), agents.end(), [as_it_was](const AgentRow& agent) {
        return agent.connected && (as_it_was || !agent.stale);
      }));
  std::int64_t backlog = 0;
  for (const AgentRow& agent : agents) backlog += agent.backlog_bytes;
  agents_card_->SetFigure(OutOf(connected, agents.size()),
                          connected == agents.size() ? Tone::kNormal : Tone::kWarn);
  agents_card_->SetNote(agents.empty() ? QString("None has been seen yet")
                                       : BytesText(backlog) + " waiting");
}

void OverviewPage::FillDisk(const Frame& frame) {
  const Totals& totals = frame.totals;
  if (totals.disk_total_bytes <= 0) {
    disk_card_->SetFigure({Dash().toStdString(), {}});
    disk_card_->SetNote({});
    return disk_card_->SetShare(-1);
  }
  const double used = 1.0 - static_cast<double>(totals.disk_available_bytes) /
                                static_cast<double>(totals.disk_total_bytes);
  const Tone tone = used >= kDiskBadShare    ? Tone::kBad
                    : used >= kDiskWarnShare ? Tone::kWarn
                                             : Tone::kNormal;
  disk_card_->SetFigure({std::to_string(static_cast<int>(used * 100)), "%"}, tone);
  disk_card_->SetNote(BytesText(totals.disk_available_bytes) + " free, " +
                      BytesText(totals.log_bytes) + " of log");
  disk_card_->SetShare(used);
}

void OverviewPage::FillLists(const Frame& frame) {
  auto rows = std::make_shared<std::vector<AttentionRow>>(FindAttention(frame));
  const auto count = static_cast<std::int64_t>(rows->size());
  attention_->SetRows(std::move(rows), frame.now);
  attention_table_->setVisible(count > 0);
  all_well_->setVisible(count == 0);
  attention_box_->SetNote(count == 0 ? QString() : CountText(count));
  brokers_->SetRows(std::make_shared<std::vector<BrokerRow>>(MakeBrokerRows(frame)), frame.now);
}

}  // namespace logboom::gui
