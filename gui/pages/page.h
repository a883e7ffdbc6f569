// What all pages share: a head with title and actions, a banner for lasting conditions, and either
// the page's content or a placeholder that says why there is none.
//
// The states are one decision for all of them: never heard of any broker and still patient
// (connecting), never heard and none answers (down), heard before and some or none answer now
// (banner, with the age of what is shown), nothing to show (empty).
#pragma once

#include <QWidget>
#include <memory>
#include <optional>

#include "gui/core/frame.h"
#include "gui/widgets/placeholder.h"

class QHBoxLayout;
class QLabel;
class QLineEdit;
class QSettings;
class QStackedWidget;
class QVBoxLayout;

namespace logboom::gui {

class Banner;

// The window's thread.
class Page : public QWidget {
  Q_OBJECT

 public:
  Page(const QString& title, Icon icon, QWidget* parent = nullptr);
  ~Page() override;

  void ShowFrame(const std::shared_ptr<const Frame>& frame);
  // Where Ctrl+F goes; nothing where there is nothing to filter.
  virtual QLineEdit* filter_edit() { return nullptr; }
  // What gets the keys when the page is opened.
  virtual QWidget* main_widget() = 0;
  // Places of splitters and the like.
  virtual void Save(QSettings&) const {}
  virtual void Restore(const QSettings&) {}

  const QString& title() const { return title_; }

 Q_SIGNALS:
  void RetryWanted();
  void TailWanted(const QString& topic);

 protected:
  // The frame has something of this page.
  virtual void Fill(const Frame& frame) = 0;
  // What to say where it has not; nothing where it has.
  virtual std::optional<PlaceholderText> WhyEmpty(const Frame& frame) const = 0;

  // Right of the title.
  QHBoxLayout& actions() { return *actions_; }
  QVBoxLayout& content() { return *content_; }
  void SetSubtitle(const QString& text);
  // The last one shown; nothing before the first.
  const std::shared_ptr<const Frame>& frame() const { return frame_; }

 private:
  void ShowBanner(const Frame& frame);
  std::optional<PlaceholderText> WhyNothing(const Frame& frame) const;

  QString title_;
  Icon icon_;
  QLabel* subtitle_;
  QHBoxLayout* actions_;
  QVBoxLayout* content_;
  Banner* banner_;
  Placeholder* placeholder_;
  QStackedWidget* stack_;
  std::shared_ptr<const Frame> frame_;
};

}  // namespace logboom::gui
