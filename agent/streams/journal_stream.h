// The journal as a stream: an entry is a record, its sequence a source, its number + 1 the position
// behind it. The journal is the buffer: nothing is held here, and where the broker stands is where
// reading goes on, whatever became of the agent.
//
// A place is proven by the cursor of the entry before it. Where that entry is another one (a
// machine set back to a snapshot), or is gone while older ones are there, the sequence goes on as a
// new source behind the last place that both have.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/streams/journal_reader.h"
#include "agent/streams/record_stream.h"

namespace logboom::agent {

struct JournalStreamOptions {
  std::vector<std::string> units;   // empty: of all
  std::vector<std::string> fields;  // become the headers lb.label.NAME, in lower case
  std::size_t message_bytes_max = 0;
  // Of sequences that turn up later: what is older than the first use of the input is left out.
  bool from_end = false;
};

std::unique_ptr<RecordStream> MakeJournalStream(std::unique_ptr<JournalReader> reader,
                                                const JournalStreamOptions& options);

}  // namespace logboom::agent
