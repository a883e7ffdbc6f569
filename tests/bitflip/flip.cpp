#include "tests/bitflip/flip.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "lib/record/batch_header.h"
#include "lib/segment/partition_metadata.h"

namespace logboom::bitflip {
namespace {

namespace filesystem = std::filesystem;

Bytes ReadFile(const std::string& path) {
  Bytes bytes(filesystem::file_size(path), '\0');
  std::ifstream(path, std::ios::binary)
      .read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

}  // namespace

std::string ToString(const Flip& flip) {
  return fmt::format("{} at {} by {:#04x}", flip.file, flip.position, flip.mask);
}

std::vector<FlippableFile> FindFiles(const std::string& directory) {
  std::vector<FlippableFile> files;
  for (const auto& entry : filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file() || entry.file_size() == 0) continue;
    files.push_back({filesystem::relative(entry.path(), directory).string(),
                     static_cast<std::int64_t>(entry.file_size())});
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

Flip DrawFlip(const std::vector<FlippableFile>& files, Random& random) {
  const auto mask = static_cast<std::uint8_t>(random.Below(2) == 0 ? 1U << random.Below(8)
                                                                   : 1 + random.Below(255));
  if (random.Below(2) == 0) {
    const FlippableFile& file = files[random.Below(files.size())];
    const auto size = static_cast<std::uint64_t>(file.size_bytes);
    return {file.name, static_cast<std::int64_t>(random.Below(size)), mask};
  }
  std::int64_t total = 0;
  for (const FlippableFile& file : files) total += file.size_bytes;
  auto at = static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(total)));
  for (const FlippableFile& file : files) {
    if (at < file.size_bytes) return {file.name, at, mask};
    at -= file.size_bytes;
  }
  return {};
}

void Apply(const std::string& directory, const Flip& flip) {
  std::fstream file(fmt::format("{}/{}", directory, flip.file),
                    std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(flip.position);
  const auto byte = static_cast<std::uint8_t>(file.get());
  file.seekp(flip.position);
  file.put(static_cast<char>(byte ^ flip.mask));
}

std::optional<TouchedBatch> FindTouched(const std::string& directory, const Flip& flip) {
  if (!flip.file.ends_with(".log")) return std::nullopt;
  const std::string partition = filesystem::path(flip.file).parent_path().string();
  const auto metadata = segment::ParsePartitionMetadata(
      ReadFile(fmt::format("{}/{}/partition.metadata", directory, partition)));
  const Bytes log = ReadFile(fmt::format("{}/{}", directory, flip.file));
  std::int64_t at = 0;
  for (ByteView rest = log; !rest.empty();) {
    const auto header = record::ParseBatchHeader(rest);
    if (!header.ok() || !metadata.ok()) return std::nullopt;
    at += static_cast<std::int64_t>(header->size_bytes());
    rest.remove_prefix(header->size_bytes());
    if (flip.position >= at) continue;
    return TouchedBatch{fmt::format("{}-{}", metadata->topic_name, metadata->partition),
                        {header->base_offset.value(), header->next_offset().value()}};
  }
  return std::nullopt;
}

}  // namespace logboom::bitflip
