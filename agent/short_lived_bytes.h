// Bytes of many files that are kept until it is known what the files are. They lie together, in
// blocks that are freed as a whole: each by itself would leave a hole between what is kept of files
// for good, and ten thousand of those are as much memory as the files' own.
#pragma once

#include <cstddef>
#include <memory>

#include "lib/base/bytes.h"

namespace logboom::agent {

// One owner, one thread. What was kept may outlive it.
class ShortLivedBytes {
 public:
  // A copy of `bytes`; its block is freed with the last copy of a pointer into it. Null for none.
  std::shared_ptr<const char> Keep(ByteView bytes);

 private:
  std::weak_ptr<char[]> block_;  // the newest
  std::size_t used_ = 0;         // of it
};

}  // namespace logboom::agent
