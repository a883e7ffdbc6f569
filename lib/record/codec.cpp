#include "lib/record/codec.h"

#include <optional>

#include "lib/record/decompressed_size.h"
#include "lib/record/lz4_frame.h"
#include "lib/record/zstd_frame.h"

namespace logboom::record {
namespace {

Error NotBuiltIn(Codec codec) {
  return Fail(ErrorCode::kUnsupported,
              "codec {} is not built in, this program reads and writes none, lz4 and zstd",
              CodecName(codec));
}

}  // namespace

std::string_view CodecName(Codec codec) {
  switch (codec) {
    case Codec::kNone: return "none";
    case Codec::kGzip: return "gzip";
    case Codec::kSnappy: return "snappy";
    case Codec::kLz4: return "lz4";
    case Codec::kZstd: return "zstd";
  }
  return "unknown";
}

Result<Codec> ParseCodec(std::string_view name) {
  for (const Codec codec :
       {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    if (CodecName(codec) == name) return codec;
  }
  return Fail(ErrorCode::kInvalid, "unknown codec \"{}\", there are none, gzip, snappy, lz4, zstd",
              name);
}

// Only the context of the codec at hand is made.
struct Compressor::State {
  Codec codec = Codec::kNone;
  std::optional<Lz4Compressor> lz4;
  std::optional<ZstdCompressor> zstd;
};

Compressor::Compressor(Codec codec, int level) : state_(std::make_unique<State>()) {
  state_->codec = codec;
  if (codec == Codec::kLz4) state_->lz4.emplace();
  if (codec == Codec::kZstd) state_->zstd.emplace(level);
}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

Codec Compressor::codec() const { return state_->codec; }

std::size_t Compressor::SizeMax(std::size_t raw_bytes) const {
  if (state_->lz4) return state_->lz4->SizeMax(raw_bytes);
  if (state_->zstd) return state_->zstd->SizeMax(raw_bytes);
  return raw_bytes;
}

Result<std::size_t> Compressor::CompressTo(ByteView raw, std::span<char> out) {
  if (state_->lz4) return state_->lz4->Compress(raw, out);
  if (state_->zstd) return state_->zstd->Compress(raw, out);
  if (state_->codec != Codec::kNone) return NotBuiltIn(state_->codec);
  return raw.copy(out.data(), raw.size());
}

Status Compressor::Compress(ByteView raw, Bytes& out) {
  const std::size_t before = out.size();
  out.resize(before + SizeMax(raw.size()));
  const Result<std::size_t> size = CompressTo(raw, std::span(out).subspan(before));
  out.resize(before + size.value_or(0));
  if (!size.ok()) return size.error();
  return Ok();
}

struct Decompressor::State {
  std::optional<Lz4Decompressor> lz4;
  std::optional<ZstdDecompressor> zstd;
};

Decompressor::Decompressor() : state_(std::make_unique<State>()) {}
Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;

Status Decompressor::Decompress(Codec codec, ByteView in, std::size_t size_max, Bytes& out) {
  switch (codec) {
    case Codec::kNone:
      if (in.size() > size_max) return TooLarge(size_max);
      out.assign(in);
      return Ok();
    case Codec::kLz4:
      if (!state_->lz4) state_->lz4.emplace();
      return state_->lz4->Decompress(in, size_max, out);
    case Codec::kZstd:
      if (!state_->zstd) state_->zstd.emplace();
      return state_->zstd->Decompress(in, size_max, out);
    case Codec::kGzip:
    case Codec::kSnappy: break;
  }
  return NotBuiltIn(codec);
}

}  // namespace logboom::record
