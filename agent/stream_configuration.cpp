#include "agent/stream_configuration.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "agent/streams/syslog_socket.h"

namespace logboom::agent {

Result<std::vector<InputKind>> InputKindsOf(const daemon::Config& config) {
  const std::vector<std::string>& include = config.List("include");
  const bool journal = config.Bool("journal");
  const bool syslog = !config.String("syslog").empty();
  if ((include.empty() ? 0 : 1) + (journal ? 1 : 0) + (syslog ? 1 : 0) != 1) {
    const char* key = syslog ? "syslog" : journal ? "journal" : "include";
    return config.Invalid(key, "exactly one of include, syslog and journal for an input");
  }
  for (const char* key : {"units", "journal_fields"}) {
    if (!journal && !config.List(key).empty()) {
      return config.Invalid(key, "names only with journal = true");
    }
  }
  if (journal) return std::vector<InputKind>{InputKind::kJournal};
  if (syslog) {
    const auto address = ParseSyslogAddress(config.String("syslog"));
    if (!address) return config.Invalid("syslog", address.error().message);
    return std::vector<InputKind>{InputKind::kSyslog};
  }
  const auto of_stdin = std::count(include.begin(), include.end(), kStandardInputName);
  std::vector<InputKind> kinds;
  if (std::cmp_less(of_stdin, include.size())) kinds.push_back(InputKind::kFiles);
  if (of_stdin > 0) kinds.push_back(InputKind::kStandardInput);
  return kinds;
}

// A name in messages, where the input has none of its own.
std::string NameOf(const InputOptions& input) {
  switch (input.kind) {
    case InputKind::kFiles: return input.include.front();
    case InputKind::kStandardInput: return "stdin";
    case InputKind::kSyslog: return input.syslog;
    case InputKind::kJournal: return "journal";
  }
  return "";
}

namespace {

// "nginx" is nginx.service, as for journalctl.
std::string UnitName(const std::string& unit) {
  return unit.find('.') == std::string::npos ? unit + ".service" : unit;
}

}  // namespace

Result<JournalOptions> ConfigureJournal(const daemon::Config& config) {
  JournalOptions journal;
  for (const std::string& unit : config.List("units")) journal.units.push_back(UnitName(unit));
  journal.fields = config.List("journal_fields");
  for (const std::string& field : journal.fields) {
    constexpr std::string_view kTaken = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    if (field.find_first_not_of(kTaken) != std::string::npos || field.empty()) {
      return config.Invalid("journal_fields", "names of fields, as _PID: capitals, digits and _");
    }
  }
  if (config.Bool("journal") && config.Bool("level")) {
    return config.Invalid("level", "nothing for the journal: its entries have one (PRIORITY)");
  }
  const std::string& directory = config.String("journal_directory");
  if (!directory.empty())
    journal.directory = std::filesystem::absolute(directory).lexically_normal().string();
  return journal;
}

}  // namespace logboom::agent
