// leader-epochs: the checksummed twin of leader-epoch-checkpoint. docs/formats/side-cars.md.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/file/file_system.h"
#include "lib/segment/leader_epoch_checkpoint.h"

namespace logboom::segment {

// kNotFound where the directory has none, kCorrupt where it is broken.
Result<LeaderEpochs> ReadLeaderEpochsSideCar(file::FileSystem& fs, const std::string& directory);

// Writes both files again where one of them does not hold `epochs`.
Status MendLeaderEpochs(file::FileSystem& fs, const std::string& directory,
                        const LeaderEpochs& epochs);

}  // namespace logboom::segment
