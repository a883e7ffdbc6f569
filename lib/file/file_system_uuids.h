// Which file-system UUID belongs to which device number: udev's links in /dev/disk/by-uuid.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace logboom::file {

// The links are read once and again whenever their directory changes, as when a disk is plugged in
// or made anew. Safe to call from several threads. Never fails: what it does not know is empty.
class FileSystemUuids {
 public:
  explicit FileSystemUuids(std::string links_directory) : directory_(std::move(links_directory)) {}

  std::string OfDevice(std::uint64_t device);

 private:
  void Reload();

  std::mutex mutex_;
  std::string directory_;
  std::int64_t read_at_modified_ns_ = 0;
  std::unordered_map<std::uint64_t, std::string> uuid_of_device_;
};

}  // namespace logboom::file
