// An open file of the operating system.
#pragma once

#include <string>

#include "lib/file/descriptor.h"
#include "lib/file/file_system.h"

namespace logboom::file {

// Owns its descriptor. Threads as File says: the calls are positioned, so readers share no cursor.
// The kernel reports a failed write-back to descriptors that were open at the time: sync before you
// close, or the error may never be told.
class PosixFile final : public File {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> PRead(std::int64_t position, std::span<char> out) const override;
  Status PWrite(std::int64_t position, ByteView bytes) override;
  Status Sync() override;
  Status Truncate(std::int64_t size_bytes) override;
  Status Preallocate(std::int64_t size_bytes) override;
  Status DropCache() override;
  Result<FileStat> Stat() const override;

 private:
  Descriptor fd_;
  std::string path_;
};

}  // namespace logboom::file
