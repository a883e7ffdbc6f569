#include "broker/groups/group_sleep.h"

namespace logboom::broker {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

Bytes EncodeGroupSleep(const GroupSleep& sleep) {
  Bytes value;
  ByteWriter writer(value);
  writer.Int(kVersion);
  writer.Int(sleep.slept_ms);
  writer.Int(sleep.as_of.value());
  return value;
}

Result<GroupSleep> DecodeGroupSleepRow(ByteView key, ByteView value) {
  ByteReader reader(value);
  const auto version = reader.Int<std::uint8_t>();
  if (reader.ok() && version != kVersion) {
    return Fail(ErrorCode::kUnsupported, "a group's row of version {}; this program reads {}",
                version, kVersion);
  }
  GroupSleep sleep{Bytes(key), reader.Int<std::int64_t>(), {}};
  sleep.as_of = TimestampMs{reader.Int<std::int64_t>()};
  if (!reader.done() || key.empty() || sleep.slept_ms < 0) {
    return Fail(ErrorCode::kCorrupt, "a group's row is malformed");
  }
  return sleep;
}

}  // namespace logboom::broker
