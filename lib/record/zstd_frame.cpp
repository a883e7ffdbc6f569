#include "lib/record/zstd_frame.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>

#include "lib/base/check.h"
#include "lib/record/decompressed_size.h"

namespace logboom::record {
namespace {

// A block decompresses to at most this, and takes at least its 3-byte header: so much the input can
// hold, whatever its content size claims.
constexpr std::size_t kBlockRawBytesMax = ZSTD_BLOCKSIZE_MAX;
constexpr std::size_t kBlockBytesMin = 3;
// The guess where a frame does not tell its content size: logs shrink to about a tenth.
constexpr std::size_t kRatioGuess = 10;

std::size_t HeldAtMost(ByteView in) { return in.size() / kBlockBytesMin * kBlockRawBytesMax; }

Error Corrupt(std::size_t code) {
  return Fail(ErrorCode::kCorrupt, "zstd: {}", ZSTD_getErrorName(code));
}

// How large a buffer to try first; not over `size_max`.
Result<std::size_t> FirstSize(ByteView in, std::size_t size_max) {
  const unsigned long long told = ZSTD_getFrameContentSize(in.data(), in.size());
  if (told == ZSTD_CONTENTSIZE_ERROR) {
    return Fail(ErrorCode::kCorrupt, "zstd: no frame in {} bytes", in.size());
  }
  if (told == ZSTD_CONTENTSIZE_UNKNOWN) return std::min(in.size() * kRatioGuess, size_max);
  if (told > size_max) return TooLarge(size_max);
  if (told > HeldAtMost(in)) {
    return Fail(ErrorCode::kCorrupt, "zstd: {} bytes cannot hold the {} that they claim", in.size(),
                told);
  }
  return static_cast<std::size_t>(told);
}

}  // namespace

void ZstdCompressor::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }
void ZstdDecompressor::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

ZstdCompressor::ZstdCompressor(int level) : context_(ZSTD_createCCtx()) {
  CHECK(context_ != nullptr);
  const ZSTD_bounds levels = ZSTD_cParam_getBounds(ZSTD_c_compressionLevel);
  level = std::clamp(level, levels.lowerBound, levels.upperBound);
  CHECK(ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level)) == 0);
}

std::size_t ZstdCompressor::SizeMax(std::size_t raw_bytes) const {
  return ZSTD_compressBound(raw_bytes);
}

Result<std::size_t> ZstdCompressor::Compress(ByteView raw, std::span<char> out) {
  const std::size_t size =
      ZSTD_compress2(context_.get(), out.data(), out.size(), raw.data(), raw.size());
  if (ZSTD_isError(size) != 0) {
    return Fail(ErrorCode::kLimit, "zstd: compressing {} bytes: {}", raw.size(),
                ZSTD_getErrorName(size));
  }
  return size;
}

ZstdDecompressor::ZstdDecompressor() : context_(ZSTD_createDCtx()) { CHECK(context_ != nullptr); }

// In one call, never as a stream: a stream allocates the window that the frame asks for, up to 128
// MiB, while one call needs the output alone. Where that proves too small, it is doubled.
Status ZstdDecompressor::Decompress(ByteView in, std::size_t size_max, Bytes& out) {
  ASSIGN_OR_RETURN(std::size_t capacity, FirstSize(in, size_max));
  while (true) {
    out.resize(capacity);
    const std::size_t size =
        ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), in.data(), in.size());
    if (ZSTD_isError(size) == 0) {
      out.resize(size);
      return Ok();
    }
    if (ZSTD_getErrorCode(size) != ZSTD_error_dstSize_tooSmall) return Corrupt(size);
    if (capacity >= size_max) return TooLarge(size_max);
    capacity = std::min(std::max(2 * capacity, kBlockRawBytesMax), size_max);
  }
}

}  // namespace logboom::record
