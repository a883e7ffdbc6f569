#include "agent/handover.h"

#include <algorithm>
#include <utility>

namespace logboom::agent {
namespace {

bool ReadsTheSame(const InputOptions& a, const InputOptions& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == InputKind::kStandardInput) return true;
  if (a.kind == InputKind::kSyslog) return a.syslog == b.syslog;  // nobody else can listen there
  return a.journal == b.journal && a.encoding == b.encoding && a.strip_cr == b.strip_cr &&
         a.multiline == b.multiline && a.multiline_timeout == b.multiline_timeout;
}

}  // namespace

HandedFile HandFileOver(WatchedFile file) {
  HandedFile handed;
  if (file.source != nullptr) handed.opened_as = file.source->identity.path;
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

std::unique_ptr<RecordStream> TakeStream(Handover& handover, const InputOptions& input) {
  const auto found = std::find_if(
      handover.streams.begin(), handover.streams.end(),
      [&](const auto& handed) { return handed.stream && ReadsTheSame(handed.input, input); });
  return found == handover.streams.end() ? nullptr : std::move(found->stream);
}

}  // namespace logboom::agent
