#include "gui/app/main_window.h"

#include <gtest/gtest.h>

#include <QAbstractButton>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include "gui/app/arguments.h"
#include "gui/app/keys_sheet.h"
#include "gui/core/limits.h"
#include "gui/pages/tail_page.h"
#include "gui/widgets/log_view.h"
#include "tests/gui/installations.h"

namespace logboom::gui {
namespace {

class MainWindowTest : public testing::Test {
 protected:
  MainWindowTest() : settings_(folder_.filePath("console.ini"), QSettings::IniFormat) { Open(); }

  void Open() {
    window_ = std::make_unique<MainWindow>(feed_, settings_);
    window_->show();
    ASSERT_TRUE(QTest::qWaitForWindowActive(window_.get()));
    window_->TakeBatch({.frame = lived_.frame(), .tail = 0, .lines = {}, .lines_not_shown = 0});
  }
  void Press(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
    QWidget* focus = QApplication::focusWidget();
    QTest::keyClick(focus != nullptr ? focus : window_.get(), key, modifiers);
  }
  LogView& Log() const { return *window_->findChild<LogView*>(); }

  QTemporaryDir folder_;
  QSettings settings_;
  FakeFeed feed_;
  LivedInstallation lived_{1};
  std::unique_ptr<MainWindow> window_;
};

TEST_F(MainWindowTest, ControlAndANumberOpenThePages) {
  for (int page = 4; page >= 0; --page) {
    Press(static_cast<Qt::Key>(Qt::Key_1 + page), Qt::ControlModifier);
    EXPECT_EQ(window_->page(), page);
  }
}

TEST_F(MainWindowTest, ControlFGoesToTheFilterOfThePage) {
  for (const int page : {1, 2, 3, 4}) {
    window_->OpenPage(page);
    Press(Qt::Key_F, Qt::ControlModifier);
    EXPECT_EQ(QApplication::focusWidget(), window_->current().filter_edit()) << page;
  }
}

TEST_F(MainWindowTest, AQuestionMarkInAFilterIsText) {
  window_->OpenPage(1);
  Press(Qt::Key_F, Qt::ControlModifier);
  QTest::keyClicks(QApplication::focusWidget(), "a?");
  EXPECT_EQ(window_->current().filter_edit()->text(), "a?");
}

TEST_F(MainWindowTest, F1ShowsTheKeys) {
  bool shown = false;
  QTimer::singleShot(0, [&shown] {
    auto* sheet = dynamic_cast<KeysSheet*>(QApplication::activeModalWidget());
    shown = sheet != nullptr;
    if (shown) sheet->close();
  });
  Press(Qt::Key_F1);
  EXPECT_TRUE(shown);
}

TEST_F(MainWindowTest, TheTailFollowsTheNewestTopicUntilOneIsChosen) {
  window_->OpenPage(2);
  EXPECT_FALSE(feed_.followed.empty());
  window_->OpenTail("cron");
  EXPECT_EQ(feed_.followed, "cron");
  EXPECT_EQ(window_->findChild<QComboBox*>()->currentText(), "cron");
}

TEST_F(MainWindowTest, LinesOfATopicThatIsNoLongerFollowedAreNotShown) {
  window_->OpenTail("cron");
  const std::uint64_t before = feed_.follows;
  window_->OpenTail("kernel");
  window_->TakeBatch({.frame = {}, .tail = before, .lines = MakeLines(10), .lines_not_shown = 0});
  EXPECT_EQ(Log().lines().count(), 0U);
  window_->TakeBatch(
      {.frame = {}, .tail = feed_.follows, .lines = MakeLines(10), .lines_not_shown = 0});
  EXPECT_EQ(Log().lines().count(), 10U);
}

TEST_F(MainWindowTest, LinesThatAreNotShownAreCounted) {
  window_->OpenTail("cron");
  window_->TakeBatch(
      {.frame = {}, .tail = feed_.follows, .lines = MakeLines(100), .lines_not_shown = 12'345});
  window_->current().filter_edit()->setText("/login");
  const QList<QLabel*> labels = window_->current().findChildren<QLabel*>();
  const auto says = [&labels](const QString& text) {
    return std::any_of(labels.begin(), labels.end(),
                       [&text](const QLabel* label) { return label->text().contains(text); });
  };
  EXPECT_TRUE(says("20 matches"));
  EXPECT_TRUE(says("80 hidden by the filter"));
  EXPECT_TRUE(says("12,345 skipped to keep up"));
}

TEST_F(MainWindowTest, SizePageAndTopicAreThereAgain) {
  window_->resize(1'111, 777);
  window_->OpenTail("cron");
  window_->close();
  window_.reset();
  feed_.followed.clear();
  Open();
  EXPECT_EQ(window_->size(), QSize(1'111, 777));
  EXPECT_EQ(window_->page(), 2);
  EXPECT_EQ(feed_.followed, "cron");
}

TEST_F(MainWindowTest, ALayoutOfAnotherVersionIsNotRestored) {
  window_->resize(1'111, 777);
  window_->close();
  window_.reset();
  settings_.setValue("window/layout", 999);
  Open();
  EXPECT_NE(window_->size(), QSize(1'111, 777));
}

TEST_F(MainWindowTest, WhateverTakesTheFocusHasANameToBeReadAloud) {
  for (int page = 0; page < 5; ++page) {
    window_->OpenPage(page);
    for (const QWidget* widget : window_->findChildren<QWidget*>()) {
      if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus)) continue;
      const auto* button = qobject_cast<const QAbstractButton*>(widget);
      const bool named =
          !widget->accessibleName().isEmpty() || (button && !button->text().isEmpty());
      EXPECT_TRUE(named) << page << ": " << widget->metaObject()->className();
    }
  }
}

TEST(Arguments, BrokersComeFromFlagsThenTheEnvironmentThenTheDefault) {
  using Brokers = std::vector<std::string>;
  EXPECT_EQ(ParseArguments({}, "")->brokers, Brokers{"tcp://127.0.0.1:19550"});
  EXPECT_EQ(ParseArguments({}, "tcp://e:1")->brokers, Brokers{"tcp://e:1"});
  EXPECT_EQ(ParseArguments({"--broker", "tcp://a:1", "--broker=tcp://b:1"}, "tcp://e:1")->brokers,
            (Brokers{"tcp://a:1", "tcp://b:1"}));
  EXPECT_EQ(ParseArguments({}, "tcp://a:1,tcp://b:1")->brokers,
            (Brokers{"tcp://a:1", "tcp://b:1"}));
}

TEST(Arguments, ABrokerIsAnAddress) {
  for (const auto& wrong : {ParseArguments({"--broker", "nonsense"}, ""),
                            ParseArguments({"--broker="}, ""), ParseArguments({}, "nonsense")}) {
    EXPECT_FALSE(wrong.ok());
  }
  EXPECT_EQ(ParseArguments({"--broker", "nonsense"}, "").error().message,
            "address 'nonsense': it does not begin with tcp://; an address is like "
            "tcp://127.0.0.1:19550");
}

TEST(Arguments, PageAndTheme) {
  const auto arguments = ParseArguments({"--page", "tail", "--theme=dark"}, "");
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->page, "tail");
  EXPECT_EQ(arguments->theme, ThemeKind::kDark);
  EXPECT_FALSE(ParseArguments({"--theme", "pink"}, "").ok());
  EXPECT_FALSE(ParseArguments({"--page", "nowhere"}, "").ok());
  EXPECT_FALSE(ParseArguments({"--page"}, "").ok());
  EXPECT_FALSE(ParseArguments({"--unknown"}, "").ok());
  EXPECT_EQ(ParseArguments({"--help"}, "")->action, Arguments::Action::kHelp);
}

}  // namespace
}  // namespace logboom::gui
