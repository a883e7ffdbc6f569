// What an agent leaves to the one that goes on in its process under another configuration. Of most
// of what it knew nothing is needed: the broker has the positions. But a file that has no name any
// more can be had by its handle alone, and what a stream has given and nobody has acked is in its
// memory.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/counters.h"
#include "agent/notices.h"
#include "agent/options.h"
#include "agent/streams/record_stream.h"
#include "agent/watched_file.h"
#include "lib/base/types.h"

namespace logboom::agent {

// A file with its handle, and nothing in it that points to the agent that had it.
struct HandedFile {
  WatchedFile file;
  std::string opened_as;  // its source was; empty: it had none
};

struct HandedStream {
  InputOptions input;
  std::unique_ptr<RecordStream> stream;
};

// A value, to be moved; one thread.
struct Handover {
  std::map<std::string, std::vector<HandedFile>> files = {};  // by topic
  std::vector<HandedStream> streams = {};
  Counters counters = {};
  Notices notices = {};
  TimestampMs started;
};

// Forgets what was known of the file by its agent, but what was seen of it.
HandedFile HandFileOver(WatchedFile file);

// The stream of an input that reads from the same place in the same way; null: there is none.
// Standard input is there once, however it is read.
std::unique_ptr<RecordStream> TakeStream(Handover& handover, const InputOptions& input);

}  // namespace logboom::agent
