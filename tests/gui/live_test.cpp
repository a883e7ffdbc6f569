// The console against a real broker and a real agent.
#include <gtest/gtest.h>

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QRegularExpression>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>
#include <chrono>

#include "gui/app/live_console.h"
#include "gui/app/main_window.h"
#include "gui/pages/page.h"
#include "gui/widgets/banner.h"
#include "gui/widgets/data_table.h"
#include "gui/widgets/log_view.h"

namespace logboom::gui {
namespace {

constexpr int kDeadlineMs = 60'000;

Instant Now() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  return {
      TimestampMs(
          duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count()),
      MonotonicMs(duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
                      .count())};
}

QString Program(const QString& name) { return QString(LOGBOOM_BIN_DIR) + "/" + name; }

// Waits while the window lives on.
template <typename Condition>
bool Await(Condition condition) {
  return QTest::qWaitFor(condition, kDeadlineMs);
}

class Daemon {
 public:
  ~Daemon() { Kill(); }
  void Start(const QString& program, const QStringList& arguments) {
    said_.clear();
    process_.setProcessChannelMode(QProcess::MergedChannels);
    process_.start(Program(program), arguments);
  }
  void Kill() {
    process_.kill();
    process_.waitForFinished(kDeadlineMs);
  }
  // Its exit code.
  int Terminate() {
    process_.terminate();
    return process_.waitForFinished(kDeadlineMs) ? process_.exitCode() : -1;
  }
  bool WaitReady() {
    return Await([this] {
      said_ += process_.readAll();
      return said_.contains(": ready") && said_.endsWith('\n');
    });
  }
  QString Said(const QString& pattern) const {
    return QRegularExpression(pattern).match(QString::fromUtf8(said_)).captured(0);
  }
  bool running() const { return process_.state() == QProcess::Running; }
  const QByteArray& said() const { return said_; }

 private:
  QProcess process_;
  QByteArray said_;
};

class Live : public testing::Test {
 protected:
  void SetUp() override {
    StartBroker("tcp://127.0.0.1:0");
    Append(50);
    agent_.Start("logboom-agent",
                 {"--broker", address_, "--state-dir", folder_.filePath("agent"), "--topic", "shop",
                  "--input", folder_.filePath("shop.log"), "--agent-id", "till-1", "--set",
                  "metrics.listen=", "--set", "agent.linger=20ms"});
    ASSERT_TRUE(agent_.WaitReady()) << agent_.said().toStdString();
  }

  void StartBroker(const QString& listen) {
    broker_.Start("logboom-broker", {"--data-dir", folder_.filePath("data"), "--listen", listen,
                                     "--set", "metrics.listen="});
    ASSERT_TRUE(broker_.WaitReady()) << broker_.said().toStdString();
    address_ = broker_.Said("tcp://127[^ \n]*");
  }

  void Append(int lines) {
    QFile file(folder_.filePath("shop.log"));
    ASSERT_TRUE(file.open(QIODevice::Append));
    for (int i = 0; i < lines; ++i)
      file.write("sold item " + QByteArray::number(++written_) + "\n");
  }

  QString Ask(const QStringList& arguments) {
    QProcess logboom;
    logboom.start(Program("logboom"), QStringList{"--broker", address_} + arguments);
    logboom.waitForFinished(kDeadlineMs);
    return QString::fromUtf8(logboom.readAllStandardOutput());
  }

  QTemporaryDir folder_;
  QString address_;
  int written_ = 0;
  Daemon broker_;
  Daemon agent_;
};

bool ShowsCell(const QWidget& page, const QString& text) {
  for (const auto* table : page.findChildren<DataTable*>()) {
    for (int row = 0; row < table->model()->rowCount(); ++row) {
      for (int column = 0; column < table->model()->columnCount(); ++column) {
        if (table->model()->index(row, column).data() == text) return true;
      }
    }
  }
  return false;
}

TEST_F(Live, ShowsABrokerAndItsLinesThroughTheDeathOfTheBroker) {
  QSettings settings(folder_.filePath("console.ini"), QSettings::IniFormat);
  LiveConsole console({address_.toStdString()}, Now, settings);
  MainWindow& window = console.window();
  window.show();
  console.Start();

  window.OpenPage(1);
  EXPECT_TRUE(Await([&] { return ShowsCell(window.current(), "shop"); }));
  EXPECT_TRUE(Await([&] { return ShowsCell(window.current(), "50"); }));
  window.OpenPage(4);
  EXPECT_TRUE(Await([&] { return ShowsCell(window.current(), "connected"); }));
  EXPECT_TRUE(ShowsCell(window.current(), "till-1"));

  window.OpenTail("shop");
  const LogView& log = *window.findChild<LogView*>();
  EXPECT_TRUE(Await([&] { return log.lines().count() == 50; })) << log.lines().count();
  Append(3);
  EXPECT_TRUE(Await([&] { return log.lines().count() == 53; })) << log.lines().count();
  EXPECT_EQ(log.lines().LineAt(52).text, "sold item 53");

  const auto* banner = window.current().findChild<Banner*>();
  EXPECT_FALSE(banner->isVisible());
  broker_.Kill();
  EXPECT_TRUE(Await([&] { return banner->isVisible(); }));
  EXPECT_TRUE(banner->text().contains("The broker does not answer"))
      << banner->text().toStdString();
  EXPECT_EQ(log.lines().count(), 53U) << "what was known stays";

  StartBroker(address_);
  EXPECT_TRUE(Await([&] { return !banner->isVisible(); }));
  Append(1);
  EXPECT_TRUE(Await([&] { return log.lines().count() == 54; })) << log.lines().count();
}

TEST_F(Live, TheProgramEndsCleanlyOnATermination) {
  qputenv("XDG_CONFIG_HOME", folder_.filePath("config").toLocal8Bit());
  Daemon console;
  const auto sessions = [this] {
    return QRegularExpression("\"sessions\":\\s*(\\d+)")
        .match(Ask({"status", "--format", "json"}))
        .captured(1)
        .toInt();
  };
  const int before = sessions();
  console.Start("logboom-console", {"--broker", address_, "--theme", "dark", "--page", "topics"});
  EXPECT_TRUE(Await([&] { return sessions() > before; }));
  EXPECT_TRUE(console.running());
  EXPECT_EQ(console.Terminate(), 0);
  EXPECT_TRUE(QDir(folder_.filePath("config")).exists("Logboom")) << "the window's state is saved";
}

TEST_F(Live, MistakesOnTheCommandLineEndWithTwo) {
  QProcess console;
  console.start(Program("logboom-console"), {"--page", "nowhere"});
  ASSERT_TRUE(console.waitForFinished(kDeadlineMs));
  EXPECT_EQ(console.exitCode(), 2);
  EXPECT_TRUE(console.readAllStandardError().contains("--page is one of overview, topics"));
}

}  // namespace
}  // namespace logboom::gui
