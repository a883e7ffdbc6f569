#include "gui/widgets/log_view.h"

#include <gtest/gtest.h>

#include <QApplication>
#include <QClipboard>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>

#include "tests/gui/installations.h"

namespace logboom::gui {
namespace {

class LogViewTest : public testing::Test {
 protected:
  LogViewTest() {
    view_.resize(900, 400);
    view_.show();
    view_.Append(MakeLines(1'000));
  }

  std::size_t LastTop() const { return static_cast<std::size_t>(Bar().maximum()); }
  QScrollBar& Bar() const { return *view_.verticalScrollBar(); }
  const QPushButton& ToLive() const { return *view_.findChild<QPushButton*>(); }
  LineStore::Sequence TopLine() const { return view_.lines().At(view_.top()); }

  LogView view_;
};

TEST_F(LogViewTest, FollowsTheNewestLine) {
  EXPECT_TRUE(view_.following());
  EXPECT_EQ(view_.top(), LastTop());
  view_.Append(MakeLines(500, 1'000));
  EXPECT_EQ(view_.top(), LastTop());
  EXPECT_FALSE(ToLive().isVisible());
}

TEST_F(LogViewTest, ScrollingUpStopsFollowingAndWhatComesIsCounted) {
  QSignalSpy changed(&view_, &LogView::FollowingChanged);
  QTest::keyClick(&view_, Qt::Key_PageUp);
  EXPECT_FALSE(view_.following());
  EXPECT_EQ(changed.size(), 1);
  const LineStore::Sequence top = TopLine();
  view_.Append(MakeLines(77, 1'000));
  EXPECT_EQ(TopLine(), top) << "what is read stands still";
  EXPECT_EQ(view_.lines_behind(), 77U);
  ASSERT_TRUE(ToLive().isVisible());
  EXPECT_TRUE(ToLive().text().startsWith("77 new lines"));

  QTest::mouseClick(view_.findChild<QPushButton*>(), Qt::LeftButton);
  EXPECT_TRUE(view_.following());
  EXPECT_EQ(view_.top(), LastTop());
}

TEST_F(LogViewTest, ScrollingBackToTheEndFollowsAgain) {
  QTest::keyClick(&view_, Qt::Key_PageUp);
  QTest::keyClick(&view_, Qt::Key_PageDown);
  EXPECT_TRUE(view_.following());
}

TEST_F(LogViewTest, SpacePausesAndEndGoesOn) {
  QTest::keyClick(&view_, Qt::Key_Space);
  EXPECT_FALSE(view_.following());
  const LineStore::Sequence top = TopLine();
  view_.Append(MakeLines(10, 1'000));
  EXPECT_EQ(TopLine(), top);
  QTest::keyClick(&view_, Qt::Key_End);
  EXPECT_TRUE(view_.following());
  EXPECT_EQ(view_.top(), LastTop());
}

TEST_F(LogViewTest, WhatIsReadStandsStillWhileOldLinesAreLetGo) {
  view_.Clear();
  for (int i = 0; i < 200'000; i += 5'000) view_.Append(MakeLines(5'000, i));
  view_.SetFollowing(false);
  const LineStore::Sequence top = TopLine();
  for (int i = 0; i < 20; ++i) view_.Append(MakeLines(5'000, i));
  EXPECT_GT(view_.lines().forgotten(), 0U);
  EXPECT_EQ(TopLine(), top);
}

TEST_F(LogViewTest, AFilterHidesOthersAndTheReaderKeepsHisPlace) {
  view_.SetFilter("\" 404 ", FilterMode::kHideOthers);
  EXPECT_TRUE(QTest::qWaitFor([this] { return !view_.searching(); }));
  EXPECT_EQ(view_.lines().count(), 57U);
  view_.SetFilter({}, FilterMode::kHideOthers);
  EXPECT_EQ(view_.lines().count(), 1'000U);
}

TEST_F(LogViewTest, SelectedTextIsCopiedAsItIsShown) {
  view_.Clear();
  LineBlock block;
  block.Add({.time = TestTime().wall}, "web:/log", "first\tline");
  block.Add({.time = TestTime(5).wall}, "web:/log", "second");
  view_.Append(std::move(block));
  QTest::keyClick(&view_, Qt::Key_A, Qt::ControlModifier);
  QTest::keyClick(&view_, Qt::Key_C, Qt::ControlModifier);
  EXPECT_EQ(QApplication::clipboard()->text(),
            "20:00:00.000  web:/log  first   line\n20:00:00.005  web:/log  second");
}

TEST_F(LogViewTest, DraggingSelectsAcrossLinesAndStopsFollowing) {
  QWidget* viewport = view_.viewport();
  QTest::mousePress(viewport, Qt::LeftButton, {}, QPoint(16, 10));
  QMouseEvent move(QEvent::MouseMove, QPointF(16, 60), QPointF(16, 60), Qt::NoButton,
                   Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(viewport, &move);
  QTest::mouseRelease(viewport, Qt::LeftButton, {}, QPoint(16, 60));
  EXPECT_FALSE(view_.following());
  EXPECT_EQ(view_.SelectedText().count('\n'), 2) << view_.SelectedText().toStdString();
  const QString before = view_.SelectedText();
  view_.Append(MakeLines(2'000, 1'000));
  EXPECT_EQ(view_.SelectedText(), before) << "a selection stays on its text";
}

TEST_F(LogViewTest, DoubleClickSelectsAWord) {
  view_.Clear();
  LineBlock block;
  block.Add({.time = TestTime().wall}, {}, "some_word, and more");
  view_.Append(std::move(block));
  QTest::mouseDClick(view_.viewport(), Qt::LeftButton, {}, QPoint(16 + 8 * 16, 10));
  EXPECT_EQ(view_.SelectedText(), "some_word");
}

TEST_F(LogViewTest, LinesOfAnyLengthAndScriptArePainted) {
  view_.Clear();
  LineBlock block;
  block.Add({}, {}, std::string(900'000, 'x'));
  block.Add({}, {},
            "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \xd8\xa7\xd9\x84\xd8\xb9 \xf0\x9f\x98\x80");
  block.Add({}, {}, "");
  view_.Append(std::move(block));
  EXPECT_FALSE(view_.grab().isNull());
  view_.horizontalScrollBar()->setValue(view_.horizontalScrollBar()->maximum());
  EXPECT_FALSE(view_.grab().isNull());
}

}  // namespace
}  // namespace logboom::gui
