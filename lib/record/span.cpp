#include "lib/record/span.h"

#include <xxhash.h>

namespace logboom::record {
namespace {

constexpr std::uint8_t kSpanVersion = 1;
constexpr std::uint8_t kIdentityVersion = 1;
static_assert(kSpanBytes == 1 + 8 + Uuid::kSize + 8 + 8 + 8 + 4 + 4);

// The version is asked first: another one may have another layout.
Status CheckVersion(std::string_view header, std::uint8_t version, ByteView bytes) {
  if (bytes.empty()) return Fail(ErrorCode::kCorrupt, "{}: is empty", header);
  const auto found = LoadBig<std::uint8_t>(bytes.data());
  if (found == version) return Ok();
  return Fail(ErrorCode::kUnsupported, "{}: version {}, this program reads {}; update it", header,
              found, version);
}

}  // namespace

Bytes EncodeSpan(const SourceSpan& span) {
  Bytes bytes;
  bytes.reserve(kSpanBytes);
  ByteWriter out(bytes);
  out.Int(kSpanVersion);
  out.Int(span.log_tag);
  out.Raw(span.source_id.bytes());
  out.Int(span.begin.value());
  out.Int(span.end.value());
  out.Int(span.window);
  out.Int(span.records);
  out.Int(span.dropped);
  return bytes;
}

Result<SourceSpan> DecodeSpan(ByteView bytes) {
  RETURN_IF_ERROR(CheckVersion(kSpanHeader, kSpanVersion, bytes));
  if (bytes.size() != kSpanBytes) {
    return Fail(ErrorCode::kCorrupt, "{}: {} bytes instead of {}", kSpanHeader, bytes.size(),
                kSpanBytes);
  }
  ByteReader in(bytes.substr(sizeof(kSpanVersion)));
  SourceSpan span;
  span.log_tag = in.Int<std::uint64_t>();
  span.source_id = Uuid::FromBytes(in.Raw(Uuid::kSize)).value_or(Uuid());
  span.begin = SourcePosition(in.Int<std::int64_t>());
  span.end = SourcePosition(in.Int<std::int64_t>());
  span.window = in.Int<std::uint64_t>();
  span.records = in.Int<std::uint32_t>();
  span.dropped = in.Int<std::uint32_t>();
  if (span.begin < SourcePosition(0) || span.begin >= span.end) {
    return Fail(ErrorCode::kCorrupt, "{}: from {} to {} is no range of bytes", kSpanHeader,
                span.begin, span.end);
  }
  return span;
}

Bytes EncodeSourceIdentity(const SourceIdentity& identity) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.Int(kIdentityVersion);
  out.Int(identity.device);
  out.Int(identity.inode);
  out.Int(identity.birth_time_ns);
  out.Int(identity.head_bytes);
  out.Int(identity.head_hash);
  out.String(identity.agent_id);
  out.String(identity.path);
  out.String(identity.file_system_uuid);
  return bytes;
}

Result<SourceIdentity> DecodeSourceIdentity(ByteView bytes) {
  RETURN_IF_ERROR(CheckVersion(kSourceHeader, kIdentityVersion, bytes));
  ByteReader in(bytes.substr(sizeof(kIdentityVersion)));
  SourceIdentity identity;
  identity.device = in.Int<std::uint64_t>();
  identity.inode = in.Int<std::uint64_t>();
  identity.birth_time_ns = in.Int<std::int64_t>();
  identity.head_bytes = in.Int<std::uint32_t>();
  identity.head_hash = in.Int<std::uint64_t>();
  identity.agent_id = in.String();
  identity.path = in.String();
  identity.file_system_uuid = in.String();
  if (!in.done()) {
    return Fail(ErrorCode::kCorrupt, "{}: {} bytes do not hold what they should", kSourceHeader,
                bytes.size());
  }
  if (identity.head_bytes > kHeadBytes) {
    return Fail(ErrorCode::kCorrupt, "{}: a head of {} bytes, at most {} are read", kSourceHeader,
                identity.head_bytes, kHeadBytes);
  }
  return identity;
}

std::uint64_t HashBytes(ByteView bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::uint64_t LogTag(const Uuid& cluster_id, const Uuid& topic_id) {
  Bytes both(cluster_id.bytes());
  both += topic_id.bytes();
  return HashBytes(both);
}

}  // namespace logboom::record
