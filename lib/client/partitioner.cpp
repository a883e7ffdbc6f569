#include "lib/client/partitioner.h"

#include <cstring>

namespace logboom::client {

namespace {

constexpr std::uint32_t kSeed = 0x9747b28c;
constexpr std::uint32_t kMultiplier = 0x5bd1e995;
constexpr unsigned kShift = 24;

std::uint32_t LittleEndianWord(const char* at) {
  std::uint32_t word = LoadBig<std::uint32_t>(at);
  return ByteSwap(word);
}

std::uint32_t ByteAt(ByteView key, std::size_t index) {
  return static_cast<unsigned char>(key[index]);
}

}  // namespace

std::uint32_t Murmur2(ByteView key) {
  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(key.size());
  while (key.size() >= sizeof(std::uint32_t)) {
    std::uint32_t word = LittleEndianWord(key.data()) * kMultiplier;
    word ^= word >> kShift;
    hash = (hash * kMultiplier) ^ (word * kMultiplier);
    key.remove_prefix(sizeof(std::uint32_t));
  }
  if (key.size() == 3) hash ^= ByteAt(key, 2) << 16U;
  if (key.size() >= 2) hash ^= ByteAt(key, 1) << 8U;
  if (!key.empty()) hash = (hash ^ ByteAt(key, 0)) * kMultiplier;
  hash ^= hash >> 13U;
  hash *= kMultiplier;
  return hash ^ (hash >> 15U);
}

PartitionIndex PartitionOfKey(ByteView key, std::int32_t partition_count) {
  constexpr std::uint32_t kPositive = 0x7fffffff;
  return PartitionIndex(static_cast<std::int32_t>(Murmur2(key) & kPositive) % partition_count);
}

}  // namespace logboom::client
