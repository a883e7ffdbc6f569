// How the bytes of a file spell text, and what they are as UTF-8. What is no text in its encoding
// is kept: a lone surrogate becomes the three bytes that stand for it (as WTF-8 has it), and bytes
// of UTF-8 are never looked at.
//
// Source: the Unicode Standard, 3.9 (UTF-16) and 23.8 (byte order mark); ISO 8859-1.
#pragma once

#include <cstddef>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace logboom::agent {

enum class Encoding {
  kBytes,    // as they are
  kUtf8,     // as they are, without a byte order mark at the beginning of the file
  kUtf16,    // the byte order mark at the beginning of the file decides; little endian without one
  kUtf16Le,  // without a byte order mark at the beginning of the file; the next too
  kUtf16Be,
  kLatin1,
};

// "bytes", "utf-8", "utf-16", "utf-16le", "utf-16be", "latin1"; kInvalid for others, naming these.
Result<Encoding> ParseEncoding(std::string_view name);

// The byte order of a kUtf16 file that begins with `head` (two bytes, or all there are); others as
// they are.
Encoding ResolveByteOrder(Encoding encoding, ByteView head);

// Of a file in `encoding` (resolved) that begins with `head`: bytes ahead of its text.
std::size_t ByteOrderMarkBytes(Encoding encoding, ByteView head);

inline bool IsUtf16(Encoding encoding) {
  return encoding == Encoding::kUtf16Le || encoding == Encoding::kUtf16Be;
}

// Whether AppendAsUtf8() would change bytes.
inline bool NeedsDecoding(Encoding encoding) {
  return IsUtf16(encoding) || encoding == Encoding::kLatin1;
}

// Most bytes of UTF-8 that a byte in `encoding` can become, in halves: 2 is one byte for one.
inline std::size_t GrowthInHalves(Encoding encoding) {
  if (encoding == Encoding::kLatin1) return 4;
  return IsUtf16(encoding) ? 3 : 2;
}

// `encoding` is resolved. UTF-16: of an odd number of bytes the last stands for itself.
void AppendAsUtf8(Encoding encoding, ByteView bytes, Bytes& out);

}  // namespace logboom::agent
