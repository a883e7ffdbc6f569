// Shows what is in one file of a partition: .log, .index, .timeindex, .appendtime, .seal, .sources,
// .snapshot.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::segment {

struct DumpField {
  std::string_view name;  // valid for ever
  std::variant<std::int64_t, std::string> value;
};
using DumpRow = std::vector<DumpField>;

// One row a batch or entry, in the file's order, handed over as it is read. The kind comes from the
// file's name, which must be as the broker gave it. Damage ends the dump with kCorrupt, after the
// rows before it. kInvalid for a name of another kind.
Status DumpFile(file::FileSystem& fs, const std::string& path,
                const std::function<void(const DumpRow&)>& row);

}  // namespace logboom::segment
