// Every page in every state, light and dark, large and small: drawn to
// build/PRESET/gui-screens/*.png, and what a reader must find there is looked for in the widgets.
#include <gtest/gtest.h>

#include <QApplication>
#include <QDir>
#include <QImage>
#include <QLabel>
#include <QSettings>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include "gui/app/main_window.h"
#include "gui/app/theme.h"
#include "gui/pages/page.h"
#include "gui/widgets/banner.h"
#include "gui/widgets/data_table.h"
#include "gui/widgets/placeholder.h"
#include "gui/widgets/stat_card.h"
#include "tests/gui/installations.h"

namespace logboom::gui {
namespace {

enum class State { kConnecting, kUnreached, kEmpty, kLoaded, kDown, kPartial };
constexpr std::pair<State, const char*> kStates[] = {{State::kConnecting, "connecting"},
                                                     {State::kUnreached, "unreached"},
                                                     {State::kEmpty, "empty"},
                                                     {State::kLoaded, "loaded"},
                                                     {State::kDown, "down"},
                                                     {State::kPartial, "partial"}};
constexpr const char* kPages[] = {"overview", "topics", "tail", "consumers", "agents"};

std::shared_ptr<const Frame> MakeFrame(State state) {
  if (state == State::kLoaded || state == State::kDown) {
    static LivedInstallation loaded(1);
    static LivedInstallation down(1);
    if (state == State::kLoaded) return loaded.frame();
    if (down.frame()->CountLinks(LinkState::kDown) == 0) down.Live(17, 0);
    return down.frame();
  }
  if (state == State::kPartial) {
    static LivedInstallation partial(3);
    if (partial.frame()->CountLinks(LinkState::kDown) == 0) partial.Live(41, 1);
    return partial.frame();
  }
  Installation installation({"tcp://127.0.0.1:19550"});
  if (state == State::kEmpty) {
    installation.TakeSnapshot(0, EmptySnapshot("log-a", TestTime()), TestTime());
  }
  if (state == State::kUnreached) {
    installation.SetConnection(0, false, {}, TestTime());
    installation.SetConnection(0, false, Error{ErrorCode::kUnavailable, "connection refused"},
                               TestTime(5'000));
  }
  return installation.MakeFrame(TestTime(5'000));
}

// All texts that can be seen.
QString VisibleTexts(const QWidget& window) {
  QStringList texts;
  for (const auto* label : window.findChildren<QLabel*>()) {
    if (label->isVisible()) texts.append(label->text());
  }
  for (const auto* card : window.findChildren<QWidget*>()) {
    if (card->isVisible()) texts.append(card->accessibleDescription());
  }
  for (const auto* table : window.findChildren<DataTable*>()) {
    if (!table->isVisible()) continue;
    for (int row = 0; row < table->model()->rowCount(); ++row) {
      for (int column = 0; column < table->model()->columnCount(); ++column) {
        if (table->isColumnHidden(column)) continue;
        texts.append(table->model()->index(row, column).data().toString());
      }
    }
  }
  return texts.join('\n');
}

int CountColours(const QImage& image) {
  QSet<QRgb> colours;
  for (int y = 0; y < image.height(); y += 3) {
    for (int x = 0; x < image.width(); x += 3) colours.insert(image.pixel(x, y));
  }
  return static_cast<int>(colours.size());
}

class PageStates : public testing::Test {
 protected:
  PageStates() : settings_(folder_.filePath("console.ini"), QSettings::IniFormat) {
    ApplyTheme(*qApp, ThemeKind::kLight);
    window_ = std::make_unique<MainWindow>(feed_, settings_);
  }

  void Show(State state, int page, ThemeKind theme, QSize size) {
    ApplyTheme(*qApp, theme);
    window_->resize(size);
    window_->show();
    window_->OpenPage(page);
    Batch batch{.frame = MakeFrame(state), .tail = 0, .lines = {}, .lines_not_shown = 0};
    window_->TakeBatch(batch);
    if (state == State::kLoaded || state == State::kDown || state == State::kPartial) {
      window_->TakeBatch(
          {.frame = {}, .tail = feed_.follows, .lines = MakeLines(300), .lines_not_shown = 0});
    }
    auto* table = qobject_cast<QTableView*>(window_->current().main_widget());
    if (page != 0 && table != nullptr) table->selectRow(0);
    QCoreApplication::processEvents();
  }

  QImage Save(const QString& name) {
    QDir screens(QString::fromUtf8(LOGBOOM_BIN_DIR) + "/../gui-screens");
    screens.mkpath(".");
    const QImage image = window_->grab().toImage();
    EXPECT_TRUE(image.save(screens.filePath(name + ".png")));
    return image;
  }

  QTemporaryDir folder_;
  QSettings settings_;
  FakeFeed feed_;
  std::unique_ptr<MainWindow> window_;
};

TEST_F(PageStates, EachPageIsDrawnInEachStateAndTheme) {
  for (const auto& [state, state_name] : kStates) {
    for (int page = 0; page < 5; ++page) {
      for (const ThemeKind theme : {ThemeKind::kLight, ThemeKind::kDark}) {
        Show(state, page, theme, {1400, 900});
        const QString name =
            QString("%1-%2-%3")
                .arg(kPages[page], state_name, theme == ThemeKind::kDark ? "dark" : "light");
        EXPECT_GT(CountColours(Save(name)), 20) << name.toStdString();
      }
    }
  }
}

TEST_F(PageStates, SmallWindowsAreDrawn) {
  for (int page = 0; page < 5; ++page) {
    for (const State state : {State::kLoaded, State::kPartial}) {
      Show(state, page, ThemeKind::kLight, {1000, 700});
      const QString name =
          QString("%1-%2-small").arg(kPages[page], state == State::kLoaded ? "loaded" : "partial");
      EXPECT_GT(CountColours(Save(name)), 20) << name.toStdString();
      EXPECT_LE(window_->width(), 1000) << "the page does not fit";
    }
  }
}

TEST_F(PageStates, WhileNobodyHasAnsweredTheAddressIsShown) {
  for (int page = 0; page < 5; ++page) {
    Show(State::kConnecting, page, ThemeKind::kLight, {1000, 700});
    const QString texts = VisibleTexts(*window_);
    EXPECT_TRUE(texts.contains("Connecting")) << page;
    EXPECT_TRUE(texts.contains("tcp://127.0.0.1:19550")) << page;
    for (const auto* banner : window_->findChildren<Banner*>()) EXPECT_FALSE(banner->isVisible());
  }
}

TEST_F(PageStates, ABrokerThatWasNeverReachedIsToldWithItsReasonAndWhatToDo) {
  for (int page = 0; page < 5; ++page) {
    Show(State::kUnreached, page, ThemeKind::kLight, {1000, 700});
    const QString texts = VisibleTexts(*window_);
    EXPECT_TRUE(texts.contains("The broker is not reached")) << page;
    EXPECT_TRUE(texts.contains("connection refused")) << page;
    EXPECT_TRUE(texts.contains("logboom-broker --data-dir")) << page;
  }
}

TEST_F(PageStates, EmptyPagesSayHowToFillThem) {
  const char* wanted[] = {"No consumer groups", "No topics yet", "Nothing to follow yet",
                          "No consumer groups yet", "No agents yet"};
  for (int page = 0; page < 5; ++page) {
    Show(State::kEmpty, page, ThemeKind::kLight, {1400, 900});
    EXPECT_TRUE(VisibleTexts(*window_).contains(wanted[page]))
        << VisibleTexts(*window_).toStdString();
  }
}

TEST_F(PageStates, LoadedPagesShowWhatTheBrokerSaid) {
  const std::vector<QStringList> wanted = {
      {"1", "billing-etl", "7", "60 %", "web-06", "log-a"},
      {"12 topics", "nginx.access", "9.1 k/s"},
      {"300 lines", "Times in UTC"},
      {"5 groups", "billing-etl", "stop", "billing.events/0"},
      {"8 agents", "web-03", "connected", "away", "41.2 MB", "12,480"}};
  for (int page = 0; page < 5; ++page) {
    Show(State::kLoaded, page, ThemeKind::kLight, {1400, 900});
    const QString texts = VisibleTexts(*window_);
    for (const QString& text : wanted[static_cast<std::size_t>(page)]) {
      EXPECT_TRUE(texts.contains(text)) << text.toStdString() << " in " << texts.toStdString();
    }
  }
}

TEST_F(PageStates, ADownBrokerIsToldWithReasonAndAgeAndWhatWasKnownStays) {
  for (int page = 0; page < 5; ++page) {
    Show(State::kDown, page, ThemeKind::kLight, {1400, 900});
    const QString texts = VisibleTexts(*window_);
    EXPECT_TRUE(texts.contains("The broker does not answer")) << page;
    EXPECT_TRUE(texts.contains("connection refused")) << page;
    EXPECT_TRUE(texts.contains("17 s old; trying again")) << texts.toStdString();
  }
  EXPECT_TRUE(VisibleTexts(*window_).contains("web-03"));
}

TEST_F(PageStates, OneSilentBrokerOfSeveralIsNamed) {
  for (int page = 0; page < 5; ++page) {
    Show(State::kPartial, page, ThemeKind::kLight, {1400, 900});
    const QString texts = VisibleTexts(*window_);
    EXPECT_TRUE(texts.contains("1 of 3 brokers does not answer: log-b")) << texts.toStdString();
  }
}

TEST_F(PageStates, RetryAsksTheFeed) {
  Show(State::kDown, 1, ThemeKind::kLight, {1000, 700});
  QTest::keyClick(window_.get(), Qt::Key_F5);
  EXPECT_EQ(feed_.retries, 1);
}

}  // namespace
}  // namespace logboom::gui
