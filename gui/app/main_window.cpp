#include "gui/app/main_window.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSettings>
#include <QShortcut>
#include <QStackedWidget>
#include <QStatusBar>
#include <algorithm>
#include <utility>

#include "gui/app/keys_sheet.h"
#include "gui/core/attention.h"
#include "gui/core/feed.h"
#include "gui/core/figures.h"
#include "gui/core/time_format.h"
#include "gui/models/text.h"
#include "gui/pages/agents_page.h"
#include "gui/pages/consumers_page.h"
#include "gui/pages/overview_page.h"
#include "gui/pages/tail_page.h"
#include "gui/pages/topics_page.h"
#include "gui/widgets/sidebar.h"
#include "gui/widgets/style_sheet.h"

namespace logboom::gui {
namespace {

// A layout saved by another version of the window is not restored.
constexpr int kLayoutVersion = 1;
constexpr QSize kFirstSize{1400, 900};
constexpr QSize kLeastSize{880, 560};

// By their places in the sidebar.
constexpr int kOverviewPage = 0;
constexpr int kTailPage = 2;
constexpr int kConsumersPage = 3;
constexpr int kAgentsPage = 4;

int CountKind(const std::vector<AttentionRow>& rows, AttentionKind kind) {
  return static_cast<int>(std::count_if(rows.begin(), rows.end(), [kind](const AttentionRow& row) {
    return row.kind == kind && row.severity == Severity::kError;
  }));
}

}  // namespace

MainWindow::MainWindow(Feed& feed, QSettings& settings, QWidget* parent)
    : QMainWindow(parent),
      feed_(feed),
      settings_(settings),
      sidebar_(new Sidebar(this)),
      stack_(new QStackedWidget(this)),
      tail_(new TailPage(feed)),
      links_(MakeLabel({}, "muted")),
      rate_(MakeLabel({}, "muted")),
      zone_(MakeLabel({}, "muted")) {
  setWindowTitle("Logboom");
  setMinimumSize(kLeastSize);
  auto* middle = new QWidget(this);
  auto* row = new QHBoxLayout(middle);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(0);
  row->addWidget(sidebar_);
  row->addWidget(stack_, 1);
  setCentralWidget(middle);

  AddPage(new OverviewPage, Icon::kOverview, 1);
  AddPage(new TopicsPage, Icon::kTopics, 2);
  AddPage(tail_, Icon::kTail, 3);
  AddPage(new ConsumersPage, Icon::kConsumers, 4);
  AddPage(new AgentsPage, Icon::kAgents, 5);
  connect(sidebar_, &Sidebar::CurrentChanged, this, [this](int page) {
    stack_->setCurrentIndex(page);
    ShowFrame();
    current().main_widget()->setFocus();
  });
  MakeStatusBar();
  MakeKeys();
  Restore();
}

MainWindow::~MainWindow() = default;

void MainWindow::AddPage(Page* page, Icon icon, int number) {
  pages_.push_back(page);
  stack_->addWidget(page);
  sidebar_->AddPage(icon, page->title(), "Ctrl+" + QString::number(number));
  connect(page, &Page::RetryWanted, this, &MainWindow::RetryNow);
  connect(page, &Page::TailWanted, this, &MainWindow::OpenTail);
}

void MainWindow::MakeStatusBar() {
  statusBar()->setSizeGripEnabled(false);
  statusBar()->addWidget(links_, 1);
  statusBar()->addPermanentWidget(rate_);
  statusBar()->addPermanentWidget(zone_);
}

void MainWindow::MakeKeys() {
  for (int page = 0; page < static_cast<int>(pages_.size()); ++page) {
    auto* key = new QShortcut(QKeySequence("Ctrl+" + QString::number(page + 1)), this);
    connect(key, &QShortcut::activated, this, [this, page] { OpenPage(page); });
  }
  AddKey(QKeySequence::Find, &MainWindow::FocusFilter);
  AddKey(QKeySequence("F5"), &MainWindow::RetryNow);
  AddKey(QKeySequence("F1"), &MainWindow::ShowKeys);
  AddKey(QKeySequence("?"), &MainWindow::ShowKeys);
  AddKey(QKeySequence("Ctrl+D"), &MainWindow::ThemeToggled);
  auto* quit = new QShortcut(QKeySequence("Ctrl+Q"), this);
  connect(quit, &QShortcut::activated, this, &QWidget::close);
}

void MainWindow::AddKey(const QKeySequence& keys, void (MainWindow::*what)()) {
  auto* key = new QShortcut(keys, this);
  connect(key, &QShortcut::activated, this, what);
}

void MainWindow::TakeBatch(Batch batch) {
  if (batch.frame) {
    frame_ = std::move(batch.frame);
    ShowFrame();
    ShowStatus(*frame_);
    ShowBadges(*frame_);
  }
  tail_->TakeLines(std::move(batch.lines), batch.tail, batch.lines_not_shown);
}

// The page on screen alone: the others are filled when they are opened.
void MainWindow::ShowFrame() {
  if (frame_) current().ShowFrame(frame_);
}

void MainWindow::ShowStatus(const Frame& frame) {
  const std::size_t up = frame.CountLinks(LinkState::kUp);
  if (frame.several()) {
    links_->setText(QString("%1 of %2 brokers up").arg(up).arg(frame.brokers.size()));
  } else {
    const BrokerView& broker = frame.brokers.front();
    const char* words[] = {"Connecting to ", "Connected to ", "No answer from "};
    QString text = words[static_cast<int>(broker.link)] + FromForeign(broker.name);
    if (broker.heard) {
      text += "  \u00b7  updated " + AgoText(broker.heard, frame.now);
    }
    links_->setText(text);
  }
  rate_->setText(up == 0 ? QString()
                         : FromUtf8(CountFigure(frame.totals.records_per_second).text()) +
                               " lines/s in");
  zone_->setText("Times in " + FromUtf8(ZoneName(frame.now)));
}

void MainWindow::ShowBadges(const Frame& frame) {
  const std::vector<AttentionRow> rows = FindAttention(frame);
  sidebar_->SetBadge(kOverviewPage, CountKind(rows, AttentionKind::kBroker));
  sidebar_->SetBadge(kConsumersPage, CountKind(rows, AttentionKind::kGroup));
  sidebar_->SetBadge(kAgentsPage, CountKind(rows, AttentionKind::kAgent));
}

Page& MainWindow::current() const { return *pages_[static_cast<std::size_t>(page())]; }

int MainWindow::page() const { return std::max(0, stack_->currentIndex()); }

void MainWindow::OpenPage(int page) { sidebar_->SetCurrent(page); }

void MainWindow::OpenTail(const QString& topic) {
  tail_->FollowTopic(topic);
  OpenPage(kTailPage);
}

void MainWindow::FocusFilter() {
  QLineEdit* edit = current().filter_edit();
  if (edit == nullptr || !edit->isVisible()) return;
  edit->setFocus(Qt::ShortcutFocusReason);
  edit->selectAll();
}

void MainWindow::RetryNow() { feed_.RetryNow(); }

void MainWindow::ShowKeys() { KeysSheet(this).exec(); }

void MainWindow::Restore() {
  resize(kFirstSize);
  if (settings_.value("window/layout").toInt() == kLayoutVersion) {
    restoreGeometry(settings_.value("window/geometry").toByteArray());
  }
  for (Page* page : pages_) page->Restore(settings_);
  OpenPage(settings_.value("window/page", kOverviewPage).toInt());
  if (sidebar_->current() < 0) OpenPage(kOverviewPage);
}

void MainWindow::Save() const {
  settings_.setValue("window/layout", kLayoutVersion);
  settings_.setValue("window/geometry", saveGeometry());
  settings_.setValue("window/page", page());
  for (const Page* page : pages_) page->Save(settings_);
}

void MainWindow::closeEvent(QCloseEvent* event) {
  Save();
  QMainWindow::closeEvent(event);
}

}  // namespace logboom::gui
