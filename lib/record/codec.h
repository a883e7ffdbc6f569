// Compression of a batch's record section, by Kafka's numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace logboom::record {

enum class Codec : std::uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };

std::string_view CodecName(Codec codec);          // "none", "gzip", "snappy", "lz4", "zstd"
Result<Codec> ParseCodec(std::string_view name);  // kInvalid names the ones there are

// Compresses with contexts that it reuses. One owner, one thread. Level is zstd's (others ignore
// it).
class Compressor {
 public:
  explicit Compressor(Codec codec, int level = 1);
  ~Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;

  Codec codec() const;
  // Appends the compressed form of `raw` to `out`. lz4 is the frame format. kUnsupported for gzip
  // and snappy, which are not written by us; kLimit where the codec runs out of memory.
  Status Compress(ByteView raw, Bytes& out);

  // The same into memory that the caller owns: `out` holds at least SizeMax(raw.size()) bytes.
  // Returns how many of them are used.
  std::size_t SizeMax(std::size_t raw_bytes) const;
  Result<std::size_t> CompressTo(ByteView raw, std::span<char> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Decompresses with contexts that it reuses. One owner, one thread.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;

  // Replaces `out` by the decompressed form of `in`. kLimit where it would be larger than
  // `size_max` (found before it is allocated), kCorrupt for broken input, kUnsupported for a codec
  // not built in. kNone copies.
  Status Decompress(Codec codec, ByteView in, std::size_t size_max, Bytes& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace logboom::record
