// The header `lb.span`: which bytes of which source a run of records was read from. It stands in
// the first record of each run, and the same fields stand in the produce request's envelope.
// docs/formats/headers.md is its page. Fixed size, so that it can be filled in once the run is
// complete.
//
//   0 version u8 = 1 | 1 log tag u64 | 9 source id 16 bytes | 25 begin i64 | 33 end i64 |
//   41 window u64 | 49 records u32 | 53 dropped u32      (57 bytes, big endian)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"

namespace logboom::record {

inline constexpr std::string_view kSpanHeader = "lb.span";
inline constexpr std::string_view kSourceHeader = "lb.source";
inline constexpr std::string_view kMoreHeader = "lb.more";
inline constexpr std::string_view kTimeHeader = "lb.time";
inline constexpr std::string_view kLevelHeader = "lb.level";
// How often the line before it came again at once: decimal digits.
inline constexpr std::string_view kRepeatedHeader = "lb.repeated";
inline constexpr std::string_view kReservedHeaderPrefix = "lb.";
inline constexpr std::string_view kLabelHeaderPrefix = "lb.label.";
// Of a container's line: stdout or stderr.
inline constexpr std::string_view kStreamHeader = "lb.label.stream";

// "lb.label.NAME"
inline std::string LabelHeader(std::string_view name) {
  return std::string(kLabelHeaderPrefix).append(name);
}

inline constexpr std::size_t kSpanBytes = 57;
// A window is the XXH3-64 of the up to this many bytes before a position.
inline constexpr std::size_t kWindowBytes = 4096;
// The head of a file: its first min(size, this) bytes at the moment its source was opened.
inline constexpr std::size_t kHeadBytes = 1024;

struct SourceSpan {
  std::uint64_t log_tag = 0;  // LogTag(cluster id, topic id): a span means nothing in another log
  Uuid source_id;
  SourcePosition begin;
  SourcePosition end;
  std::uint64_t window = 0;
  std::uint32_t records = 0;
  std::uint32_t dropped = 0;  // read, and not sent: filtered
  friend bool operator==(const SourceSpan&, const SourceSpan&) = default;
};

Bytes EncodeSpan(const SourceSpan& span);
Result<SourceSpan> DecodeSpan(ByteView bytes);

// The header `lb.source`, in the first span of a source: who it is.
//   version u8 = 1 | device u64 | inode u64 | birth time i64 (ns) | head length u32 | head hash u64
//   | agent id, path, file-system UUID: u32 length and bytes each
struct SourceIdentity {
  std::string agent_id;
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t birth_time_ns = 0;
  std::string file_system_uuid;
  std::uint32_t head_bytes = 0;
  std::uint64_t head_hash = 0;  // XXH3-64 of the first head_bytes bytes
  friend bool operator==(const SourceIdentity&, const SourceIdentity&) = default;
};

Bytes EncodeSourceIdentity(const SourceIdentity& identity);
Result<SourceIdentity> DecodeSourceIdentity(ByteView bytes);

// XXH3-64 of `bytes`: windows and heads.
std::uint64_t HashBytes(ByteView bytes);
std::uint64_t LogTag(const Uuid& cluster_id, const Uuid& topic_id);

}  // namespace logboom::record
