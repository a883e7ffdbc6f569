// Zstandard frames, by libzstd. Contexts are reused; one owner, one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace logboom::record {

class ZstdCompressor {
 public:
  explicit ZstdCompressor(int level);  // one out of zstd's range means its nearest
  std::size_t SizeMax(std::size_t raw_bytes) const;
  // `out` holds SizeMax(raw.size()) bytes. Returns how many are used.
  Result<std::size_t> Compress(ByteView raw, std::span<char> out);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

class ZstdDecompressor {
 public:
  ZstdDecompressor();
  // As Decompressor::Decompress. Takes frames with and without content size.
  Status Decompress(ByteView in, std::size_t size_max, Bytes& out);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace logboom::record
