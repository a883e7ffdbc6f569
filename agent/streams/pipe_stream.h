// Standard input, or any descriptor that is read to its end: bytes become records as those of a
// file do. One source for each process, which ends with the input.
//
// What was read from it is nowhere else: bytes that are not acked when the process is killed are
// gone, and nobody can tell how many they were.
#pragma once

#include <chrono>
#include <memory>

#include "agent/framing/framer.h"
#include "agent/streams/record_stream.h"
#include "lib/base/uuid.h"

namespace logboom::agent {

struct PipeOptions {
  FramingOptions framing;
  std::chrono::milliseconds multiline_timeout{0};
  std::chrono::milliseconds partial_timeout{0};
};

// `descriptor` stays the caller's, and stays as it is: others may share it, so it may block, and is
// read only when there is something. `id` is of this process alone.
std::unique_ptr<RecordStream> MakePipeStream(int descriptor, const Uuid& id,
                                             const PipeOptions& options);

}  // namespace logboom::agent
