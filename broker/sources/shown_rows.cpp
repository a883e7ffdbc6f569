#include "broker/sources/shown_rows.h"

#include <algorithm>
#include <utility>

namespace logboom::broker {
namespace {

constexpr std::uint8_t kGapVersion = 1;
constexpr std::uint8_t kLeftOutVersion = 2;

bool LeavesOut(const ShownRow& row) { return row.row.kind == RowKind::kProgress; }

}  // namespace

ShownRow ShownRows::Next(ShownRow row) {
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

const ShownRow* ShownRows::LeftOutUpTo(const TopicPartition& where, const Uuid& source,
                                       SourcePosition end) const {
  const auto newest = left_out_.find({where, source});
  if (newest == left_out_.end()) return nullptr;
  const ShownRow& row = rows_.at(where).at(newest->second);
  return row.row.end == end ? &row : nullptr;
}

void ShownRows::Add(ShownRow row) {
  auto& partition = rows_[row.where];
  const Place place{row.offset, row.sequence};
  if (LeavesOut(row)) {
    const auto [newest, is_new] = left_out_.try_emplace({row.where, row.row.source_id}, place);
    if (!is_new && partition.at(newest->second).row.begin == row.row.begin) {
      partition.erase(newest->second);
    }
    newest->second = place;
  }
  partition.insert_or_assign(place, std::move(row));
}

std::vector<ShownRow> ShownRows::Between(const TopicPartition& where, Offset from, Offset to,
                                         std::size_t rows_max) const {
  std::vector<ShownRow> found;
  auto partition = rows_.find(where);
  if (partition == rows_.end()) return found;
  for (auto row = partition->second.lower_bound({from, 0});
       row != partition->second.end() && row->first.first <= to && found.size() < rows_max; ++row) {
    found.push_back(row->second);
  }
  return found;
}

std::vector<Bytes> ShownRows::DropBelow(const TopicPartition& where, Offset log_start) {
  std::vector<Bytes> keys;
  auto partition = rows_.find(where);
  if (partition == rows_.end()) return keys;
  auto end = partition->second.lower_bound({log_start, 0});
  for (auto row = partition->second.begin(); row != end; ++row) {
    keys.push_back(ShownRowKey(row->second));
    const auto newest = left_out_.find({where, row->second.row.source_id});
    if (newest != left_out_.end() && newest->second == row->first) left_out_.erase(newest);
  }
  partition->second.erase(partition->second.begin(), end);
  return keys;
}

std::vector<Bytes> ShownRows::DropTopic(const Uuid& topic_id) {
  std::vector<Bytes> keys;
  for (auto& [where, rows] : rows_) {
    if (where.topic_id != topic_id) continue;
    for (const auto& [place, row] : rows) keys.push_back(ShownRowKey(row));
  }
  std::erase_if(rows_, [&](const auto& entry) { return entry.first.topic_id == topic_id; });
  std::erase_if(left_out_,
                [&](const auto& entry) { return entry.first.first.topic_id == topic_id; });
  std::erase_if(given_, [&](const auto& entry) { return entry.first.topic_id == topic_id; });
  return keys;
}

std::set<Uuid> ShownRows::TopicIds() const {
  std::set<Uuid> ids;
  for (const auto& [where, rows] : rows_) ids.insert(where.topic_id);
  return ids;
}

std::size_t ShownRows::size() const {
  std::size_t count = 0;
  for (const auto& [where, rows] : rows_) count += rows.size();
  return count;
}

Bytes ShownRowKey(const ShownRow& row) {
  Bytes key(row.where.topic_id.bytes());
  ByteWriter writer(key);
  writer.Int(row.where.partition.value());
  writer.Int(row.offset.value());
  writer.Int(row.sequence);
  return key;
}

Bytes EncodeShownRow(const ShownRow& row) {
  Bytes value;
  ByteWriter writer(value);
  writer.Int(LeavesOut(row) ? kLeftOutVersion : kGapVersion);
  writer.Int(row.time.value());
  writer.Raw(row.row.source_id.bytes());
  writer.Int(row.row.begin.value());
  writer.Int(row.row.end.value());
  writer.Int(static_cast<std::uint8_t>(row.row.end_is_exact ? 1 : 0));
  writer.String(row.agent_id);
  writer.String(row.path);
  writer.String(row.row.reason);
  if (LeavesOut(row)) writer.Int(row.row.dropped);
  return value;
}

Result<ShownRow> DecodeShownRow(ByteView key, ByteView value) {
  ShownRow row;
  ByteReader key_reader(key);
  row.where.topic_id = Uuid::FromBytes(key_reader.Raw(Uuid::kSize)).value_or(Uuid());
  row.where.partition = PartitionIndex{key_reader.Int<std::int32_t>()};
  row.offset = Offset{key_reader.Int<std::int64_t>()};
  row.sequence = key_reader.Int<std::uint32_t>();
  ByteReader reader(value);
  const auto version = reader.Int<std::uint8_t>();
  if (reader.ok() && version != kGapVersion && version != kLeftOutVersion) {
    return Fail(ErrorCode::kUnsupported, "source row of version {}; this program reads {} and {}",
                version, kGapVersion, kLeftOutVersion);
  }
  row.time = TimestampMs{reader.Int<std::int64_t>()};
  row.row.source_id = Uuid::FromBytes(reader.Raw(Uuid::kSize)).value_or(Uuid());
  row.row.kind = version == kLeftOutVersion ? RowKind::kProgress : RowKind::kGap;
  row.row.begin = SourcePosition{reader.Int<std::int64_t>()};
  row.row.end = SourcePosition{reader.Int<std::int64_t>()};
  row.row.end_is_exact = reader.Int<std::uint8_t>() != 0;
  row.agent_id = Bytes(reader.String());
  row.path = Bytes(reader.String());
  row.row.reason = Bytes(reader.String());
  if (LeavesOut(row)) row.row.dropped = reader.Int<std::uint32_t>();
  if (!key_reader.done() || !reader.done()) {
    return Fail(ErrorCode::kCorrupt, "a source row is malformed");
  }
  return row;
}

}  // namespace logboom::broker
