#include "tests/sim/application.h"

#include <algorithm>
#include <set>

#include "lib/base/check.h"

namespace logboom::sim {

Application::Application(Stage& stage, SimAgent& agent, WrittenFiles& written, std::string name,
                         const std::string& topic)
    : stage_(stage),
      agent_(agent),
      written_(written),
      name_(std::move(name)),
      path_(fmt::format("/log/{}/{}.log", topic, name_)) {}

// ---- writing

std::string Application::Line() {
  std::string line = fmt::format("{} {:08} ", name_, next_++);
  const bool is_long = stage_.options.faults.Has(Fault::kLongLine) && stage_.OneIn(30);
  if (is_long) stage_.faults.Count(Fault::kLongLine);
  line.append(stage_.random.Below(is_long ? 6'000 : 60),
              static_cast<char>('a' + stage_.random.Below(26)));
  return line + "\n";
}

void Application::Append(const std::string& bytes) {
  auto opened = agent_.disk().Open(path_, file::OpenMode::kCreate);
  CHECK(opened.ok());
  const auto stat = (*opened)->Stat();
  CHECK(stat.ok() && (*opened)->PWrite(stat->size_bytes, bytes).ok());
  if (current_ == nullptr) {
    Begin(stat->identity);
  }
  current_->Append(bytes);
  CHECK(static_cast<std::int64_t>(current_->content.size()) ==
        stat->size_bytes + static_cast<std::int64_t>(bytes.size()));
  agent_.Tell(stat->size_bytes == 0 ? file::ChangeKind::kAppeared : file::ChangeKind::kWritten,
              path_);
}

void Application::Begin(const file::FileIdentity& file) {
  current_ = &written_.Begin(agent_.host(), name_, path_, file);
  waiting_.push_back(current_);
}

void Application::Write() {
  std::string bytes = std::exchange(half_, "");
  const std::uint64_t lines = stage_.random.Below(stage_.OneIn(10) ? 400 : 20);
  for (std::uint64_t i = 0; i < lines; ++i) bytes += Line();
  if (stage_.options.faults.Has(Fault::kHalfLine) && stage_.OneIn(4)) {
    stage_.faults.Count(Fault::kHalfLine);
    const std::string line = Line();
    const std::size_t cut = stage_.random.Below(line.size());
    bytes += line.substr(0, cut);
    half_ = line.substr(cut);
  }
  if (bytes.empty()) return;
  stage_.trace.Event(stage_.clocks.monotonic(), "{} writes {} bytes, up to line {}", name_,
                     bytes.size(), next_);
  Append(bytes);
}

void Application::FinishLine() {
  if (!half_.empty()) Append(std::exchange(half_, ""));
}

// ---- what the log knows of it

bool Application::Arrived(const Incarnation& incarnation, const SourceFold& fold) const {
  return incarnation.lines.empty() || fold.Seen(name_, incarnation.lines.back().number);
}

void Application::Look(const SourceFold& fold) {
  for (const Destroyed& each : destroyed_) {
    if (each.losses_of_knowledge != agent_.losses_of_knowledge()) {
      each.incarnation->unknown_to_all = true;
    }
  }
  std::erase_if(waiting_, [&](const Incarnation* each) {
    return each->destroyed || (each != current_ && Arrived(*each, fold));
  });
  const bool current_only = waiting_.empty() || (waiting_.size() == 1 && waiting_[0] == current_);
  if (!current_only || !agent_.AllAcked()) return;
  if (current_ != nullptr && !Arrived(*current_, fold)) return;
  unseen_rotations_ = 0;
  unseen_copy_ = false;
  seen_ = current_ != nullptr && !current_->lines.empty();
}

void Application::BrokerRestored() {
  std::set<Bytes> standing;
  const std::string directory = file::ParentDirectory(path_);
  const auto entries = agent_.disk().List(directory);
  CHECK(entries.ok());
  for (const file::DirectoryEntry& entry : *entries) {
    // Whoever did not see it leave the patterns does not know of it.
    if (entry.name.find("-copy-") != std::string::npos) continue;
    const auto bytes = file::ReadWholeFile(
        agent_.disk(), fmt::format("{}/{}", directory, entry.name), std::size_t{1} << 30U);
    if (bytes.ok()) standing.insert(*bytes);
  }
  for (Incarnation& each : written_.all()) {
    if (each.host != agent_.host() || each.writer != name_) continue;
    if (standing.contains(each.content)) {
      waiting_.push_back(&each);
    } else {
      each.destroyed = true;
      each.unknown_to_all = true;
    }
  }
  unseen_rotations_ = kUnseenMax;
  unseen_copy_ = true;
  seen_ = false;
}

std::string Application::Missing(const SourceFold& fold) const {
  for (std::uint64_t number = 0; number < next_; ++number) {
    if (!fold.Seen(name_, number)) return fmt::format("{}: line {} of {}", name_, number, next_);
  }
  return "";
}

// ---- rotating

void Application::Rename(const std::string& from, const std::string& to) {
  CHECK(agent_.disk().Rename(from, to).ok());
  agent_.Tell(file::ChangeKind::kVanished, from);
  agent_.Tell(file::ChangeKind::kAppeared, to);
}

void Application::Remove(const std::string& path) {
  CHECK(agent_.disk().Remove(path).ok());
  agent_.Tell(file::ChangeKind::kVanished, path);
}

void Application::Truncate() {
  auto opened = agent_.disk().Open(path_, file::OpenMode::kReadWrite);
  CHECK(opened.ok() && (*opened)->Truncate(0).ok());
  agent_.Tell(file::ChangeKind::kWritten, path_);
  Begin(current_->file);
}

void Application::MakeRoom() {
  for (int i = kKept; i >= 1; --i) {
    const std::string from = fmt::format("{}.{}", path_, i);
    if (!Exists(from)) continue;
    if (i == kKept) {
      Remove(from);
    } else {
      Rename(from, fmt::format("{}.{}", path_, i + 1));
    }
  }
}

void Application::Rotate(const SourceFold& fold) {
  Look(fold);
  if (current_ == nullptr || unseen_copy_ || unseen_rotations_ >= kUnseenMax) return;
  const bool by_copy = stage_.options.faults.Has(Fault::kCopyTruncate) && stage_.OneIn(2);
  if (by_copy ? unseen_rotations_ > 0 : !stage_.options.faults.Has(Fault::kRename)) return;
  ++unseen_rotations_;
  FinishLine();
  by_copy ? RotateByCopy() : RotateByRename();
  seen_ = false;
}

void Application::RotateByRename() {
  stage_.Happened(Fault::kRename, "{}", path_);
  MakeRoom();
  Rename(path_, path_ + ".1");
  current_ = nullptr;
}

void Application::RotateByCopy() {
  unseen_copy_ = true;
  if (!seen_ || stage_.OneIn(2)) {
    MakeRoom();
    Copy(path_ + ".1");
  } else {
    Copy(fmt::format("{}-copy-{}", path_, ++copies_));
  }
  Truncate();
}

void Application::Copy(const std::string& to) {
  stage_.Happened(Fault::kCopyTruncate, "{} to {}", path_, to);
  auto opened = agent_.disk().Open(to, file::OpenMode::kCreateNew);
  CHECK(opened.ok() && (*opened)->PWrite(0, current_->content).ok());
  written_.Begin(agent_.host(), name_, to, (*opened)->Stat()->identity).Append(current_->content);
  agent_.Tell(file::ChangeKind::kAppeared, to);
}

// ---- destroying

void Application::NoteDestroyed(const SourceFold& fold) {
  if (Arrived(*current_, fold)) return;
  const auto size_bytes = static_cast<std::int64_t>(current_->content.size());
  current_->destroyed = true;
  if (!agent_.KnowsSize(path_, size_bytes)) current_->unknown_to_all = true;
  destroyed_.push_back({current_, agent_.losses_of_knowledge()});
}

void Application::Destroy(const SourceFold& fold) {
  const bool unlink = stage_.options.faults.Has(Fault::kUnlink) && stage_.OneIn(2);
  if (current_ == nullptr || unseen_rotations_ > 0) return;
  if (!unlink && !stage_.options.faults.Has(Fault::kTruncate)) return;
  FinishLine();
  NoteDestroyed(fold);
  stage_.Happened(unlink ? Fault::kUnlink : Fault::kTruncate, "{}{}", path_,
                  current_->unknown_to_all ? ", which nobody has seen whole" : "");
  if (unlink) {
    Remove(path_);
    current_ = nullptr;
  } else {
    Truncate();
  }
  seen_ = false;
  ++unseen_rotations_;
}

}  // namespace logboom::sim
