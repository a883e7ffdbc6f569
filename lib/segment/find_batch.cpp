#include "lib/segment/find_batch.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace logboom::segment {
namespace {

constexpr std::size_t kMagicAt = 16;
constexpr std::int64_t kChunkBytes = std::int64_t{1} << 20U;

// Zeros stand for what is behind the file's end.
Result<Bytes> ReadPart(const file::File& log, FilePosition begin, FilePosition end) {
  Bytes bytes(static_cast<std::size_t>(std::max<std::int64_t>(end - begin, 0)), '\0');
  const Result<std::size_t> got = log.PRead(begin.value(), std::span(bytes));
  if (!got.ok()) return got.error();
  return bytes;
}

// Whether a batch that may stand there stands at `position`, and goes over into the next.
Result<std::optional<FoundBatch>> BatchAt(const file::File& log, FilePosition position,
                                          FilePosition end, Expectation expected) {
  expected.rule = OffsetRule::kGrowing;
  LogWalk walk(log,
               {.begin = position, .end = end, .expected = expected, .crc = CrcCheck::kVerify});
  ASSIGN_OR_RETURN(const bool there, walk.Next());
  if (!there) return std::optional<FoundBatch>();
  const FoundBatch found{walk.header(), position};
  if (walk.next_position() == end) return std::optional<FoundBatch>(found);
  LogWalk behind(log, {.begin = walk.next_position(),
                       .end = end,
                       .expected = walk.expected(),
                       .crc = CrcCheck::kSkip});
  ASSIGN_OR_RETURN(const bool follows, behind.Next());
  return follows ? std::optional<FoundBatch>(found) : std::nullopt;
}

// Whether the 61 bytes at `at` parse as a header that may stand here: cheap, before anything is
// read.
bool MayBegin(const char* at, const Expectation& expected) {
  const auto header = record::ParseBatchHeader(ByteView(at, record::kBatchHeaderBytes));
  if (!header.ok()) return false;
  Expectation growing = expected;
  growing.rule = OffsetRule::kGrowing;
  return CheckFollows(*header, growing).ok();
}

}  // namespace

Result<std::optional<FoundBatch>> FindBatch(const file::File& log, FilePosition begin,
                                            FilePosition end, const Expectation& expected) {
  // Chunks overlap by a header, so that one on the border is seen whole.
  FilePosition at = begin;
  while (true) {
    ASSIGN_OR_RETURN(const Bytes chunk, ReadPart(log, at, std::min(end, at + kChunkBytes)));
    if (chunk.size() < record::kBatchHeaderBytes) return std::optional<FoundBatch>();
    const std::size_t last = chunk.size() - record::kBatchHeaderBytes;
    for (std::size_t i = 0; i <= last; ++i) {
      const char* magic = chunk.data() + kMagicAt;
      const void* next = std::memchr(magic + i, record::kMagic, last - i + 1);
      if (next == nullptr) break;
      i = static_cast<std::size_t>(static_cast<const char*>(next) - magic);
      if (!MayBegin(chunk.data() + i, expected)) continue;
      ASSIGN_OR_RETURN(std::optional<FoundBatch> found,
                       BatchAt(log, at + static_cast<std::int64_t>(i), end, expected));
      if (found) return found;
    }
    at = at + static_cast<std::int64_t>(last + 1);
  }
}

Result<bool> IsZeros(const file::File& log, FilePosition begin, FilePosition end) {
  FilePosition at = begin;
  while (true) {
    ASSIGN_OR_RETURN(const Bytes chunk, ReadPart(log, at, std::min(end, at + kChunkBytes)));
    if (chunk.empty()) return true;
    if (chunk.find_first_not_of('\0') != Bytes::npos) return false;
    at += kChunkBytes;
  }
}

}  // namespace logboom::segment
