// Zone::FromTzif: RFC 8536. A file has its zone twice, with 32-bit times for old readers and then
// with 64-bit ones, and behind them the rule for all later years.
#include <algorithm>

#include "lib/parse/zone.h"

namespace logboom::parse {
namespace {

constexpr ByteView kMagic = "TZif";
constexpr std::size_t kReservedBytes = 15;
constexpr std::size_t kLeapBytes32 = 8;
constexpr std::size_t kTypeBytes = 6;
// Real offsets are within 16 hours; this keeps sums of them and of times far from any overflow.
constexpr std::int32_t kOffsetSecondsMax = 26 * 3600;
constexpr std::int64_t kTimeSecondsMax = std::int64_t{1} << 60U;

struct Header {
  char version = '\0';
  std::uint32_t is_utc_count = 0;
  std::uint32_t is_standard_count = 0;
  std::uint32_t leap_count = 0;
  std::uint32_t time_count = 0;
  std::uint32_t type_count = 0;
  std::uint32_t name_bytes = 0;
};

Error Broken(std::string_view what) {
  return Fail(ErrorCode::kCorrupt, "not a time zone's file (TZif): {}", what);
}

Result<Header> ReadHeader(ByteReader& in) {
  if (in.Raw(kMagic.size()) != kMagic) return Broken("it does not begin with TZif");
  Header header;
  header.version = in.Int<char>();
  in.Raw(kReservedBytes);
  for (std::uint32_t* count : {&header.is_utc_count, &header.is_standard_count, &header.leap_count,
                               &header.time_count, &header.type_count, &header.name_bytes}) {
    *count = in.Int<std::uint32_t>();
  }
  if (!in.ok()) return Broken("its header is cut off");
  return header;
}

void SkipOldBlock(const Header& header, ByteReader& in) {
  in.Raw(std::size_t{header.time_count} * (sizeof(std::int32_t) + 1));
  in.Raw(std::size_t{header.type_count} * kTypeBytes);
  in.Raw(header.name_bytes);
  in.Raw(std::size_t{header.leap_count} * kLeapBytes32);
  in.Raw(header.is_standard_count);
  in.Raw(header.is_utc_count);
}

struct Block {
  ByteView times;  // 8 bytes each
  ByteView types;  // a byte each: of which of `offsets`
  std::vector<std::int32_t> offsets;
  ByteView footer;
};

Result<std::vector<std::int32_t>> ReadOffsets(ByteView types) {
  std::vector<std::int32_t> offsets;
  for (ByteReader in(types); !in.rest().empty(); in.Raw(kTypeBytes - sizeof(std::int32_t))) {
    offsets.push_back(in.Int<std::int32_t>());
    if (offsets.back() > kOffsetSecondsMax || offsets.back() < -kOffsetSecondsMax) {
      return Broken("an offset is above 26 hours");
    }
  }
  if (offsets.empty()) return Broken("it has no offset");
  return offsets;
}

Result<Block> ReadBlock(ByteReader& in) {
  ASSIGN_OR_RETURN(const Header header, ReadHeader(in));
  if (header.leap_count != 0) {
    return Fail(ErrorCode::kUnsupported, "a zone that counts leap seconds: name it without right/");
  }
  Block block;
  block.times = in.Raw(std::size_t{header.time_count} * sizeof(std::int64_t));
  block.types = in.Raw(header.time_count);
  const ByteView types = in.Raw(std::size_t{header.type_count} * kTypeBytes);
  in.Raw(header.name_bytes);
  in.Raw(header.is_standard_count);
  in.Raw(header.is_utc_count);
  const bool framed = in.Int<char>() == '\n' && in.rest().ends_with('\n');
  if (!in.ok() || !framed) return Broken("it is cut off");
  block.footer = in.rest().substr(0, in.rest().size() - 1);
  ASSIGN_OR_RETURN(block.offsets, ReadOffsets(types));
  return block;
}

}  // namespace

Result<Zone> Zone::FromTzif(ByteView bytes) {
  ByteReader in(bytes);
  ASSIGN_OR_RETURN(const Header old, ReadHeader(in));
  if (old.version < '2') {
    return Fail(ErrorCode::kUnsupported, "a time zone's file of version 1: 2 or later is needed");
  }
  SkipOldBlock(old, in);
  ASSIGN_OR_RETURN(const Block block, ReadBlock(in));

  Zone zone;
  zone.first_offset_s_ = block.offsets.front();
  std::int32_t before = zone.first_offset_s_;
  ByteReader times(block.times);
  for (const char type : block.types) {
    const auto number = static_cast<unsigned char>(type);
    if (number >= block.offsets.size()) return Broken("a change to an offset that is not there");
    const auto utc_s = times.Int<std::int64_t>();
    const bool ascends = zone.changes_.empty() || utc_s > zone.changes_.back().utc_s;
    if (!ascends || utc_s > kTimeSecondsMax || utc_s < -kTimeSecondsMax) {
      return Broken("its changes are not in order");
    }
    const std::int32_t offset_s = block.offsets[number];
    zone.changes_.push_back({utc_s, utc_s + std::max(before, offset_s), offset_s});
    before = offset_s;
  }
  if (!block.footer.empty()) {
    zone.rule_ = ZoneRule::Parse(block.footer);
    if (!zone.rule_) return Broken(fmt::format("its last line is no rule: '{}'", block.footer));
  }
  return zone;
}

}  // namespace logboom::parse
