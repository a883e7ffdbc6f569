#include "agent/configuration.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "agent/discovery.h"
#include "agent/shaping.h"
#include "agent/stream_configuration.h"
#include "agent/understanding.h"
#include "lib/daemon/process.h"
#include "lib/daemon/serve_metrics.h"
#include "lib/file/posix_file_system.h"
#include "lib/protocol/names.h"
#include "lib/record/span.h"

namespace logboom::agent {
namespace {

using daemon::KeyType;

constexpr std::int64_t kBytesPerSecondMax = std::int64_t{1} << 40U;

std::vector<daemon::KeySpec> InputKeys() {
  return {
      {.name = "name", .help = "name in messages and metrics; empty: the first pattern"},
      {.name = "include",
       .type = KeyType::kStringList,
       .help = "paths or patterns (*, ?, [a-z], {a,b}, ** for any depth); -: standard input"},
      {.name = "syslog",
       .help = "udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH: messages that come in there, in "
               "place of files"},
      {.name = "journal",
       .type = KeyType::kBool,
       .default_text = "false",
       .help = "true: the entries of systemd's journal, in place of files"},
      {.name = "units",
       .type = KeyType::kStringList,
       .help = "of the journal: entries of these units alone"},
      {.name = "journal_fields",
       .type = KeyType::kStringList,
       .help = "of the journal: fields, as _PID, that become the headers lb.label.NAME (pid)"},
      {.name = "journal_directory",
       .help = "of the journal: where its files are; empty: this machine's"},
      {.name = "exclude", .type = KeyType::kStringList, .help = "patterns of files to leave out"},
      {.name = "topic", .help = "where the lines go", .required = true},
      {.name = "from",
       .default_text = "start",
       .help = "start or end: where to begin with files found at first"},
      {.name = "ignore_older",
       .type = KeyType::kDuration,
       .default_text = "0s",
       .help = "of files found for the first time, leave out what was last written to longer ago; "
               "0s: nothing"},
      {.name = "labels",
       .type = KeyType::kStringMap,
       .help = "become the headers lb.label.NAME of each record"},
      {.name = "parser",
       .default_text = "none",
       .help = "none, json, logfmt, syslog, nginx, apache, klog or regex: what fields, time and "
               "level are read from"},
      {.name = "pattern", .help = "of the parser regex: a named group (?P<name>...) a field"},
      {.name = "fields",
       .type = KeyType::kStringList,
       .help = "of the parsed line, that become the headers lb.label.NAME"},
      {.name = "time",
       .default_text = "read",
       .help = "the records' time: read, when a line was read; or line, what it says itself"},
      {.name = "time_format",
       .default_text = "auto",
       .help = "of time = line: auto, iso, syslog, access, klog, unix, unix_ms, unix_us, unix_ns, "
               "or one with percent signs, as %d.%m.%Y %H:%M:%S"},
      {.name = "time_zone",
       .default_text = "local",
       .help = "of times that name none: local, UTC, +01:00, Europe/Berlin"},
      {.name = "level",
       .type = KeyType::kBool,
       .default_text = "false",
       .help = "what a line says of its level becomes the header lb.level"},
      {.name = "path_labels",
       .help = "a pattern over the file's path: its named groups become the headers lb.label.NAME"},
      {.name = "encoding",
       .default_text = "bytes",
       .help = "bytes (sent as they are), utf-8, utf-16, utf-16le, utf-16be or latin1: sent as "
               "UTF-8, without a byte order mark"},
      {.name = "strip_cr",
       .type = KeyType::kBool,
       .default_text = "false",
       .help = "lines end with CR LF: the CR is left out"},
      {.name = "binary",
       .default_text = "skip",
       .help =
           "skip or read: what becomes of files found by a pattern that hold NUL bytes, and so no "
           "text"},
      {.name = "throttle",
       .type = KeyType::kBytes,
       .default_text = "0",
       .help = "bytes of its files read a second; 0: no bound but the agent's",
       .max = kBytesPerSecondMax},
      {.name = "max_line_bytes",
       .type = KeyType::kBytes,
       .default_text = "0",
       .help = "longer lines are sent in parts; 0: agent.max_line_bytes",
       .min = 0,
       .max = static_cast<std::int64_t>(kMaxLineBytes)},
      {.name = "container",
       .default_text = "none",
       .help =
           "none, docker (json-file) or cri: what a container runtime wrote around the lines is "
           "taken off, parts of a line are joined, its time is the record's"},
      {.name = "multiline",
       .default_text = "none",
       .help = "none, indented, java, dotnet, python, go, ruby or php: lines of one event are one "
               "record"},
      {.name = "multiline_start",
       .help = "a pattern: a line that does not match it belongs to the event of the line before"},
      {.name = "multiline_timeout",
       .type = KeyType::kDuration,
       .default_text = "1s",
       .help = "an event is sent once its file has been quiet for so long"},
      {.name = "drop",
       .type = KeyType::kStringList,
       .help = "patterns: lines that hold one are not sent"},
      {.name = "keep",
       .type = KeyType::kStringList,
       .help = "patterns: lines that hold none of them are not sent"},
      {.name = "dedupe",
       .type = KeyType::kBool,
       .default_text = "false",
       .help =
           "lines equal to the one before, that wait with it, become 'last line repeated N times'"},
      {.name = "sample",
       .type = KeyType::kInt,
       .default_text = "1",
       .help = "one of so many lines is sent",
       .min = 1,
       .max = kSampleMax},
      {.name = "rate_limit",
       .type = KeyType::kInt,
       .default_text = "0",
       .help = "lines a second that are sent of each file; others are counted. 0: all",
       .min = 0,
       .max = kRateLimitMax},
      {.name = "rate_limit_burst",
       .type = KeyType::kInt,
       .default_text = "0",
       .help = "lines that may come at once; 0: those of ten seconds",
       .min = 0,
       .max = kRateLimitMax},
      {.name = "redact",
       .type = KeyType::kStringList,
       .help = "card, email, token, ip: what is taken out of lines and fields"},
      {.name = "redact_patterns",
       .type = KeyType::kStringList,
       .help = "patterns: their first group, or else all of the match, is taken out too"},
      {.name = "redact_key",
       .help =
           "a secret: a keyed hash stands in place of what was taken out; empty: its name alone"},
  };
}

std::string Absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

// Stays the same when the state directory is deleted, differs between two agents of one machine.
std::string DefaultAgentId(const std::string& state_directory) {
  std::string machine = daemon::MachineId();
  if (machine.empty()) machine = daemon::HostName();
  return fmt::format("{:016x}", record::HashBytes(machine + "\n" + state_directory));
}

// What the broker would refuse, and patterns that are none, are said before anything is read.
Status CheckInput(const daemon::Config& config, const InputOptions& input) {
  if (const Status topic = protocol::CheckTopicName(input.topic); !topic.ok()) {
    return config.Invalid("topic", "a topic's name; " + topic.error().message);
  }
  if (protocol::IsReservedTopicName(input.topic)) {
    return config.Invalid("topic", "a name without __ at its beginning: those are Logboom's own");
  }
  if (const auto compiled = CompileInput(input); !compiled.ok()) {
    return config.Invalid("include", "patterns of paths; " + compiled.error().message);
  }
  return Ok();
}

Status ConfigureFraming(const daemon::Config& config, InputOptions& input) {
  const auto encoding = ParseEncoding(config.String("encoding"));
  if (!encoding) return config.Invalid("encoding", encoding.error().message);
  input.encoding = *encoding;
  input.strip_cr = config.Bool("strip_cr");
  input.throttle = config.Bytes("throttle");
  const std::string& binary = config.String("binary");
  if (binary != "skip" && binary != "read") return config.Invalid("binary", "skip or read");
  input.binary = binary == "read" ? BinaryFiles::kRead : BinaryFiles::kSkip;
  input.max_line_bytes = static_cast<std::size_t>(config.Bytes("max_line_bytes"));
  const auto container = ParseContainerFormat(config.String("container"));
  if (!container) return config.Invalid("container", container.error().message);
  input.container = *container;
  return Ok();
}

Status ConfigureEvents(const daemon::Config& config, InputOptions& input) {
  const auto multiline = ParseFoldKind(config.String("multiline"));
  if (!multiline) return config.Invalid("multiline", multiline.error().message);
  input.multiline = *multiline;
  input.multiline_timeout = config.Duration("multiline_timeout");
  const std::string& start = config.String("multiline_start");
  if (start.empty()) return Ok();
  if (*multiline != FoldKind::kNone) {
    return config.Invalid("multiline_start", "a pattern only where multiline is not set");
  }
  auto pattern = parse::Pattern::Make(start);
  if (!pattern) return config.Invalid("multiline_start", "a pattern; " + pattern.error().message);
  input.multiline = FoldKind::kStart;
  input.multiline_start = std::make_shared<const parse::Pattern>(*std::move(pattern));
  return Ok();
}

Result<std::vector<parse::Pattern>> ConfigurePatterns(const daemon::Config& config,
                                                      std::string_view key) {
  std::vector<parse::Pattern> patterns;
  for (const std::string& text : config.List(key)) {
    auto pattern = parse::Pattern::Make(text);
    if (!pattern) return config.Invalid(key, "patterns; " + pattern.error().message);
    patterns.push_back(*std::move(pattern));
  }
  return patterns;
}

Status ConfigureRedaction(const daemon::Config& config, Shaping& shaping) {
  const RedactionOptions options{.presets = config.List("redact"),
                                 .patterns = config.List("redact_patterns"),
                                 .hash_key = config.String("redact_key")};
  if (options.presets.empty() && options.patterns.empty()) {
    if (options.hash_key.empty()) return Ok();
    return config.Invalid("redact_key", "a secret only where redact or redact_patterns is set");
  }
  for (const bool patterns : {false, true}) {
    RedactionOptions part = options;
    (patterns ? part.presets : part.patterns).clear();
    const auto made = Redaction::Make(part);
    if (made) continue;
    return patterns ? config.Invalid("redact_patterns", "patterns; " + made.error().message)
                    : config.Invalid("redact", "card, email, token, ip; " + made.error().message);
  }
  ASSIGN_OR_RETURN(shaping.redaction, Redaction::Make(options));
  return Ok();
}

Status ConfigureShaping(const daemon::Config& config, InputOptions& input) {
  constexpr std::int64_t kBurstSeconds = 10;
  auto shaping = std::make_shared<Shaping>();
  ASSIGN_OR_RETURN(shaping->drop, ConfigurePatterns(config, "drop"));
  ASSIGN_OR_RETURN(shaping->keep, ConfigurePatterns(config, "keep"));
  shaping->dedupe = config.Bool("dedupe");
  shaping->sample = static_cast<std::uint32_t>(config.Int("sample"));
  const std::int64_t rate = config.Int("rate_limit");
  const std::int64_t burst = config.Int("rate_limit_burst");
  if (rate == 0 && burst != 0) {
    return config.Invalid("rate_limit_burst", "a number only where rate_limit is set");
  }
  if (rate > 0) shaping->rate_limit = {rate, burst == 0 ? rate * kBurstSeconds : burst};
  RETURN_IF_ERROR(ConfigureRedaction(config, *shaping));
  input.shaping = std::move(shaping);
  return Ok();
}

Result<std::unique_ptr<parse::Parser>> ConfigureParser(const daemon::Config& config) {
  const std::string& kind = config.String("parser");
  const std::string& pattern = config.String("pattern");
  if (kind == "none" && !config.List("fields").empty()) {
    return config.Invalid("fields", "names only where a parser is set");
  }
  if (kind == "none" && !pattern.empty()) {
    return config.Invalid("pattern", "a pattern only where parser = \"regex\"");
  }
  if (kind == "none") return nullptr;
  auto parser = parse::MakeParser({.kind = kind, .pattern = pattern});
  if (!parser && kind == "regex") {
    return config.Invalid("pattern", "a pattern with named groups; " + parser.error().message);
  }
  if (!parser) return config.Invalid("parser", "a kind of lines; " + parser.error().message);
  return parser;
}

Status ConfigureTime(const daemon::Config& config, Understanding& understanding) {
  const std::string& time = config.String("time");
  if (time != "read" && time != "line") return config.Invalid("time", "read or line");
  file::PosixFileSystem fs;
  auto zone = parse::LoadZone(fs, config.String("time_zone"));
  if (!zone) return config.Invalid("time_zone", "a time zone; " + zone.error().message);
  auto parser = parse::TimeParser::Make(config.String("time_format"), *std::move(zone));
  if (!parser) return config.Invalid("time_format", "a format of times; " + parser.error().message);
  if (time == "line") understanding.time = *std::move(parser);
  return Ok();
}

Status ConfigureUnderstanding(const daemon::Config& config, InputOptions& input) {
  auto understanding = std::make_shared<Understanding>();
  ASSIGN_OR_RETURN(understanding->parser, ConfigureParser(config));
  RETURN_IF_ERROR(ConfigureTime(config, *understanding));
  understanding->fields = config.List("fields");
  understanding->level = config.Bool("level");
  if (const std::string& pattern = config.String("path_labels"); !pattern.empty()) {
    auto parser = parse::MakeParser({.kind = "regex", .pattern = pattern});
    if (!parser)
      return config.Invalid("path_labels",
                            "a pattern with named groups; " + parser.error().message);
    understanding->path_labels = *std::move(parser);
  }
  input.understanding = std::move(understanding);
  return Ok();
}

Result<InputOptions> ConfigureInput(const daemon::Config& config, InputKind kind) {
  InputOptions input;
  input.kind = kind;
  input.syslog = config.String("syslog");
  ASSIGN_OR_RETURN(input.journal, ConfigureJournal(config));
  for (const std::string& pattern : config.List("include")) {
    if (kind != InputKind::kFiles || pattern == kStandardInputName) continue;
    input.include.push_back(Absolute(pattern));
  }
  for (const std::string& pattern : config.List("exclude")) {
    input.exclude.push_back(Absolute(pattern));
  }
  input.name = config.String("name").empty() ? NameOf(input) : config.String("name");
  input.topic = config.String("topic");
  input.labels = config.Map("labels");
  const std::string& from = config.String("from");
  if (from != "start" && from != "end") return config.Invalid("from", "start or end");
  input.from = from == "end" ? StartFrom::kEnd : StartFrom::kStart;
  input.ignore_older = config.Duration("ignore_older");
  RETURN_IF_ERROR(ConfigureFraming(config, input));
  RETURN_IF_ERROR(ConfigureEvents(config, input));
  RETURN_IF_ERROR(ConfigureUnderstanding(config, input));
  RETURN_IF_ERROR(ConfigureShaping(config, input));
  RETURN_IF_ERROR(CheckInput(config, input));
  return input;
}

Result<std::optional<daemon::IoClass>> ConfigureIoClass(const daemon::Config& config) {
  using IoClass = std::optional<daemon::IoClass>;
  const std::string& io_class = config.String("agent.io_class");
  if (io_class == "none") return IoClass();
  if (io_class == "best-effort") return IoClass(daemon::IoClass::kBestEffort);
  if (io_class == "idle") return IoClass(daemon::IoClass::kIdle);
  return config.Invalid("agent.io_class", "none, best-effort or idle");
}

Status CheckSizes(const daemon::Config& config) {
  constexpr std::int64_t kZstdLevelMax = 19;
  const std::int64_t level = config.Int("agent.compression_level");
  if (level < 1 || level > kZstdLevelMax) {
    return config.Invalid("agent.compression_level", "1 to 19");
  }
  const std::int64_t memory_max = config.Bytes("agent.memory_max");
  if (memory_max != 0 && memory_max < kMemoryMaxMin) {
    return config.Invalid("agent.memory_max", "0 for no bound, or 32MiB and more");
  }
  return Ok();
}

}  // namespace

daemon::Program MakeProgram() {
  daemon::Program program;
  program.name = "logboom-agent";
  program.description = "Tails files and sends each line once. Verb: tap, which shows them.";
  program.default_config_file = "/etc/logboom/agent.toml";
  program.schema.keys = {
      {.name = "agent.id", .help = "name of this agent; empty: made of machine and state_dir"},
      {.name = "agent.broker",
       .default_text = "tcp://127.0.0.1:19550",
       .help = "address of the broker"},
      {.name = "agent.state_dir",
       .default_text = "/var/lib/logboom-agent",
       .help = "directory of the checkpoint, which is a cache"},
      {.name = "agent.labels",
       .type = KeyType::kStringMap,
       .help = "of this agent, for lists of agents"},
      {.name = "agent.compression", .default_text = "zstd", .help = "none, lz4 or zstd"},
      {.name = "agent.compression_level",
       .type = KeyType::kInt,
       .default_text = "1",
       .help = "of zstd, 1 to 19"},
      {.name = "agent.linger",
       .type = KeyType::kDuration,
       .default_text = "500ms",
       .help = "how long a line may wait for others before a batch is sent"},
      {.name = "agent.max_line_bytes",
       .type = KeyType::kBytes,
       .default_text = "1000000",
       .help = "longer lines are sent in parts",
       .min = 1,
       .max = static_cast<std::int64_t>(kMaxLineBytes)},
      {.name = "agent.partial_timeout",
       .type = KeyType::kDuration,
       .default_text = "30s",
       .help = "an unterminated line is sent after this long"},
      {.name = "agent.held_deleted_bytes_max",
       .type = KeyType::kBytes,
       .default_text = "1GiB",
       .help = "unlinked files with unread bytes are held open up to this much"},
      {.name = "agent.held_deleted_age_max",
       .type = KeyType::kDuration,
       .default_text = "24h",
       .help = "and for this long"},
      {.name = "agent.open_files_max",
       .type = KeyType::kInt,
       .default_text = "100000",
       .help = "watched files that are open at a time; never more than the system allows",
       .min = 64},
      {.name = "agent.throttle",
       .type = KeyType::kBytes,
       .default_text = "0",
       .help = "bytes of files read a second; 0: no bound",
       .max = kBytesPerSecondMax},
      {.name = "agent.nice",
       .type = KeyType::kInt,
       .default_text = "0",
       .help = "0 to 19: how far it steps back for others that want the CPU",
       .max = 19},
      {.name = "agent.io_class",
       .default_text = "none",
       .help = "none, best-effort or idle: how it is served where others want the disk; none "
               "leaves that as it is"},
      {.name = "agent.cpu_max_percent",
       .type = KeyType::kInt,
       .default_text = "0",
       .help = "of one core, of CPU time a second: above it, reading rests; 0: no bound",
       .max = kCpuMaxPercentMax},
      {.name = "agent.memory_max",
       .type = KeyType::kBytes,
       .default_text = "0",
       .help = "of memory in use: above it one batch at a time is sent; 0: no bound, else 32MiB or "
               "more"},
      {.name = "agent.watch",
       .default_text = "auto",
       .help = "auto: directories are watched where the file system tells of changes; poll: they "
               "are listed every second"},
      daemon::MetricsListenKey("127.0.0.1:19562"),
      {.name = "input",
       .type = KeyType::kTables,
       .help = "what to read",
       .required = true,
       .table = InputKeys()},
  };
  program.flags = {
      {.name = "--broker",
       .value_name = "ADDRESS",
       .key = "agent.broker",
       .help = "tcp://HOST:PORT"},
      {.name = "--state-dir",
       .value_name = "DIR",
       .key = "agent.state_dir",
       .help = "directory of the checkpoint"},
      {.name = "--topic",
       .value_name = "TOPIC",
       .key = "input.topic",
       .help = "where the lines go"},
      {.name = "--input",
       .value_name = "PATH_OR_GLOB",
       .key = "input.include",
       .help = "file to tail, - for standard input; may be given again"},
      {.name = "--agent-id", .value_name = "ID", .key = "agent.id", .help = "name of this agent"},
      {.name = "--from",
       .value_name = "start|end",
       .key = "input.from",
       .help = "where to begin with files found at first"},
      {.name = "--once", .help = "read every input to its end, wait until all is acked, and exit"},
      daemon::MetricsListenFlag(),
  };
  program.check = [](const daemon::Config& config) -> Status {
    const auto made = Configure(config);
    return made.ok() ? Ok() : Status(made.error());
  };
  return program;
}

Result<Configuration> Configure(const daemon::Config& config) {
  RETURN_IF_ERROR(CheckSizes(config));
  Configuration made;
  made.broker = config.String("agent.broker");
  made.metrics_listen = config.String("metrics.listen");
  made.state_directory = Absolute(config.String("agent.state_dir"));
  AgentOptions& options = made.options;
  options.agent_id = config.String("agent.id");
  if (options.agent_id.empty()) options.agent_id = DefaultAgentId(made.state_directory);
  if (const Status id = protocol::CheckAgentId(options.agent_id); !id.ok()) {
    return config.Invalid("agent.id", id.error().message);
  }
  options.host = daemon::HostName();
  made.labels = config.Map("agent.labels");
  auto codec = record::ParseCodec(config.String("agent.compression"));
  if (!codec.ok() || *codec == record::Codec::kGzip || *codec == record::Codec::kSnappy) {
    return config.Invalid("agent.compression", "none, lz4 or zstd");
  }
  options.codec = *codec;
  options.compression_level = static_cast<int>(config.Int("agent.compression_level"));
  options.linger = config.Duration("agent.linger");
  options.max_line_bytes = static_cast<std::size_t>(config.Bytes("agent.max_line_bytes"));
  options.partial_timeout = config.Duration("agent.partial_timeout");
  options.held_deleted_bytes_max = config.Bytes("agent.held_deleted_bytes_max");
  options.held_deleted_age_max = config.Duration("agent.held_deleted_age_max");
  options.open_files_max = static_cast<std::size_t>(config.Int("agent.open_files_max"));
  options.throttle = config.Bytes("agent.throttle");
  options.cpu_max_percent = static_cast<int>(config.Int("agent.cpu_max_percent"));
  options.memory_max = config.Bytes("agent.memory_max");
  made.nice = static_cast<int>(config.Int("agent.nice"));
  ASSIGN_OR_RETURN(made.io_class, ConfigureIoClass(config));
  const std::string& watch = config.String("agent.watch");
  if (watch != "auto" && watch != "poll") return config.Invalid("agent.watch", "auto or poll");
  made.polls = watch == "poll";
  std::int64_t stdin_count = 0;
  for (const daemon::Config& table : config.Tables("input")) {
    const std::vector<std::string>& include = table.List("include");
    stdin_count += std::count(include.begin(), include.end(), kStandardInputName);
    if (stdin_count > 1) {
      return table.Invalid("include", "standard input once: its bytes can be read once");
    }
    ASSIGN_OR_RETURN(const std::vector<InputKind> kinds, InputKindsOf(table));
    for (const InputKind kind : kinds) {
      ASSIGN_OR_RETURN(InputOptions input, ConfigureInput(table, kind));
      options.inputs.push_back(std::move(input));
    }
  }
  return made;
}

}  // namespace logboom::agent
