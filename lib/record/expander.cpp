#include "lib/record/expander.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>

#include "lib/base/check.h"

namespace logboom::record {
namespace {

constexpr ByteView kGzipMagic("\x1f\x8b", 2);
constexpr ByteView kZstdMagic("\x28\xb5\x2f\xfd", 4);

class GzipExpander final : public Expander {
 public:
  GzipExpander() {
    constexpr int kGzipOnly = 16;
    CHECK(inflateInit2(&stream_, MAX_WBITS + kGzipOnly) == Z_OK);
  }
  ~GzipExpander() override { inflateEnd(&stream_); }
  GzipExpander(const GzipExpander&) = delete;
  GzipExpander& operator=(const GzipExpander&) = delete;

  Result<Step> Expand(ByteView in, std::span<char> out) override {
    if (between_members_) {
      // gzip pads with zeros, and tapes do; nothing else may follow a member but another.
      if (!in.starts_with(kGzipMagic)) return Step{};
      inflateReset(&stream_);
      between_members_ = false;
    }
    constexpr std::size_t kMax = std::numeric_limits<uInt>::max();
    // zlib's input is not const before ZLIB_CONST, and not written to.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(std::min(in.size(), kMax));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min(out.size(), kMax));
    const uInt in_before = stream_.avail_in;
    const uInt out_before = stream_.avail_out;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) between_members_ = true;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      return Fail(ErrorCode::kCorrupt, "gzip: {}", stream_.msg == nullptr ? "?" : stream_.msg);
    }
    return Step{in_before - stream_.avail_in, out_before - stream_.avail_out};
  }
  void Reset() override {
    inflateReset(&stream_);
    between_members_ = false;
  }

 private:
  z_stream stream_ = {};
  bool between_members_ = false;
};

class ZstdExpander final : public Expander {
 public:
  ZstdExpander() : context_(ZSTD_createDCtx()) { CHECK(context_ != nullptr); }
  ~ZstdExpander() override { ZSTD_freeDCtx(context_); }
  ZstdExpander(const ZstdExpander&) = delete;
  ZstdExpander& operator=(const ZstdExpander&) = delete;

  Result<Step> Expand(ByteView in, std::span<char> out) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const std::size_t code = ZSTD_decompressStream(context_, &output, &input);
    if (ZSTD_isError(code) != 0) {
      return Fail(ErrorCode::kCorrupt, "zstd: {}", ZSTD_getErrorName(code));
    }
    return Step{input.pos, output.pos};
  }
  void Reset() override { ZSTD_DCtx_reset(context_, ZSTD_reset_session_only); }

 private:
  ZSTD_DCtx* context_;
};

}  // namespace

std::unique_ptr<Expander> MakeExpander(ByteView head) {
  if (head.starts_with(kGzipMagic)) return std::make_unique<GzipExpander>();
  if (head.starts_with(kZstdMagic)) return std::make_unique<ZstdExpander>();
  return nullptr;
}

}  // namespace logboom::record
