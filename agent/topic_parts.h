// What the steps of one topic's work share. Owned by TopicTail; one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/counters.h"
#include "agent/file_table.h"
#include "agent/neighbourhood.h"
#include "agent/notices.h"
#include "agent/open_files.h"
#include "agent/options.h"
#include "agent/row_sender.h"
#include "agent/short_lived_bytes.h"
#include "agent/source_registry.h"
#include "lib/base/random.h"
#include "lib/file/file_system.h"

namespace logboom::agent {

// A topic's share of AgentOptions::open_files_max.
std::size_t OpenFilesMaxOfTopic(const AgentOptions& options);

struct TopicParts {
  TopicParts(std::string topic_name, const AgentOptions& agent_options,
             file::FileSystem& file_system, Random& random_numbers, Counters& agent_counters,
             Notices& agent_notices)
      : topic(std::move(topic_name)),
        options(agent_options),
        fs(file_system),
        open_files(file_system, OpenFilesMaxOfTopic(agent_options)),
        random(random_numbers),
        counters(agent_counters),
        notices(agent_notices),
        rows(topic, counters, notices),
        neighbourhood(file_system) {}

  std::string topic;
  const AgentOptions& options;
  file::FileSystem& fs;
  OpenFiles open_files;  // outlives `files`
  Random& random;
  Counters& counters;
  Notices& notices;
  std::int64_t wall_ns = 0;         // now
  std::int64_t room_sought_ns = 0;  // when handles were last closed for others
  FileTable files;
  ShortLivedBytes first_bytes;
  SourceRegistry sources;
  RowSender rows;
  Neighbourhood neighbourhood;
  // Whose file `path` was; where it is none's, the first.
  std::function<const InputOptions*(std::string_view path)> input_of;
  // By device: looking it up may mean reading a directory.
  std::map<std::uint64_t, std::string> file_system_uuids;
};

// Opens the file's handle where it has none. False where that can't be done, or another file
// stands at its path now; then its state says so. Where as many are open as may be, files that have
// nothing to be read are closed first, and if there is none, false: it is tried again.
bool EnsureOpen(TopicParts& parts, WatchedFile& file);

// All of the file is acked, or it need not be read, and its name leads to it.
bool NeedsNoHandle(const WatchedFile& file);

// Remembers how the file begins now. Its handle is open.
void TakeFirstHead(TopicParts& parts, WatchedFile& file);
// Remembers how large the file is now, how it begins and what stands at its end: of one moment,
// which may be a later one than that of its listing. Its handle is open.
void TakeFirstLook(TopicParts& parts, WatchedFile& file);
// The same of a file that can't be kept open: a descriptor for a moment there always is.
void PeekFirstLook(TopicParts& parts, WatchedFile& file);
// Remembers what stands at its end, for as long as nothing of it is read. Its handle is open.
void NoteEnd(WatchedFile& file);
// Whether the file, of so many bytes now, holds what was seen of it before it had a source.
bool HoldsWhatWasSeen(const WatchedFile& file, std::int64_t size);

// `source` goes on in `file`, at its read position.
void Bind(TopicParts& parts, WatchedFile& file, Source& source);

// Opens a file found beside a lost one, outside of the patterns; null where it is not the file of
// `found` any more.
std::unique_ptr<file::File> OpenNeighbour(TopicParts& parts, const Neighbour& found);
WatchedFile& AddNeighbour(TopicParts& parts, const Neighbour& found,
                          std::unique_ptr<file::File> handle, MonotonicMs now);

// Who the file is, as it is now. Its handle is open.
Origin OriginOf(TopicParts& parts, const WatchedFile& file);

// Sends what was seen of it as a gap (if anything), then closes the source.
void GiveUp(TopicParts& parts, Source& source, const std::string& reason, bool end_is_exact);

}  // namespace logboom::agent
