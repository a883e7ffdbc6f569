// Fails the calls of another file system, by plan or by seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/file/file_system.h"
#include "lib/file/trees.h"

namespace logboom::file {

enum class CallKind {
  kOpen,
  kRead,
  kWrite,
  kSync,
  kTruncate,
  kPreallocate,
  kDropCache,
  kStat,  // by path and by handle
  kRename,
  kLink,
  kRemove,
  kRemoveDirectory,
  kCreateDirectories,
  kSyncDirectory,
  kSyncFileSystem,
  kList,
  kLock,
  kSpace,
};
inline constexpr std::size_t kCallKinds = 18;

std::string_view CallKindName(CallKind kind);

enum class FaultSpan {
  kOnce,
  kFromThenOn,  // every call that matches, until Heal()
};

// What has happened by the time that the failure is told.
enum class FaultEffect {
  kNone,  // of a write, its first `short_write_bytes`
  kDone,  // all of it: a rename that took place before the error, as a broken network disk does it
};

struct FaultPlan {
  std::optional<CallKind> kind = std::nullopt;  // nothing: any
  std::string path_part = {};                   // in the path (of a rename: in either); empty: any
  // Where given, decides as well.
  std::function<bool(CallKind, const std::string& path)> matches = nullptr;
  std::uint64_t after_calls = 0;  // this many that match go through first
  ErrorCode code = ErrorCode::kIo;
  FaultSpan span = FaultSpan::kOnce;
  FaultEffect effect = FaultEffect::kNone;
  std::size_t short_write_bytes = 0;
};

// Of all calls, or of one kind, one in `one_in` fails on average.
struct RandomFaults {
  std::uint64_t seed = 0;
  std::uint64_t one_in = 100;
  std::optional<CallKind> kind = std::nullopt;
  ErrorCode code = ErrorCode::kIo;
};

struct InjectedFault {
  std::uint64_t call = 0;  // counted over all kinds, the first is 1
  CallKind kind = CallKind::kOpen;
  std::string path;
  ErrorCode code = ErrorCode::kIo;
};

class FaultState;

// For tests and the simulator. Does not own `base`, which outlives it and its files. Safe to call
// from several threads; with more than one the numbering of calls is theirs to race for. Messages
// of injected faults begin with "injected fault". A sync that is failed here did not reach the
// base: to lose its bytes as kernels do, use MemoryFileSystem::FailNextSync. FileSystemUuid cannot
// fail and is not counted.
class FaultyFileSystem final : public FileSystem, public HardLinks {
 public:
  explicit FaultyFileSystem(FileSystem& base);

  void Add(FaultPlan plan);
  void FailAtRandom(const RandomFaults& faults);
  // Drops all plans and random faults; counts and log stay.
  void Heal();

  std::uint64_t calls() const;
  std::uint64_t calls(CallKind kind) const;
  std::vector<InjectedFault> faults() const;

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status CreateDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Status SyncFileSystem(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> List(const std::string& path) override;
  Result<FileStat> Stat(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  Result<Space> SpaceOf(const std::string& path) override;
  std::string FileSystemUuid(const std::string& path) override;

 private:
  FileSystem& base_;
  std::shared_ptr<FaultState> state_;  // shared with the files
};

}  // namespace logboom::file
