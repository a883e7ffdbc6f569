#include "agent/handover.h"

#include <algorithm>
#include <utility>

#include "agent/streams/gone_stream.h"

namespace logboom::agent {
namespace {

bool ReadsTheSame(const InputOptions& a, const InputOptions& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == InputKind::kStandardInput) return true;
  if (a.kind == InputKind::kSyslog) return a.syslog == b.syslog;  // nobody else can listen there
  return a.journal == b.journal && a.encoding == b.encoding && a.strip_cr == b.strip_cr &&
         a.multiline == b.multiline && a.multiline_timeout == b.multiline_timeout;
}

bool GoesOn(const HandedStream& handed, const InputOptions& input) {
  return handed.stream && !handed.leaves && ReadsTheSame(handed.input, input);
}

// Which of `handed` each input goes on with; null: with none.
std::vector<HandedStream*> MatchStreams(const std::vector<const InputOptions*>& inputs,
                                        std::vector<HandedStream>& handed) {
  std::vector<HandedStream*> passed(inputs.size(), nullptr);
  for (const bool same_topic : {true, false}) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (passed[i] != nullptr) continue;
      for (HandedStream& each : handed) {
        const bool is_taken = std::find(passed.begin(), passed.end(), &each) != passed.end();
        if (is_taken || !GoesOn(each, *inputs[i])) continue;
        if (same_topic && each.input.topic != inputs[i]->topic) continue;
        passed[i] = &each;
        break;
      }
    }
  }
  return passed;
}

// What the journal gave is the journal's: its sources stay as they are, as files' do.
void LetGo(HandedStream& handed) {
  if (!handed.stream || handed.stream->unit() == PositionUnit::kEntries) return;
  handed.stream->End();
  handed.leaves = true;
}

std::unique_ptr<RecordStream> Take(HandedStream& handed, const InputOptions& input) {
  auto stream = std::move(handed.stream);
  if (handed.input.topic == input.topic || stream->unit() == PositionUnit::kEntries) return stream;
  handed.stream = MakeGoneStream(stream->name(), std::move(handed.sources));
  handed.leaves = true;
  return stream;
}

}  // namespace

HandedFile HandFileOver(WatchedFile file) {
  HandedFile handed;
  if (file.source != nullptr) {
    handed.opened_as = file.source->origin.path;
    handed.file.content_source = file.source->id;
  }
  handed.file.path = std::move(file.path);
  handed.file.identity = file.identity;
  handed.file.handle = std::move(file.handle);
  handed.file.place = file.place;
  handed.file.named = file.named;
  handed.file.size = file.size;
  handed.file.modified_ns = file.modified_ns;
  handed.file.set_back_ns = file.set_back_ns;
  handed.file.found_at = file.found_at;
  handed.file.changed_at = file.changed_at;
  handed.file.left_at = file.left_at;
  handed.file.last_line = file.last_line;
  handed.file.found_text = file.found_text;
  if (!handed.opened_as.empty()) return handed;
  handed.file.first_head = file.first_head;
  handed.file.first_bytes = std::move(file.first_bytes);
  handed.file.seen_end = file.seen_end;
  handed.file.unplaced_size_max = file.unplaced_size_max;
  handed.file.unplaced_modified_ns = file.unplaced_modified_ns;
  handed.file.unplaced_truncated = file.unplaced_truncated;
  handed.file.found_at_start = file.found_at_start;
  handed.file.found_old = file.found_old;
  handed.file.size_at_start = file.size_at_start;
  return handed;
}

Result<std::vector<std::unique_ptr<RecordStream>>> PassStreamsOn(
    const std::vector<const InputOptions*>& inputs, const StreamFactory& open, Handover* before) {
  Handover nothing;
  std::vector<HandedStream>& handed = before == nullptr ? nothing.streams : before->streams;
  const std::vector<HandedStream*> passed = MatchStreams(inputs, handed);
  for (HandedStream& each : handed) {
    if (std::find(passed.begin(), passed.end(), &each) == passed.end()) LetGo(each);
  }
  std::vector<std::unique_ptr<RecordStream>> streams(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (passed[i] != nullptr) continue;
    auto opened = open(*inputs[i]);
    if (!opened) return opened.error().Within("input '" + inputs[i]->name + "'");
    streams[i] = *std::move(opened);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (passed[i] != nullptr) streams[i] = Take(*passed[i], *inputs[i]);
  }
  return streams;
}

}  // namespace logboom::agent
