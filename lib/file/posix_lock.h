// The lock that keeps two processes out of one directory.
#pragma once

#include <memory>
#include <string>

#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::file {

// An exclusive open-file-description lock on `path`, made if missing. The file holds the process id
// of the holder, for the loser's message alone: a full disk that cannot store it does not refuse
// the lock.
Result<std::unique_ptr<FileLock>> TakePosixLock(const std::string& path);

}  // namespace logboom::file
