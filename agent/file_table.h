// The files of one topic, found by identity, by path, and by how they begin.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
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
  WatchedFile* ByPath(std::string_view path);
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
  void ForgetBeginning(WatchedFile& file);

  // Files are found by what they hold themselves: a key of its own would cost more than the entry.
  struct IdentityOf {
    using is_transparent = void;
    std::size_t operator()(const file::FileIdentity& identity) const;
    std::size_t operator()(const WatchedFile* file) const { return (*this)(file->identity); }
    bool operator()(const file::FileIdentity& identity, const WatchedFile* file) const {
      return identity == file->identity;
    }
    bool operator()(const WatchedFile* a, const WatchedFile* b) const {
      return a->identity == b->identity;
    }
  };
  struct PathOf {
    using is_transparent = void;
    std::size_t operator()(std::string_view path) const {
      return std::hash<std::string_view>()(path);
    }
    std::size_t operator()(const WatchedFile* file) const { return (*this)(file->path); }
    bool operator()(std::string_view path, const WatchedFile* file) const {
      return path == file->path;
    }
    bool operator()(const WatchedFile* a, const WatchedFile* b) const { return a->path == b->path; }
  };

  void TakePath(WatchedFile& file);
  void LeavePath(WatchedFile& file);

  std::vector<std::unique_ptr<WatchedFile>> files_;
  std::unordered_set<WatchedFile*, IdentityOf, IdentityOf> by_identity_;
  std::unordered_set<WatchedFile*, PathOf, PathOf> by_path_;  // in the patterns
  std::unordered_multimap<std::uint64_t, WatchedFile*> by_beginning_;
};

}  // namespace logboom::agent
