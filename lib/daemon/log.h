// The daemon's log, one line a message on stderr: `2026-11-22T20:29:15.123Z info    message`.
// Control bytes of a message are shown as \n, \x1b: a message is always one line, and never moves a
// terminal's cursor. Any thread. Nothing fails: a log that can't be written is lost.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

namespace logboom::daemon {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// "debug", "info", "warn", "error".
std::optional<LogLevel> ParseLogLevel(std::string_view name);
// Messages below it are dropped. kInfo at start.
void SetLogLevel(LogLevel level);
bool LogsAt(LogLevel level);

void LogMessage(LogLevel level, std::string_view message);

template <typename... Args>
void Debug(fmt::format_string<Args...> format, Args&&... args) {
  if (LogsAt(LogLevel::kDebug)) {
    LogMessage(LogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void Info(fmt::format_string<Args...> format, Args&&... args) {
  if (LogsAt(LogLevel::kInfo)) {
    LogMessage(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void Warn(fmt::format_string<Args...> format, Args&&... args) {
  if (LogsAt(LogLevel::kWarn)) {
    LogMessage(LogLevel::kWarn, fmt::format(format, std::forward<Args>(args)...));
  }
}

// Not Error: that name is an error's, as a value.
template <typename... Args>
void LogError(fmt::format_string<Args...> format, Args&&... args) {
  LogMessage(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace logboom::daemon
