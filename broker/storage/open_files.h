// The files that all logs together hold open, within a budget: they are opened on use, and where
// room is needed the logs that nobody has used for longest close theirs.
//
// Logs open files through their FileShare alone, so nobody who calls a log has to think of it.
#pragma once

#include <cstddef>
#include <list>
#include <unordered_map>
#include <vector>

#include "broker/storage/topic_partition.h"
#include "lib/base/result.h"
#include "lib/base/types.h"

namespace logboom::broker {

// A log, as far as its files go.
class FileHolder {
 public:
  virtual ~FileHolder() = default;
  // Descriptors that are held.
  virtual std::size_t open_files() const = 0;
  // True where all were closed; false where something of them is not synced: nothing has changed.
  virtual bool CloseFiles() = 0;
};

// Outlives the logs that share it; one thread.
class OpenFiles {
 public:
  struct Log {
    TopicPartition where;
    FileHolder* holder = nullptr;
    std::size_t files = 0;
    MonotonicMs used;
  };

  explicit OpenFiles(std::size_t files_max) : files_max_(files_max) {}

  // What counts as the time of uses from now on.
  void SetTime(MonotonicMs now) { now_ = now; }
  // Closes files of others until so many more fit. kBusy where they do not.
  Status MakeRoom(const FileHolder& asking, std::size_t files);
  // The log was used just now, and may hold another number of files; with none it is forgotten.
  void Note(FileHolder& holder, const TopicPartition& where);
  void Forget(const FileHolder& holder);
  // The system has refused a descriptor; and whether it has since the last call.
  void NoteShortage() { short_ = true; }
  bool TakeShortage();

  std::size_t files() const { return files_; }
  std::size_t files_max() const { return files_max_; }
  // The least recently used first.
  std::vector<Log> Oldest(std::size_t count_max) const;

 private:
  bool Fits(std::size_t files) const { return files_ + files <= files_max_; }

  std::size_t files_max_;
  MonotonicMs now_;
  bool short_ = false;
  std::list<Log> by_use_;  // the one used last comes first
  std::unordered_map<const FileHolder*, std::list<Log>::iterator> places_;
  std::size_t files_ = 0;
};

// One log's share. A log that has not joined opens what it likes.
class FileShare {
 public:
  explicit FileShare(FileHolder& holder) : holder_(holder) {}
  ~FileShare();
  FileShare(const FileShare&) = delete;
  FileShare& operator=(const FileShare&) = delete;

  void Join(OpenFiles& all, const TopicPartition& where);
  // Before files are opened.
  Status MakeRoom(std::size_t files);
  // After a use, and after files were opened or closed.
  void Note();
  // What is told of a failed open: kBusy where there is no descriptor, since they come and go with
  // connections, and whoever asked may ask again.
  Error Told(const Error& error);
  Status Told(const Status& status) { return status.ok() ? status : Status(Told(status.error())); }

 private:
  FileHolder& holder_;
  OpenFiles* all_ = nullptr;
  TopicPartition where_;
};

}  // namespace logboom::broker
