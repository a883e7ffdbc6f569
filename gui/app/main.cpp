// logboom-console: the desktop console.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <QApplication>
#include <QSettings>
#include <QSocketNotifier>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "gui/app/arguments.h"
#include "gui/app/live_console.h"
#include "gui/app/main_window.h"
#include "gui/app/theme.h"

namespace logboom::gui {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr const char* kThemeSetting = "window/theme";

template <typename SomeClock>
std::int64_t Milliseconds() {
  const auto since = SomeClock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

Instant Now() {
  return {TimestampMs(Milliseconds<std::chrono::system_clock>()),
          MonotonicMs(Milliseconds<std::chrono::steady_clock>())};
}

// A signal writes a byte, the window's thread reads it and ends as if it was closed.
int g_signal_pipe[2] = {-1, -1};

void WriteSignal(int) {
  const char byte = 1;
  [[maybe_unused]] const ssize_t written = write(g_signal_pipe[1], &byte, sizeof(byte));
}

void EndOnSignals(MainWindow& window) {
  if (pipe2(g_signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return;
  auto* notifier = new QSocketNotifier(g_signal_pipe[0], QSocketNotifier::Read, &window);
  QObject::connect(notifier, &QSocketNotifier::activated, &window, [&window] { window.close(); });
  struct sigaction action {};
  action.sa_handler = WriteSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

// While the application is made: Qt would abort where there is no display.
void TellNoDisplay(QtMsgType type, const QMessageLogContext& /*where*/, const QString& /*text*/) {
  if (type != QtFatalMsg) return;
  std::fputs(
      "logboom-console: no window can be opened: DISPLAY or WAYLAND_DISPLAY names no display that "
      "this account may use; `logboom status` and `logboom tail` work in a terminal\n",
      stderr);
  std::fflush(stderr);
  _exit(kExitFailed);
}

ThemeKind ChooseTheme(const Arguments& arguments, const QSettings& settings,
                      const QPalette& desktop) {
  if (arguments.theme) return *arguments.theme;
  const QString saved = settings.value(kThemeSetting).toString();
  if (saved.isEmpty()) return ThemeOf(desktop);
  return saved == "dark" ? ThemeKind::kDark : ThemeKind::kLight;
}

void LetThemeBeToggled(QApplication& application, MainWindow& window, QSettings& settings) {
  QObject::connect(&window, &MainWindow::ThemeToggled, &application, [&application, &settings] {
    const bool dark = ThemeOf(QApplication::palette()) == ThemeKind::kDark;
    ApplyTheme(application, dark ? ThemeKind::kLight : ThemeKind::kDark);
    settings.setValue(kThemeSetting, dark ? "light" : "dark");
  });
}

int Run(QApplication& application, const Arguments& arguments) {
  QSettings settings("Logboom", "Console");
  ApplyTheme(application, ChooseTheme(arguments, settings, QApplication::palette()));
  LiveConsole console(arguments.brokers, Now, settings);
  MainWindow& window = console.window();
  if (const auto page = PageNames().indexOf(arguments.page); page >= 0) {
    window.OpenPage(static_cast<int>(page));
  }
  LetThemeBeToggled(application, window, settings);
  EndOnSignals(window);
  window.show();
  console.Start();
  return QApplication::exec();
}

int Main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  QStringList words;
  for (int i = 1; i < argc; ++i) words.append(QString::fromLocal8Bit(argv[i]));
  const char* const broker = std::getenv("LOGBOOM_BROKER");
  const Result<Arguments> arguments = ParseArguments(words, broker == nullptr ? "" : broker);
  if (!arguments.ok()) {
    std::fprintf(stderr, "logboom-console: %s\n", arguments.error().message.c_str());
    return kExitUsage;
  }
  if (arguments->action == Arguments::Action::kHelp) {
    std::fputs(UsageText().toUtf8().constData(), stdout);
    return 0;
  }
  if (arguments->action == Arguments::Action::kVersion) {
    std::printf("logboom-console %s\n", Version().c_str());
    return 0;
  }
  int no_more = 1;
  char* only_name[] = {argv[0], nullptr};
  qInstallMessageHandler(TellNoDisplay);
  QApplication application(no_more, only_name);
  qInstallMessageHandler(nullptr);
  QApplication::setApplicationName("Logboom");
  return Run(application, *arguments);
}

}  // namespace
}  // namespace logboom::gui

int main(int argc, char** argv) { return logboom::gui::Main(argc, argv); }
