// File systems whose files are written on other machines, or by other programs: the kernel hears
// nothing of that, so that a watch would miss changes.
#pragma once

#include <cstdint>
#include <string_view>

namespace logboom::file {

// The name of the file system of this type (f_type of statfs), where it is one of those; else
// empty: a watch tells of all changes.
std::string_view RemoteFileSystemOf(std::uint32_t type);

}  // namespace logboom::file
