#include "broker/sources/gap_rows.h"

#include <algorithm>
#include <utility>

namespace logboom::broker {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

GapRow GapRows::Next(GapRow row) {
  if (auto partition = rows_.find(row.where); partition != rows_.end()) {
    auto after = partition->second.lower_bound({row.offset + 1, 0});
    if (after != partition->second.begin()) {
      --after;
      if (after->first.first == row.offset) row.sequence = after->first.second + 1;
    }
  }
  auto given = given_.find(row.where);
  if (given != given_.end() && given->second.first == row.offset) {
    row.sequence = std::max(row.sequence, given->second.second + 1);
  }
  given_[row.where] = {row.offset, row.sequence};
  return row;
}

void GapRows::Add(GapRow row) {
  auto& partition = rows_[row.where];
  const Place place{row.offset, row.sequence};
  partition.insert_or_assign(place, std::move(row));
}

std::vector<GapRow> GapRows::Between(const TopicPartition& where, Offset from, Offset to,
                                     std::size_t rows_max) const {
  std::vector<GapRow> found;
  auto partition = rows_.find(where);
  if (partition == rows_.end()) return found;
  for (auto row = partition->second.lower_bound({from, 0});
       row != partition->second.end() && row->first.first <= to && found.size() < rows_max; ++row) {
    found.push_back(row->second);
  }
  return found;
}

std::vector<Bytes> GapRows::DropBelow(const TopicPartition& where, Offset log_start) {
  std::vector<Bytes> keys;
  auto partition = rows_.find(where);
  if (partition == rows_.end()) return keys;
  auto end = partition->second.lower_bound({log_start, 0});
  for (auto row = partition->second.begin(); row != end; ++row) {
    keys.push_back(GapRowKey(row->second));
  }
  partition->second.erase(partition->second.begin(), end);
  return keys;
}

std::vector<Bytes> GapRows::DropTopic(const Uuid& topic_id) {
  std::vector<Bytes> keys;
  for (auto& [where, rows] : rows_) {
    if (where.topic_id != topic_id) continue;
    for (const auto& [place, row] : rows) keys.push_back(GapRowKey(row));
  }
  std::erase_if(rows_, [&](const auto& entry) { return entry.first.topic_id == topic_id; });
  std::erase_if(given_, [&](const auto& entry) { return entry.first.topic_id == topic_id; });
  return keys;
}

std::set<Uuid> GapRows::TopicIds() const {
  std::set<Uuid> ids;
  for (const auto& [where, rows] : rows_) ids.insert(where.topic_id);
  return ids;
}

std::size_t GapRows::size() const {
  std::size_t count = 0;
  for (const auto& [where, rows] : rows_) count += rows.size();
  return count;
}

Bytes GapRowKey(const GapRow& row) {
  Bytes key(row.where.topic_id.bytes());
  ByteWriter writer(key);
  writer.Int(row.where.partition.value());
  writer.Int(row.offset.value());
  writer.Int(row.sequence);
  return key;
}

Bytes EncodeGapRow(const GapRow& row) {
  Bytes value;
  ByteWriter writer(value);
  writer.Int(kVersion);
  writer.Int(row.time.value());
  writer.Raw(row.row.source_id.bytes());
  writer.Int(row.row.begin.value());
  writer.Int(row.row.end.value());
  writer.Int(static_cast<std::uint8_t>(row.row.end_is_exact ? 1 : 0));
  writer.String(row.agent_id);
  writer.String(row.path);
  writer.String(row.row.reason);
  return value;
}

Result<GapRow> DecodeGapRow(ByteView key, ByteView value) {
  GapRow row;
  ByteReader key_reader(key);
  row.where.topic_id = Uuid::FromBytes(key_reader.Raw(Uuid::kSize)).value_or(Uuid());
  row.where.partition = PartitionIndex{key_reader.Int<std::int32_t>()};
  row.offset = Offset{key_reader.Int<std::int64_t>()};
  row.sequence = key_reader.Int<std::uint32_t>();
  ByteReader reader(value);
  const auto version = reader.Int<std::uint8_t>();
  if (reader.ok() && version != kVersion) {
    return Fail(ErrorCode::kUnsupported, "gap row of version {}; this program reads {}", version,
                kVersion);
  }
  row.time = TimestampMs{reader.Int<std::int64_t>()};
  row.row.source_id = Uuid::FromBytes(reader.Raw(Uuid::kSize)).value_or(Uuid());
  row.row.kind = RowKind::kGap;
  row.row.begin = SourcePosition{reader.Int<std::int64_t>()};
  row.row.end = SourcePosition{reader.Int<std::int64_t>()};
  row.row.end_is_exact = reader.Int<std::uint8_t>() != 0;
  row.agent_id = Bytes(reader.String());
  row.path = Bytes(reader.String());
  row.row.reason = Bytes(reader.String());
  if (!key_reader.done() || !reader.done()) {
    return Fail(ErrorCode::kCorrupt, "a gap's row is malformed");
  }
  return row;
}

}  // namespace logboom::broker
