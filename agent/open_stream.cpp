#include "agent/open_stream.h"

#include <unistd.h>

#include "agent/input_lines.h"
#include "agent/streams/pipe_stream.h"
#include "lib/base/uuid.h"

namespace logboom::agent {
namespace {

PipeOptions PipeOptionsOf(const InputOptions& input, const AgentOptions& options) {
  return {.framing = FramingOf(input, options),
          .multiline_timeout = input.multiline_timeout,
          .partial_timeout = options.partial_timeout};
}

}  // namespace

Result<std::unique_ptr<RecordStream>> OpenStream(const InputOptions& input,
                                                 const AgentOptions& options, Random& random) {
  switch (input.kind) {
    case InputKind::kStandardInput:
      return MakePipeStream(STDIN_FILENO, Uuid::Make(random), PipeOptionsOf(input, options));
    case InputKind::kFiles:
    case InputKind::kSyslog:
    case InputKind::kJournal: break;
  }
  return Fail(ErrorCode::kUnsupported, "input '{}' is no stream", input.name);
}

}  // namespace logboom::agent
