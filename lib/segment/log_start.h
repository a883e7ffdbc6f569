// log-start: the first offset of a partition that still counts. Advanced durably before anything
// below it is unlinked, so that a crash in between leaves orphans and never a hole.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::segment {

// kNotFound where the partition never had its start moved.
Result<Offset> ReadLogStart(file::FileSystem& fs, const std::string& directory);
// Durable when it returns; needs no free space once the file is there.
Status WriteLogStart(file::FileSystem& fs, const std::string& directory, Offset log_start);

}  // namespace logboom::segment
