// The window: the sidebar, the pages, the bar below. It shows the batches it is given and asks the
// feed for what it needs; it owns no socket and waits for nothing.
#pragma once

#include <QMainWindow>
#include <memory>
#include <vector>

#include "gui/core/batch.h"
#include "gui/widgets/icons.h"

class QLabel;
class QSettings;
class QStackedWidget;

namespace logboom::gui {

class Feed;
class Page;
class Sidebar;
class TailPage;

// The window's thread. `feed` and `settings` outlive it.
class MainWindow final : public QMainWindow {
  Q_OBJECT

 public:
  MainWindow(Feed& feed, QSettings& settings, QWidget* parent = nullptr);
  ~MainWindow() override;

  void TakeBatch(Batch batch);
  // As the sidebar counts them.
  void OpenPage(int page);
  int page() const;
  void OpenTail(const QString& topic);
  Page& current() const;

 Q_SIGNALS:
  void ThemeToggled();

 protected:
  void closeEvent(QCloseEvent* event) override;

 private:
  void AddPage(Page* page, Icon icon, int number);
  void MakeStatusBar();
  void MakeKeys();
  void AddKey(const QKeySequence& keys, void (MainWindow::*what)());
  void ShowFrame();
  void ShowStatus(const Frame& frame);
  void ShowBadges(const Frame& frame);
  void FocusFilter();
  void RetryNow();
  void ShowKeys();
  void Restore();
  void Save() const;

  Feed& feed_;
  QSettings& settings_;
  Sidebar* sidebar_;
  QStackedWidget* stack_;
  std::vector<Page*> pages_;
  TailPage* tail_;
  QLabel* links_;
  QLabel* rate_;
  QLabel* zone_;
  std::shared_ptr<const Frame> frame_;
};

}  // namespace logboom::gui
