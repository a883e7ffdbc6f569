#include "agent/open_stream.h"

#include <unistd.h>

#include <utility>

#include "agent/input_lines.h"
#include "agent/streams/journal_reader.h"
#include "agent/streams/journal_stream.h"
#include "agent/streams/pipe_stream.h"
#include "agent/streams/syslog_stream.h"
#include "lib/base/uuid.h"

namespace logboom::agent {
namespace {

// A field of the journal has its name in front; MESSAGE is to be whole.
constexpr std::size_t kNameBytes = 64;

PipeOptions PipeOptionsOf(const InputOptions& input, const AgentOptions& options) {
  return {.framing = FramingOf(input, options),
          .multiline_timeout = input.multiline_timeout,
          .partial_timeout = options.partial_timeout};
}

Result<std::unique_ptr<RecordStream>> OpenJournal(const InputOptions& input,
                                                  const AgentOptions& options) {
  const std::size_t bytes_max = FramingOf(input, options).record_bytes_max;
  ASSIGN_OR_RETURN(auto reader, OpenSystemJournal(input.journal.directory, bytes_max + kNameBytes));
  return MakeJournalStream(std::move(reader), {.units = input.journal.units,
                                               .fields = input.journal.fields,
                                               .message_bytes_max = bytes_max,
                                               .from_end = input.from == StartFrom::kEnd});
}

}  // namespace

Result<std::unique_ptr<RecordStream>> OpenStream(const InputOptions& input,
                                                 const AgentOptions& options, Random& random) {
  switch (input.kind) {
    case InputKind::kStandardInput:
      return MakePipeStream(STDIN_FILENO, Uuid::Make(random), PipeOptionsOf(input, options));
    case InputKind::kJournal: return OpenJournal(input, options);
    case InputKind::kSyslog:
      return MakeSyslogStream({.address = input.syslog,
                               .message_bytes_max = FramingOf(input, options).record_bytes_max},
                              Uuid::Make(random));
    case InputKind::kFiles: break;
  }
  return Fail(ErrorCode::kUnsupported, "input '{}' is no stream", input.name);
}

}  // namespace logboom::agent
