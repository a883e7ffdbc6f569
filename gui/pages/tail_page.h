// The newest lines of one topic as they come: opens with the last of the past, follows, pauses, and
// says what is not shown.
#pragma once

#include <cstdint>

#include "gui/core/batch.h"
#include "gui/pages/page.h"

class QCheckBox;
class QComboBox;
class QPushButton;

namespace logboom::gui {

class Feed;
class LogView;

// The window's thread. `feed` outlives it.
class TailPage final : public Page {
  Q_OBJECT

 public:
  explicit TailPage(Feed& feed, QWidget* parent = nullptr);
  ~TailPage() override;
  QLineEdit* filter_edit() override { return filter_; }
  QWidget* main_widget() override;
  void Save(QSettings& settings) const override;
  void Restore(const QSettings& settings) override;

  // Its lines, where they are of the topic that is followed.
  void TakeLines(LineBlock lines, std::uint64_t tail, std::int64_t not_shown);
  void FollowTopic(const QString& topic);
  const LogView& view() const { return *view_; }

 protected:
  void Fill(const Frame& frame) override;
  std::optional<PlaceholderText> WhyEmpty(const Frame& frame) const override;

 private:
  void MakeBar();
  void FillTopics(const Frame& frame);
  void ApplyFilter();
  void TellCounts();
  QString NotShownText() const;

  Feed& feed_;
  QComboBox* topics_;
  QLineEdit* filter_;
  QCheckBox* hide_others_;
  QPushButton* pause_;
  QPushButton* clear_;
  LogView* view_;
  QLabel* counts_;
  QString wanted_;    // what is chosen, also while it is not there yet
  QString followed_;  // what the feed follows
  std::uint64_t tail_ = 0;
  std::int64_t not_shown_ = 0;
};

}  // namespace logboom::gui
