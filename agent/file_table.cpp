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

WatchedFile& FileTable::Add(WatchedFile file) {
  auto owned = std::make_unique<WatchedFile>(std::move(file));
  WatchedFile& added = *owned;
  const bool is_new = by_identity_.emplace(KeyOf(added.identity), &added).second;
  CHECK(is_new);
  if (added.place == Place::kInPattern) by_path_[added.path] = &added;
  files_.push_back(std::move(owned));
  return added;
}

void FileTable::Remove(WatchedFile& file) {
  if (file.source != nullptr && file.source->bound == &file) file.source->bound = nullptr;
  by_identity_.erase(KeyOf(file.identity));
  const auto at_path = by_path_.find(file.path);
  if (at_path != by_path_.end() && at_path->second == &file) by_path_.erase(at_path);
  ForgetBeginning(file);
  std::erase_if(files_, [&file](const auto& each) { return each.get() == &file; });
}

std::vector<std::unique_ptr<WatchedFile>> FileTable::TakeAll() {
  by_identity_.clear();
  by_path_.clear();
  by_beginning_.clear();
  beginnings_.clear();
  return std::exchange(files_, {});
}

WatchedFile* FileTable::ByIdentity(const file::FileIdentity& identity) {
  const auto found = by_identity_.find(KeyOf(identity));
  return found == by_identity_.end() ? nullptr : found->second;
}

WatchedFile* FileTable::ByPath(const std::string& path) {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : found->second;
}

void FileTable::SetPath(WatchedFile& file, const std::string& path) {
  const auto at_path = by_path_.find(file.path);
  if (at_path != by_path_.end() && at_path->second == &file) by_path_.erase(at_path);
  file.path = path;
  if (file.place == Place::kInPattern) by_path_[path] = &file;
}

void FileTable::Leave(WatchedFile& file, Place place) {
  const auto at_path = by_path_.find(file.path);
  if (at_path != by_path_.end() && at_path->second == &file) by_path_.erase(at_path);
  file.place = place;
}

void FileTable::Enter(WatchedFile& file, const std::string& path) {
  file.place = Place::kInPattern;
  SetPath(file, path);
}

void FileTable::ForgetBeginning(const WatchedFile& file) {
  const auto noted = beginnings_.find(&file);
  if (noted == beginnings_.end()) return;
  const auto [first, last] = by_beginning_.equal_range(noted->second);
  const auto entry =
      std::find_if(first, last, [&file](const auto& each) { return each.second == &file; });
  if (entry != last) by_beginning_.erase(entry);
  beginnings_.erase(noted);
}

void FileTable::NoteBeginning(WatchedFile& file) {
  if (!file.handle) return;
  const auto beginning = BeginningOf(file.path, *file.handle, file.size);
  const auto noted = beginnings_.find(&file);
  if (noted != beginnings_.end() && beginning == noted->second) return;
  ForgetBeginning(file);
  if (!beginning) return;
  beginnings_[&file] = *beginning;
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
