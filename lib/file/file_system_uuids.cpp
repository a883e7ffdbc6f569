#include "lib/file/file_system_uuids.h"

#include <dirent.h>
#include <sys/stat.h>

#include <memory>

#include "lib/file/posix_stat.h"

namespace logboom::file {

std::string FileSystemUuids::OfDevice(std::uint64_t device) {
  const Result<FileStat> directory = StatOfPath(directory_);
  if (!directory.ok()) return {};
  const std::scoped_lock lock(mutex_);
  if (directory->modified_ns != read_at_modified_ns_) {
    Reload();
    read_at_modified_ns_ = directory->modified_ns;
  }
  const auto found = uuid_of_device_.find(device);
  return found == uuid_of_device_.end() ? std::string() : found->second;
}

void FileSystemUuids::Reload() {
  uuid_of_device_.clear();
  const std::unique_ptr<DIR, int (*)(DIR*)> links(::opendir(directory_.c_str()), &::closedir);
  if (links == nullptr) return;
  while (const dirent* link = ::readdir(links.get())) {
    struct stat target = {};
    const std::string path = directory_ + "/" + link->d_name;
    if (::stat(path.c_str(), &target) != 0 || !S_ISBLK(target.st_mode)) continue;
    uuid_of_device_.emplace(target.st_rdev, link->d_name);
  }
}

}  // namespace logboom::file
