#include "lib/parse/parser.h"

#include "lib/parse/access_parser.h"
#include "lib/parse/json_parser.h"
#include "lib/parse/klog_parser.h"
#include "lib/parse/logfmt_parser.h"
#include "lib/parse/regex_parser.h"
#include "lib/parse/syslog_parser.h"

namespace logboom::parse {
namespace {

// nullptr where there is no such kind.
std::unique_ptr<Parser> MakeFixed(std::string_view kind) {
  if (kind == "json") return std::make_unique<JsonParser>();
  if (kind == "logfmt") return std::make_unique<LogfmtParser>();
  if (kind == "syslog") return std::make_unique<SyslogParser>();
  if (kind == "nginx" || kind == "apache") return std::make_unique<AccessParser>();
  if (kind == "klog") return std::make_unique<KlogParser>();
  return nullptr;
}

}  // namespace

Result<std::unique_ptr<Parser>> MakeParser(const ParserSpec& spec) {
  if (spec.kind == "regex") {
    if (!spec.pattern.empty()) return RegexParser::Make(spec.pattern);
    return Fail(ErrorCode::kInvalid,
                "a parser of kind 'regex' needs a pattern with named groups: (?P<name>...)");
  }
  auto parser = MakeFixed(spec.kind);
  if (parser == nullptr) {
    return Fail(ErrorCode::kInvalid, "there is no parser '{}': the kinds are {}", spec.kind,
                "json, logfmt, syslog, nginx, apache, klog, regex");
  }
  if (!spec.pattern.empty()) {
    return Fail(ErrorCode::kInvalid,
                "a parser of kind '{}' takes no pattern: leave it out, or use "
                "kind 'regex'",
                spec.kind);
  }
  return parser;
}

}  // namespace logboom::parse
