#include "agent/topic_parts.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <utility>

#include "agent/content.h"

namespace logboom::agent {

namespace {

// Of the open files this share is closed at once, so that room is not sought for each.
constexpr std::size_t kClosedShare = 2;
// Where none could be closed, others are not asked at once again.
constexpr std::int64_t kRoomPauseNs = 100'000'000;

// Closes those that were quiet for longest.
void MakeRoom(TopicParts& parts) {
  if (std::abs(parts.wall_ns - parts.room_sought_ns) < kRoomPauseNs) return;
  parts.room_sought_ns = parts.wall_ns;
  std::vector<WatchedFile*> closable;
  for (const auto& file : parts.files.files()) {
    if (file->handle && NeedsNoHandle(*file)) closable.push_back(file.get());
  }
  const std::size_t closed =
      std::min(closable.size(), std::max<std::size_t>(1, parts.open_files.count() / kClosedShare));
  std::partial_sort(
      closable.begin(), closable.begin() + static_cast<std::ptrdiff_t>(closed), closable.end(),
      [](const WatchedFile* a, const WatchedFile* b) { return a->changed_at < b->changed_at; });
  for (std::size_t i = 0; i < closed; ++i) closable[i]->handle.reset();
}

}  // namespace

std::size_t OpenFilesMaxOfTopic(const AgentOptions& options) {
  std::set<std::string> topics;
  for (const InputOptions& input : options.inputs) topics.insert(input.topic);
  const std::size_t share = options.open_files_max / std::max<std::size_t>(topics.size(), 1);
  return std::max(share, kOpenFilesOfTopicMin);
}

bool NeedsNoHandle(const WatchedFile& file) {
  if (file.place != Place::kInPattern) return false;
  if (file.state == FileState::kCopy || file.state == FileState::kFinished ||
      file.state == FileState::kBinary) {
    return true;
  }
  return file.state == FileState::kReading && file.source->durable.end.value() == file.size &&
         file.source->settled();
}

bool EnsureOpen(TopicParts& parts, WatchedFile& file) {
  if (file.handle) return true;
  if (parts.open_files.full()) MakeRoom(parts);
  if (parts.open_files.full()) return false;
  auto opened = parts.open_files.Open(file.path);
  if (!opened) {
    if (opened.error().code == ErrorCode::kNotFound) return false;
    parts.notices.SayOnce("unreadable " + file.path, Severity::kWarn,
                          opened.error().message + "; it is tried again when it changes");
    if (file.state == FileState::kUnplaced) file.state = FileState::kUnreadable;
    return false;
  }
  const auto stat = (*opened)->Stat();
  if (!stat || stat->identity != file.identity) return false;
  parts.notices.Forget("unreadable " + file.path);
  file.handle = std::move(*opened);
  if (file.state == FileState::kUnreadable) file.state = FileState::kUnplaced;
  parts.files.NoteBeginning(file);
  return true;
}

void TakeFirstHead(TopicParts& parts, WatchedFile& file) {
  const Bytes head = Content(*file.handle, file.size).Head();
  file.first_bytes = parts.first_bytes.Keep(head);
  file.first_head = {.bytes = static_cast<std::uint32_t>(head.size()),
                     .hash = record::HashBytes(head)};
}

void NoteEnd(WatchedFile& file) {
  file.seen_end = {};
  // Room that was made ahead is yet to be written in place.
  std::array<char, 1> last{};
  if (file.size <= 0 || !file.handle->PRead(file.size - 1, last) || last[0] == '\0') return;
  const SourcePosition end(file.size);
  const auto window = Content(*file.handle, file.size).WindowBefore(end);
  if (window) file.seen_end = {end, *window};
}

void TakeFirstLook(TopicParts& parts, WatchedFile& file) {
  if (const auto stat = file.handle->Stat()) {
    file.size = stat->size_bytes;
    file.SetModified(stat->modified_ns, parts.wall_ns);
  }
  TakeFirstHead(parts, file);
  if (file.first_head.bytes == 0) file.size = 0;  // emptied meanwhile: nobody saw what it held
  NoteEnd(file);
  file.unplaced_size_max = file.size;
  file.unplaced_modified_ns = file.written_ns();
}

bool HoldsWhatWasSeen(const WatchedFile& file, std::int64_t size) {
  const Content content(*file.handle, size);
  return HeadMatches(content, file.first_head) && WindowMatches(content, file.seen_end);
}

void PeekFirstLook(TopicParts& parts, WatchedFile& file) {
  auto opened = parts.fs.Open(file.path, file::OpenMode::kRead);
  if (!opened) return;
  const auto stat = (*opened)->Stat();
  if (!stat || stat->identity != file.identity) return;
  file.handle = *std::move(opened);
  TakeFirstLook(parts, file);
  parts.files.NoteBeginning(file);
  file.handle.reset();
}

void Bind(TopicParts& parts, WatchedFile& file, Source& source) {
  file.first_bytes = nullptr;
  file.content_source = {};
  file.source = &source;
  file.state = FileState::kReading;
  file.waits_for = nullptr;
  file.rest_at_size = -1;
  file.look_due = true;
  source.bound = &file;
  source.foreign = false;
  if (file.input == nullptr) file.input = source.input;
  if (file.input == nullptr) file.input = parts.input_of(source.origin.path);
  source.input = file.input;
  source.file = file.identity;
  source.SetPath(file.path);
  source.size_seen = std::max(source.size_seen, file.size);
  source.modified_seen_ns = file.written_ns();
  source.checkpoint_due = true;
  parts.files.NoteBeginning(file);
}

std::unique_ptr<file::File> OpenNeighbour(TopicParts& parts, const Neighbour& found) {
  if (parts.files.ByIdentity(found.stat.identity) != nullptr) return nullptr;
  if (parts.open_files.full()) MakeRoom(parts);
  auto handle = parts.open_files.Open(found.path);
  if (!handle) return nullptr;
  const auto stat = (*handle)->Stat();
  if (!stat || stat->identity != found.stat.identity) return nullptr;
  return std::move(*handle);
}

WatchedFile& AddNeighbour(TopicParts& parts, const Neighbour& found,
                          std::unique_ptr<file::File> handle, MonotonicMs now) {
  WatchedFile file;
  file.path = found.path;
  file.identity = found.stat.identity;
  file.handle = std::move(handle);
  file.place = Place::kRenamedAway;
  file.size = found.stat.size_bytes;
  file.SetModified(found.stat.modified_ns, parts.wall_ns);
  file.changed_at = now;
  file.left_at = now;
  return parts.files.Add(std::move(file));
}

Origin OriginOf(TopicParts& parts, const WatchedFile& file) {
  record::SourceIdentity identity;
  identity.agent_id = parts.options.agent_id;
  identity.path = file.path;
  identity.device = file.identity.device;
  identity.inode = file.identity.inode;
  identity.birth_time_ns = file.identity.birth_time_ns;
  const auto [uuid, is_new] = parts.file_system_uuids.try_emplace(file.identity.device);
  if (is_new) uuid->second = parts.fs.FileSystemUuid(file.path);
  identity.file_system_uuid = uuid->second;
  Origin origin(identity);
  if (file.handle) origin.head = TakeHead(Content(*file.handle, file.size));
  return origin;
}

void GiveUp(TopicParts& parts, Source& source, const std::string& reason, bool end_is_exact) {
  const bool broker_lost = source.durable_max > source.durable.end;
  const SourcePosition end(std::max(source.size_seen, source.durable_max.value()));
  // Lines left out that nobody was told of yet are no loss, unless they are forgotten before.
  const SourcePosition covered = source.covered();
  if (source.has_left_out()) parts.rows.WantLeftOut(source);
  if (end > covered) {
    parts.notices.Say(
        Severity::kError,
        fmt::format("{}: {} {} bytes were not read in time ({}): noted as a gap", source.path(),
                    end_is_exact ? "" : "at least", end - covered, reason));
  }
  if (end > source.durable.end) {
    parts.rows.Want(source, {.kind = client::RowKind::kGap,
                             .end = end,
                             .end_is_exact = end_is_exact,
                             .reason = broker_lost ? "broker lost acked data" : reason,
                             .window = 0});
  }
  source.given_up = true;
  parts.rows.WantClose(source);
}

}  // namespace logboom::agent
