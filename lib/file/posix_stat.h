// statx(2) as a FileStat: it alone tells the birth time.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::file {

// Follows symbolic links. Birth time is zero where the file system keeps none.
Result<FileStat> StatOfPath(const std::string& path);

// `path` is for the message only.
Result<FileStat> StatOfDescriptor(int fd, const std::string& path);

}  // namespace logboom::file
