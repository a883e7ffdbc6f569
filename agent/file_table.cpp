#include "agent/file_table.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "agent/name_stem.h"
#include "lib/base/check.h"
#include "lib/record/span.h"

namespace logboom::agent {
namespace {

constexpr std::size_t kBeginningBytes = 64;
constexpr std::string_view kNameSeparators = ".-_~";

// Of its first bytes and the stem of its name; nothing while it is shorter.
std::optional<std::uint64_t> BeginningOf(std::string_view path, const file::File& handle,
                                         std::int64_t size) {
  if (size < static_cast<std::int64_t>(kBeginningBytes)) return std::nullopt;
  std::array<char, kBeginningBytes> first;
  const auto read = handle.PRead(0, first);
  if (!read || *read != first.size()) return std::nullopt;
  return record::HashBytes({first.data(), first.size()}) ^ record::HashBytes(NameStem(path));
}

}  // namespace

std::size_t FileTable::IdentityOf::operator()(const file::FileIdentity& identity) const {
  // Inodes of one device are dense, and births tell those apart that one number has had.
  const std::hash<std::uint64_t> hash;
  return hash(identity.inode) * 31 + hash(static_cast<std::uint64_t>(identity.birth_time_ns)) +
         hash(identity.device) * 17;
}

WatchedFile& FileTable::Add(WatchedFile file) {
  auto owned = std::make_unique<WatchedFile>(std::move(file));
  WatchedFile& added = *owned;
  const bool is_new = by_identity_.insert(&added).second;
  CHECK(is_new);
  if (added.place == Place::kInPattern) TakePath(added);
  files_.push_back(std::move(owned));
  return added;
}

void FileTable::Remove(WatchedFile& file) {
  if (file.source != nullptr && file.source->bound == &file) file.source->bound = nullptr;
  by_identity_.erase(&file);
  LeavePath(file);
  ForgetBeginning(file);
  std::erase_if(files_, [&file](const auto& each) { return each.get() == &file; });
}

std::vector<std::unique_ptr<WatchedFile>> FileTable::TakeAll() {
  by_identity_.clear();
  by_path_.clear();
  by_beginning_.clear();
  return std::exchange(files_, {});
}

WatchedFile* FileTable::ByIdentity(const file::FileIdentity& identity) {
  const auto found = by_identity_.find(identity);
  return found == by_identity_.end() ? nullptr : *found;
}

WatchedFile* FileTable::ByPath(std::string_view path) {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : *found;
}

// The newest has it, where another that has gone had it before.
void FileTable::TakePath(WatchedFile& file) {
  const auto had = by_path_.find(std::string_view(file.path));
  if (had != by_path_.end()) by_path_.erase(had);
  by_path_.insert(&file);
}

void FileTable::LeavePath(WatchedFile& file) {
  const auto at_path = by_path_.find(std::string_view(file.path));
  if (at_path != by_path_.end() && *at_path == &file) by_path_.erase(at_path);
}

void FileTable::SetPath(WatchedFile& file, const std::string& path) {
  LeavePath(file);
  file.path = path;
  if (file.place == Place::kInPattern) TakePath(file);
}

void FileTable::Leave(WatchedFile& file, Place place) {
  LeavePath(file);
  file.place = place;
}

void FileTable::Enter(WatchedFile& file, const std::string& path) {
  file.place = Place::kInPattern;
  SetPath(file, path);
}

void FileTable::ForgetBeginning(WatchedFile& file) {
  if (!file.beginning) return;
  const auto [first, last] = by_beginning_.equal_range(*file.beginning);
  const auto entry =
      std::find_if(first, last, [&file](const auto& each) { return each.second == &file; });
  CHECK(entry != last);
  by_beginning_.erase(entry);
  file.beginning.reset();
}

void FileTable::NoteBeginning(WatchedFile& file) {
  if (!file.handle) return;
  const auto beginning = BeginningOf(file.path, *file.handle, file.size);
  if (beginning == file.beginning) return;
  ForgetBeginning(file);
  if (!beginning) return;
  file.beginning = beginning;
  by_beginning_.emplace(*beginning, &file);
}

std::vector<WatchedFile*> FileTable::Like(const std::string& path, const file::File& handle,
                                          std::int64_t size) {
  std::vector<WatchedFile*> like;
  const std::size_t name_at = path.size() - FileName(path).size();
  for (std::size_t end = path.size(); end > name_at + 1; --end) {
    if (end < path.size() && kNameSeparators.find(path[end]) == std::string_view::npos) continue;
    WatchedFile* shorter = ByPath(path.substr(0, end));
    if (shorter != nullptr && end < path.size()) like.push_back(shorter);
  }
  const auto beginning = BeginningOf(path, handle, size);
  if (!beginning) return like;
  const auto [first, last] = by_beginning_.equal_range(*beginning);
  for (auto each = first; each != last && like.size() < kLikeMax; ++each) {
    if (std::find(like.begin(), like.end(), each->second) == like.end()) {
      like.push_back(each->second);
    }
  }
  return like;
}

}  // namespace logboom::agent
