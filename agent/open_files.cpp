#include "agent/open_files.h"

#include <utility>

#include "lib/base/check.h"

namespace logboom::agent {
namespace {

class CountedFile final : public file::File {
 public:
  CountedFile(std::unique_ptr<file::File> file, std::size_t& count)
      : file_(std::move(file)), count_(count) {
    ++count_;
  }
  ~CountedFile() override { --count_; }
  CountedFile(const CountedFile&) = delete;
  CountedFile& operator=(const CountedFile&) = delete;

  std::unique_ptr<file::File> Release() { return std::move(file_); }

  Result<std::size_t> PRead(std::int64_t position, std::span<char> out) const override {
    return file_->PRead(position, out);
  }
  Status PWrite(std::int64_t position, ByteView bytes) override {
    return file_->PWrite(position, bytes);
  }
  Status Sync() override { return file_->Sync(); }
  Status Truncate(std::int64_t size_bytes) override { return file_->Truncate(size_bytes); }
  Status Preallocate(std::int64_t size_bytes) override { return file_->Preallocate(size_bytes); }
  Status DropCache() override { return file_->DropCache(); }
  Result<file::FileStat> Stat() const override { return file_->Stat(); }

 private:
  std::unique_ptr<file::File> file_;
  std::size_t& count_;
};

}  // namespace

Result<std::unique_ptr<file::File>> OpenFiles::Open(const std::string& path) {
  if (full()) return Fail(ErrorCode::kLimit, "open {}: {} files are open", path, files_max_);
  ASSIGN_OR_RETURN(auto file, fs_.Open(path, file::OpenMode::kRead));
  return Adopt(std::move(file));
}

std::unique_ptr<file::File> OpenFiles::Adopt(std::unique_ptr<file::File> file) {
  return std::make_unique<CountedFile>(std::move(file), count_);
}

std::unique_ptr<file::File> OpenFiles::Release(std::unique_ptr<file::File> file) {
  auto* counted = dynamic_cast<CountedFile*>(file.get());
  CHECK(counted != nullptr);
  return counted->Release();
}

}  // namespace logboom::agent
