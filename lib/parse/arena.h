// Room for the texts that a line does not hold as they are: unescaped values, joined names.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <vector>

#include "lib/base/bytes.h"

namespace logboom::parse {

// What was handed out stays where it is until Clear(), also when the arena is moved. After a few
// lines of usual sizes nothing is allocated any more. One owner, one thread.
class Arena {
 public:
  // Room for `bytes` bytes, not initialised.
  char* Take(std::size_t bytes);
  // Gives back the last `bytes` bytes of what the last Take() gave.
  void GiveBack(std::size_t bytes) { used_ -= bytes; }
  // The parts, one behind the other.
  ByteView Join(std::initializer_list<ByteView> parts);
  // Everything handed out is void; at most kArenaBytesKept bytes are kept for reuse.
  void Clear();

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  std::vector<Block> blocks_;  // the last one is in use
  std::size_t used_ = 0;       // of the last block
};

}  // namespace logboom::parse
