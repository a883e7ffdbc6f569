#include "tests/sim/rotated_log.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"

namespace logboom::sim {

RotatedLog::RotatedLog(SimAgent& agent, WrittenFiles& written, std::string name,
                       Beginning beginning)
    : agent_(agent),
      written_(written),
      name_(std::move(name)),
      path_(fmt::format("/log/web/{}.log", name_)) {
  if (beginning == Beginning::kBanner) {
    for (int i = 0; i < 40; ++i) banner_ += fmt::format("#{:-<60}\n", i);
  }
  Begin();
}

// ---- its program

void RotatedLog::Begin() {
  Generation& made = generations_.emplace_back();
  auto opened = agent_.disk().Open(path_, file::OpenMode::kCreate);
  CHECK(opened.ok());
  made.file = *std::move(opened);
  made.path = path_;
  made.written = &written_.Begin(agent_.host(), name_, path_, made.file->Stat()->identity);
  CHECK(made.file->PWrite(0, banner_).ok());
  // It names no line: the books know it as bytes alone.
  made.written->content = banner_;
  made.written->line_begin = static_cast<std::int64_t>(banner_.size());
  agent_.Tell(file::ChangeKind::kAppeared, path_);
}

std::string RotatedLog::Lines(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += fmt::format("{} {:08} of some length\n", name_, next_++);
  return lines;
}

void RotatedLog::Append(Generation& generation, const std::string& bytes) {
  const auto size = static_cast<std::int64_t>(generation.written->content.size());
  CHECK(generation.file->Stat()->size_bytes == size);
  CHECK(generation.file->PWrite(size, bytes).ok());
  generation.written->Append(bytes);
  agent_.Tell(file::ChangeKind::kWritten, generation.path);
}

void RotatedLog::Write(int lines) { Append(current(), Lines(lines)); }

void RotatedLog::WriteLate(int lines) {
  for (Generation* each : late_) Append(*each, Lines(lines));
}

void RotatedLog::WritePast(std::int64_t bytes) {
  while (size_bytes() <= bytes) Write(10);
}

std::int64_t RotatedLog::size_bytes() const {
  return static_cast<std::int64_t>(generations_.back().written->content.size());
}

// ---- what a rotation does

void RotatedLog::MoveRotated(const std::string& from, const std::string& to) {
  CHECK(agent_.disk().Rename(from, to).ok());
  for (Generation& each : generations_) {
    if (each.path == from) each.path = to;
  }
  agent_.Tell(file::ChangeKind::kVanished, from);
  agent_.Tell(file::ChangeKind::kAppeared, to);
}

void RotatedLog::RemoveRotated(const std::string& path, std::size_t generations_ago) {
  CHECK(agent_.disk().Remove(path).ok());
  agent_.Tell(file::ChangeKind::kVanished, path);
  Leaves(generations_[generations_.size() - 1 - generations_ago]);
}

void RotatedLog::Rename(const std::string& to, Finds finds, Writer writer) {
  const bool found = finds == Finds::kAlways || (finds == Finds::kIfAcked && current().acked > 0);
  if (!found) Leaves(current());
  MoveRotated(path_, to);
  Reopen(writer);
}

void RotatedLog::Remove(Writer writer) {
  CHECK(agent_.disk().Remove(path_).ok());
  agent_.Tell(file::ChangeKind::kVanished, path_);
  Leaves(current());
  // The inode may be taken again once the removal is durable.
  CHECK(agent_.disk().SyncFileSystem("/").ok());
  Reopen(writer);
}

void RotatedLog::GoOnAt(const std::string& path) {
  path_ = path;
  Reopen(Writer::kReopens);
}

void RotatedLog::Reopen(Writer writer) {
  if (writer == Writer::kGoesOn) {
    late_.push_back(&current());
  } else {
    current().file.reset();
  }
  Begin();
}

void RotatedLog::Truncate() {
  Gone(current());
  TruncateCopied();
}

void RotatedLog::Copy(const std::string& to, Finds finds) {
  if (finds == Finds::kIfAcked && current().acked == 0) Leaves(current());
  auto made = agent_.disk().Open(to, file::OpenMode::kCreateNew);
  const Bytes& content = current().written->content;
  CHECK(made.ok() && (*made)->PWrite(0, content).ok());
  Incarnation& copy = written_.Begin(agent_.host(), name_, to, (*made)->Stat()->identity);
  copy.content = banner_;
  copy.line_begin = static_cast<std::int64_t>(banner_.size());
  copy.Append(ByteView(content).substr(banner_.size()));
  // It may be that nobody finds it, or that it goes with what it is a copy of.
  copy.unknown_to_all = current().fate != Fate::kStands;
  agent_.Tell(file::ChangeKind::kAppeared, to);
}

void RotatedLog::TruncateCopied() {
  CHECK(current().file->Truncate(0).ok());
  agent_.Tell(file::ChangeKind::kWritten, path_);
  current().file.reset();
  Begin();
}

// ---- the books

// Whoever has it open can read it to its end.
void RotatedLog::Leaves(Generation& generation) {
  if (generation.acked == generation.written->lines.size()) return;
  if (agent_.up()) {
    generation.fate = Fate::kHeld;
  } else {
    Gone(generation);
  }
}

void RotatedLog::Gone(Generation& generation) {
  generation.fate = Fate::kGone;
  generation.gap_due = agent_.up() && generation.acked < generation.written->lines.size();
  generation.written->destroyed = true;
  generation.written->unknown_to_all = !agent_.up();
}

void RotatedLog::AllAcked() {
  for (Generation& each : generations_) {
    if (each.fate != Fate::kGone) each.acked = each.written->lines.size();
  }
}

void RotatedLog::KnowledgeLost() {
  for (Generation& each : generations_) {
    if (each.acked == each.written->lines.size() || each.fate == Fate::kStands) continue;
    each.fate = Fate::kGone;
    each.gap_due = false;
    each.written->destroyed = true;
    each.written->unknown_to_all = true;
  }
}

std::size_t RotatedLog::gaps_due() const {
  return static_cast<std::size_t>(std::count_if(generations_.begin(), generations_.end(),
                                                [](const auto& each) { return each.gap_due; }));
}

std::string RotatedLog::Missing(const SourceFold& fold) const {
  for (const Generation& each : generations_) {
    const auto& lines = each.written->lines;
    const std::size_t sure = each.fate == Fate::kGone ? each.acked : lines.size();
    for (std::size_t i = 0; i < sure; ++i) {
      if (fold.Seen(name_, lines[i].number)) continue;
      return fmt::format("{}: line {} of {}", name_, lines[i].number, each.path);
    }
  }
  return "";
}

}  // namespace logboom::sim
