#include "lib/file/faulty_file_system.h"

#include <algorithm>
#include <utility>

#include "lib/file/fault_state.h"

namespace logboom::file {
namespace {

class FaultyFile final : public File {
 public:
  FaultyFile(std::unique_ptr<File> base, std::string path, std::shared_ptr<FaultState> state)
      : base_(std::move(base)), path_(std::move(path)), state_(std::move(state)) {}

  Result<std::size_t> PRead(std::int64_t position, std::span<char> out) const override {
    return WithFaults(*state_, CallKind::kRead, path_, [&] { return base_->PRead(position, out); });
  }
  Status PWrite(std::int64_t position, ByteView bytes) override {
    const std::optional<Fault> fault = state_->Next(CallKind::kWrite, path_);
    if (!fault) return base_->PWrite(position, bytes);
    const std::size_t written =
        fault->effect == FaultEffect::kDone ? bytes.size() : fault->short_write_bytes;
    [[maybe_unused]] const Status ignored = base_->PWrite(position, bytes.substr(0, written));
    return fault->error;
  }
  Status Sync() override {
    return WithFaults(*state_, CallKind::kSync, path_, [&] { return base_->Sync(); });
  }
  Status Truncate(std::int64_t size_bytes) override {
    return WithFaults(*state_, CallKind::kTruncate, path_,
                      [&] { return base_->Truncate(size_bytes); });
  }
  Status Preallocate(std::int64_t size_bytes) override {
    return WithFaults(*state_, CallKind::kPreallocate, path_,
                      [&] { return base_->Preallocate(size_bytes); });
  }
  Status DropCache() override {
    return WithFaults(*state_, CallKind::kDropCache, path_, [&] { return base_->DropCache(); });
  }
  Result<FileStat> Stat() const override {
    return WithFaults(*state_, CallKind::kStat, path_, [&] { return base_->Stat(); });
  }

 private:
  std::unique_ptr<File> base_;
  std::string path_;
  std::shared_ptr<FaultState> state_;
};

}  // namespace

FaultyFileSystem::FaultyFileSystem(FileSystem& base)
    : base_(base), state_(std::make_shared<FaultState>()) {}

void FaultyFileSystem::Add(FaultPlan plan) { state_->Add(std::move(plan)); }
void FaultyFileSystem::FailAtRandom(const RandomFaults& faults) { state_->FailAtRandom(faults); }
void FaultyFileSystem::Heal() { state_->Heal(); }
std::uint64_t FaultyFileSystem::calls() const { return state_->calls(); }
std::uint64_t FaultyFileSystem::calls(CallKind kind) const { return state_->calls(kind); }
std::vector<InjectedFault> FaultyFileSystem::faults() const { return state_->faults(); }

Result<std::unique_ptr<File>> FaultyFileSystem::Open(const std::string& path, OpenMode mode) {
  ASSIGN_OR_RETURN(std::unique_ptr<File> file, WithFaults(*state_, CallKind::kOpen, path,
                                                          [&] { return base_.Open(path, mode); }));
  return std::unique_ptr<File>(std::make_unique<FaultyFile>(std::move(file), path, state_));
}

Status FaultyFileSystem::Rename(const std::string& from, const std::string& to) {
  return WithFaults(*state_, CallKind::kRename, fmt::format("{} to {}", from, to),
                    [&] { return base_.Rename(from, to); });
}

Status FaultyFileSystem::Link(const std::string& from, const std::string& to) {
  return WithFaults(*state_, CallKind::kLink, fmt::format("{} to {}", from, to),
                    [&] { return file::Link(base_, from, to); });
}

Status FaultyFileSystem::Remove(const std::string& path) {
  return WithFaults(*state_, CallKind::kRemove, path, [&] { return base_.Remove(path); });
}

Status FaultyFileSystem::RemoveDirectory(const std::string& path) {
  return WithFaults(*state_, CallKind::kRemoveDirectory, path,
                    [&] { return base_.RemoveDirectory(path); });
}

Status FaultyFileSystem::CreateDirectories(const std::string& path) {
  return WithFaults(*state_, CallKind::kCreateDirectories, path,
                    [&] { return base_.CreateDirectories(path); });
}

Status FaultyFileSystem::SyncDirectory(const std::string& path) {
  return WithFaults(*state_, CallKind::kSyncDirectory, path,
                    [&] { return base_.SyncDirectory(path); });
}

Status FaultyFileSystem::SyncFileSystem(const std::string& path) {
  return WithFaults(*state_, CallKind::kSyncFileSystem, path,
                    [&] { return base_.SyncFileSystem(path); });
}

Result<std::vector<DirectoryEntry>> FaultyFileSystem::List(const std::string& path) {
  return WithFaults(*state_, CallKind::kList, path, [&] { return base_.List(path); });
}

Result<FileStat> FaultyFileSystem::Stat(const std::string& path) {
  return WithFaults(*state_, CallKind::kStat, path, [&] { return base_.Stat(path); });
}

Result<std::unique_ptr<FileLock>> FaultyFileSystem::Lock(const std::string& path) {
  return WithFaults(*state_, CallKind::kLock, path, [&] { return base_.Lock(path); });
}

Result<Space> FaultyFileSystem::SpaceOf(const std::string& path) {
  return WithFaults(*state_, CallKind::kSpace, path, [&] { return base_.SpaceOf(path); });
}

std::string FaultyFileSystem::FileSystemUuid(const std::string& path) {
  return base_.FileSystemUuid(path);
}

}  // namespace logboom::file
