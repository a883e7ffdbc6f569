// The files of one topic, found by identity, by path, and by how they begin.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "agent/watched_file.h"

namespace logboom::agent {

// Owns its files; pointers to them stay until Remove(). One thread.
class FileTable {
 public:
  // No file of that identity may be there.
  WatchedFile& Add(WatchedFile file);
  // Unbinds its source too.
  void Remove(WatchedFile& file);

  // Leaves nothing.
  std::vector<std::unique_ptr<WatchedFile>> TakeAll();

  WatchedFile* ByIdentity(const file::FileIdentity& identity);
  // In the patterns, under that name.
  WatchedFile* ByPath(const std::string& path);
  void SetPath(WatchedFile& file, const std::string& path);
  // It has left the patterns.
  void Leave(WatchedFile& file, Place place);
  void Enter(WatchedFile& file, const std::string& path);

  // Files of like names that begin with the same bytes, and those whose name `path` is built on
  // (app.log of app.log.1): whose copy a file at `path` may be. At most kLikeMax.
  std::vector<WatchedFile*> Like(const std::string& path, const file::File& handle,
                                 std::int64_t size);
  // Makes it findable by Like(), once it is long enough.
  void NoteBeginning(WatchedFile& file);

  const std::vector<std::unique_ptr<WatchedFile>>& files() const { return files_; }

 private:
  static constexpr std::size_t kLikeMax = 64;
  using Key = std::tuple<std::uint64_t, std::uint64_t, std::int64_t>;
  static Key KeyOf(const file::FileIdentity& identity) {
    return {identity.device, identity.inode, identity.birth_time_ns};
  }
  void ForgetBeginning(const WatchedFile& file);

  std::vector<std::unique_ptr<WatchedFile>> files_;
  std::map<Key, WatchedFile*> by_identity_;
  std::unordered_map<std::string, WatchedFile*> by_path_;
  std::unordered_multimap<std::uint64_t, WatchedFile*> by_beginning_;
  std::unordered_map<const WatchedFile*, std::uint64_t> beginnings_;
};

}  // namespace logboom::agent
