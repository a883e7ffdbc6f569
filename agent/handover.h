// What an agent leaves to the one that goes on in its process under another configuration. Of most
// of what it knew nothing is needed: the broker has the positions. But a file that has no name any
// more can be had by its handle alone, and what a stream has given and nobody has acked is in its
// memory.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/counters.h"
#include "agent/notices.h"
#include "agent/options.h"
#include "agent/streams/record_stream.h"
#include "agent/watched_file.h"
#include "lib/base/result.h"
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
  std::vector<std::string> sources = {};  // paths of those that are open
  // No input reads it any more: what it holds is sent, and its sources are closed.
  bool leaves = false;
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

// Opens what an input reads from that is no file.
using StreamFactory = std::function<Result<std::unique_ptr<RecordStream>>(const InputOptions&)>;

// What each of `inputs` reads from, none of which is of files: the stream of one in `before` that
// read from the same place in the same way, or a new one. Those that nobody goes on with leave, and
// do so before new ones are opened, which may listen where they did. Where one can't be opened all
// that inputs may still go on with is left in `before`. Null: there was nobody before.
Result<std::vector<std::unique_ptr<RecordStream>>> PassStreamsOn(
    const std::vector<const InputOptions*>& inputs, const StreamFactory& open, Handover* before);

}  // namespace logboom::agent
