#include "gui/app/arguments.h"

#include <algorithm>

#include "lib/transport/address.h"

namespace logboom::gui {
namespace {

constexpr const char* kDefaultBroker = "tcp://127.0.0.1:19550";

Result<ThemeKind> ParseTheme(const QString& text) {
  if (text == "light") return ThemeKind::kLight;
  if (text == "dark") return ThemeKind::kDark;
  return Fail(ErrorCode::kInvalid, "--theme is light or dark, got '{}'", text.toStdString());
}

Status AddBroker(const std::string& address, Arguments& arguments) {
  if (auto parsed = transport::ParseTcpAddress(address); !parsed.ok()) return parsed.error();
  arguments.brokers.push_back(address);
  return Ok();
}

Status TakeOption(const QString& name, const QString& value, Arguments& arguments) {
  if (name == "--broker") {
    return AddBroker(value.toStdString(), arguments);
  } else if (name == "--page") {
    if (!PageNames().contains(value)) {
      return Fail(ErrorCode::kInvalid, "--page is one of {}, got '{}'",
                  PageNames().join(", ").toStdString(), value.toStdString());
    }
    arguments.page = value;
  } else {
    ASSIGN_OR_RETURN(arguments.theme, ParseTheme(value));
  }
  return Ok();
}

bool TakesValue(const QString& name) {
  return name == "--broker" || name == "--page" || name == "--theme";
}

Status AddDefaultBrokers(const std::string& environment_broker, Arguments& arguments) {
  if (!arguments.brokers.empty()) return Ok();
  const QString addresses = QString::fromStdString(environment_broker);
  for (const QString& address : addresses.split(',', Qt::SkipEmptyParts)) {
    RETURN_IF_ERROR(AddBroker(address.toStdString(), arguments));
  }
  if (arguments.brokers.empty()) arguments.brokers.emplace_back(kDefaultBroker);
  return Ok();
}

}  // namespace

QStringList PageNames() { return {"overview", "topics", "tail", "consumers", "agents"}; }

Result<Arguments> ParseArguments(const QStringList& words, const std::string& environment_broker) {
  Arguments arguments;
  for (qsizetype i = 0; i < words.size(); ++i) {
    const QString name = words[i].section('=', 0, 0);
    if (words[i] == "--help" || words[i] == "-h") {
      arguments.action = Arguments::Action::kHelp;
      return arguments;
    }
    if (words[i] == "--version") {
      arguments.action = Arguments::Action::kVersion;
      return arguments;
    }
    if (!TakesValue(name)) {
      return Fail(ErrorCode::kInvalid, "unknown argument '{}'; --help lists them",
                  words[i].toStdString());
    }
    const bool joined = words[i].contains('=');
    if (!joined && i + 1 == words.size()) {
      return Fail(ErrorCode::kInvalid, "{} takes a value", name.toStdString());
    }
    const QString value = joined ? words[i].section('=', 1) : words[++i];
    RETURN_IF_ERROR(TakeOption(name, value, arguments));
  }
  RETURN_IF_ERROR(AddDefaultBrokers(environment_broker, arguments));
  return arguments;
}

QString UsageText() {
  return "Shows topics, live lines, consumer groups and agents of a Logboom installation.\n\n"
         "Usage: logboom-console [OPTIONS]\n\n"
         "  --broker ADDRESS    a broker; repeatable [LOGBOOM_BROKER, or tcp://127.0.0.1:19550]\n"
         "  --page NAME         opens " +
         PageNames().join(", ") +
         "\n"
         "  --theme NAME        light or dark [as the desktop]\n"
         "  --version           prints the version\n"
         "  --help              prints this\n";
}

std::string Version() { return LOGBOOM_VERSION; }

}  // namespace logboom::gui
