// One damaged byte in a data directory, and what it touches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "tests/bitflip/contents.h"

namespace logboom::bitflip {

struct Flip {
  std::string file;  // below the data directory
  std::int64_t position = 0;
  std::uint8_t mask = 1;  // what the byte is changed by; not 0
};

std::string ToString(const Flip& flip);

struct FlippableFile {
  std::string name;
  std::int64_t size_bytes = 0;
};

// Every file that is not empty, by name.
std::vector<FlippableFile> FindFiles(const std::string& directory);

// Half of all flips take each byte of the directory as likely as any other, half each file: small
// ones are as important as large ones.
Flip DrawFlip(const std::vector<FlippableFile>& files, Random& random);

void Apply(const std::string& directory, const Flip& flip);

// The batch that a flip lies in, where it lies in one.
struct TouchedBatch {
  PartitionName partition;
  OffsetRange offsets;
};
std::optional<TouchedBatch> FindTouched(const std::string& directory, const Flip& flip);

}  // namespace logboom::bitflip
