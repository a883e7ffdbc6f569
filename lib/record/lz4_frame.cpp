#include "lib/record/lz4_frame.h"

#include <lz4frame.h>

#include <algorithm>

#include "lib/base/check.h"
#include "lib/record/decompressed_size.h"

namespace logboom::record {
namespace {

// The guess where a frame does not tell its content size: logs shrink to about a fifth.
constexpr std::size_t kRatioGuess = 5;
// No byte of LZ4 stands for more.
constexpr std::size_t kRatioMax = 255;
constexpr std::size_t kGrowthMin = 64 * 1024;

// Kafka's own reader refuses frames of linked blocks.
LZ4F_preferences_t Preferences(std::size_t raw_bytes) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.frameInfo.blockSizeID = LZ4F_max256KB;
  preferences.frameInfo.contentSize = raw_bytes;
  preferences.autoFlush = 1;
  return preferences;
}

Error Corrupt(std::size_t code) {
  return Fail(ErrorCode::kCorrupt, "lz4: {}", LZ4F_getErrorName(code));
}

// One of the three calls that write a frame, each behind the other.
class FrameWriter {
 public:
  explicit FrameWriter(std::span<char> out) : out_(out) {}
  char* at() { return out_.data() + used_; }
  std::size_t left() const { return out_.size() - used_; }
  std::size_t used() const { return used_; }

  Status Took(std::size_t size_or_code) {
    if (LZ4F_isError(size_or_code) != 0) {
      return Fail(ErrorCode::kLimit, "lz4: compressing: {}", LZ4F_getErrorName(size_or_code));
    }
    used_ += size_or_code;
    return Ok();
  }

 private:
  std::span<char> out_;
  std::size_t used_ = 0;
};

}  // namespace

void Lz4Compressor::Free::operator()(LZ4F_cctx_s* context) const {
  LZ4F_freeCompressionContext(context);
}
void Lz4Decompressor::Free::operator()(LZ4F_dctx_s* context) const {
  LZ4F_freeDecompressionContext(context);
}

Lz4Compressor::Lz4Compressor() {
  LZ4F_cctx* context = nullptr;
  CHECK(LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)) == 0);
  context_.reset(context);
}

std::size_t Lz4Compressor::SizeMax(std::size_t raw_bytes) const {
  const LZ4F_preferences_t preferences = Preferences(raw_bytes);
  return LZ4F_HEADER_SIZE_MAX + LZ4F_compressBound(raw_bytes, &preferences);
}

Result<std::size_t> Lz4Compressor::Compress(ByteView raw, std::span<char> out) {
  const LZ4F_preferences_t preferences = Preferences(raw.size());
  LZ4F_cctx* context = context_.get();
  FrameWriter frame(out);
  RETURN_IF_ERROR(frame.Took(LZ4F_compressBegin(context, frame.at(), frame.left(), &preferences)));
  RETURN_IF_ERROR(frame.Took(
      LZ4F_compressUpdate(context, frame.at(), frame.left(), raw.data(), raw.size(), nullptr)));
  RETURN_IF_ERROR(frame.Took(LZ4F_compressEnd(context, frame.at(), frame.left(), nullptr)));
  return frame.used();
}

Lz4Decompressor::Lz4Decompressor() {
  LZ4F_dctx* context = nullptr;
  CHECK(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) == 0);
  context_.reset(context);
}

Status Lz4Decompressor::Decompress(ByteView in, std::size_t size_max, Bytes& out) {
  Status status = Walk(in, size_max, out);
  // It may stand within a frame.
  LZ4F_resetDecompressionContext(context_.get());
  return status;
}

Result<std::size_t> Lz4Decompressor::ReadHeader(ByteView& in, std::size_t size_max) {
  LZ4F_frameInfo_t info{};
  std::size_t consumed = in.size();
  const std::size_t code = LZ4F_getFrameInfo(context_.get(), &info, in.data(), &consumed);
  if (LZ4F_isError(code) != 0) return Corrupt(code);
  in.remove_prefix(consumed);
  if (info.contentSize > size_max) return TooLarge(size_max);
  if (info.contentSize > in.size() * kRatioMax) {
    return Fail(ErrorCode::kCorrupt, "lz4: {} bytes cannot hold the {} that they claim", in.size(),
                info.contentSize);
  }
  return info.contentSize > 0 ? static_cast<std::size_t>(info.contentSize)
                              : in.size() * kRatioGuess;
}

Status Lz4Decompressor::Walk(ByteView in, std::size_t size_max, Bytes& out) {
  ASSIGN_OR_RETURN(const std::size_t size, ReadHeader(in, size_max));
  out.resize(std::min(size, size_max));
  std::size_t used = 0;
  std::size_t wanted = 1;  // 0 where a frame has ended
  while (wanted != 0 || !in.empty()) {
    if (used == out.size()) {
      // One byte over the limit, so that a frame that fills it exactly can be told from a larger
      // one.
      if (used > size_max) return TooLarge(size_max);
      out.resize(std::min(std::max(2 * used, kGrowthMin), size_max + 1));
    }
    std::size_t produced = out.size() - used;
    std::size_t consumed = in.size();
    wanted = LZ4F_decompress(context_.get(), out.data() + used, &produced, in.data(), &consumed,
                             nullptr);
    if (LZ4F_isError(wanted) != 0) return Corrupt(wanted);
    if (produced == 0 && consumed == 0) {
      return Fail(ErrorCode::kCorrupt, "lz4: the frame ends early");
    }
    used += produced;
    in.remove_prefix(consumed);
  }
  if (used > size_max) return TooLarge(size_max);
  out.resize(used);
  return Ok();
}

}  // namespace logboom::record
