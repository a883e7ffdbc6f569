#include "lib/segment/index_sums.h"

#include <span>

#include "lib/record/crc32c.h"
#include "lib/segment/limits.h"
#include "lib/segment/names.h"

namespace logboom::segment {
namespace {

// 0 means that nothing is known: a file with that sum goes without.
Result<std::uint32_t> SumOf(file::FileSystem& fs, const std::string& path) {
  const Result<std::unique_ptr<file::File>> file = fs.Open(path, file::OpenMode::kRead);
  if (file.ok()) return SumFile(**file);
  if (file.error().code == ErrorCode::kLimit) return file.error();
  return std::uint32_t{0};
}

}  // namespace

Result<IndexSums> SumIndexes(file::FileSystem& fs, const std::string& directory,
                             Offset base_offset) {
  const auto sum = [&](std::string_view suffix) {
    return SumOf(fs, SegmentPath(directory, base_offset, suffix));
  };
  IndexSums sums;
  ASSIGN_OR_RETURN(sums.offsets, sum(kOffsetIndexSuffix));
  ASSIGN_OR_RETURN(sums.times, sum(kTimeIndexSuffix));
  ASSIGN_OR_RETURN(sums.append_times, sum(kAppendTimeSuffix));
  return sums;
}

std::uint32_t SumFile(const file::File& file) {
  const Result<file::FileStat> stat = file.Stat();
  if (!stat.ok() || stat->size_bytes > static_cast<std::int64_t>(kIndexFileBytesMax)) return 0;
  Bytes bytes(static_cast<std::size_t>(stat->size_bytes), '\0');
  const Result<std::size_t> got = file.PRead(0, std::span(bytes));
  return got.ok() && *got == bytes.size() ? record::Crc32c(bytes) : 0;
}

void EncodeSums(ByteWriter& writer, const IndexSums& sums) {
  writer.Int(sums.offsets);
  writer.Int(sums.times);
  writer.Int(sums.append_times);
}

IndexSums DecodeSums(ByteReader& reader) {
  IndexSums sums;
  sums.offsets = reader.Int<std::uint32_t>();
  sums.times = reader.Int<std::uint32_t>();
  sums.append_times = reader.Int<std::uint32_t>();
  return sums;
}

}  // namespace logboom::segment
