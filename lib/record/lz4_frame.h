// LZ4 frames, by liblz4. Contexts are reused; one owner, one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

struct LZ4F_cctx_s;
struct LZ4F_dctx_s;

namespace logboom::record {

class Lz4Compressor {
 public:
  Lz4Compressor();
  std::size_t SizeMax(std::size_t raw_bytes) const;
  // `out` holds SizeMax(raw.size()) bytes. Returns how many are used.
  Result<std::size_t> Compress(ByteView raw, std::span<char> out);

 private:
  struct Free {
    void operator()(LZ4F_cctx_s* context) const;
  };
  std::unique_ptr<LZ4F_cctx_s, Free> context_;
};

class Lz4Decompressor {
 public:
  Lz4Decompressor();
  // As Decompressor::Decompress. Takes frames with and without content size, blocks linked or not.
  Status Decompress(ByteView in, std::size_t size_max, Bytes& out);

 private:
  // Takes the frame's header off `in`. Returns how large a buffer to begin with.
  Result<std::size_t> ReadHeader(ByteView& in, std::size_t size_max);
  Status Walk(ByteView in, std::size_t size_max, Bytes& out);

  struct Free {
    void operator()(LZ4F_dctx_s* context) const;
  };
  std::unique_ptr<LZ4F_dctx_s, Free> context_;
};

}  // namespace logboom::record
