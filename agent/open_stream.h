// What an input that is no file reads from, as its options say.
#pragma once

#include <memory>

#include "agent/options.h"
#include "agent/streams/record_stream.h"
#include "lib/base/random.h"
#include "lib/base/result.h"

namespace logboom::agent {

// kInvalid where the options can't be; another error where what they name can't be opened.
Result<std::unique_ptr<RecordStream>> OpenStream(const InputOptions& input,
                                                 const AgentOptions& options, Random& random);

}  // namespace logboom::agent
