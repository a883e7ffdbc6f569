// The command line of logboom-console. Functions without state.
#pragma once

#include <QStringList>
#include <optional>
#include <string>
#include <vector>

#include "gui/widgets/colours.h"
#include "lib/base/result.h"

namespace logboom::gui {

struct Arguments {
  enum class Action { kRun, kHelp, kVersion };
  Action action = Action::kRun;
  std::vector<std::string> brokers;  // at least one
  QString page;                      // empty: as it was left
  std::optional<ThemeKind> theme;    // nothing: as it was left, or as the desktop
};

// The pages as --page names them, in the sidebar's order.
QStringList PageNames();

// `words` are without the program's name; `environment_broker` is LOGBOOM_BROKER: addresses
// with commas between them, or nothing.
// kInvalid says what is wrong, in a line.
Result<Arguments> ParseArguments(const QStringList& words, const std::string& environment_broker);

QString UsageText();
std::string Version();

}  // namespace logboom::gui
