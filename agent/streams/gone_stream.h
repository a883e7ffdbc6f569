// A stream of which nothing comes any more: another input has taken it over. What is left to do is
// to close its sources. One owner, one thread; nothing fails.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/streams/record_stream.h"

namespace logboom::agent {

std::unique_ptr<RecordStream> MakeGoneStream(std::string name, std::vector<std::string> sources);

}  // namespace logboom::agent
