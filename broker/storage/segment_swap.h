// Puts a new segment in the place of one or several that it was made from, so that after a crash at
// any step the partition holds the old ones or the new one, whole. Kafka's procedure:
//
// 1. All files of the new segment are written under names that end with .cleaned, and synced.
// 2. Those beside the log become .swap, durably.                                  (StageSwap)
// 3. The log becomes .swap, durably. From here on the new segment counts.         (CommitSwap)
// 4. Segments that the new one covers, its first excepted, are removed, durably.
// 5. Each .swap takes its final name, the log's last.                             (FinishSwap)
//
// A start that finds a .log.cleaned drops all files of that swap, and the .log.cleaned last; else
// it goes on with step 4. So one is whole on disk before the next of the same base begins, or at
// least the directory is synced in between. docs/formats/segment.md.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

// The path that a file of a new segment has while it is written.
std::string CleanedPath(const std::string& directory, Offset base_offset, std::string_view suffix);

// Step 2. Fails where a file of the log's is missing (another thread may have removed the segment).
Status StageSwap(file::FileSystem& fs, const std::string& directory, Offset base_offset);

// Step 3. A failure of its sync is final, as of any: appends must end.
Status CommitSwap(file::FileSystem& fs, const std::string& directory, Offset base_offset);

// Steps 4 and 5. `covered`: base offsets of the segments that go. The last names are not synced
// when it returns; whether they are there after a crash does not matter.
Status FinishSwap(file::FileSystem& fs, const std::string& directory, Offset base_offset,
                  const std::vector<Offset>& covered);

// Removes what steps 1 and 2 have left. Fine where there is nothing.
Status DropSwap(file::FileSystem& fs, const std::string& directory, Offset base_offset);

// At start: finishes or drops every swap of the directory.
Status FinishOrDropSwaps(file::FileSystem& fs, const std::string& directory);

}  // namespace logboom::broker
