// Gaps as readers meet them: bytes that were gone before they could be sent, at the place in the
// log where they would have stood.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "broker/engine/log_engine.h"
#include "broker/sources/source_table.h"
#include "lib/base/result.h"
#include "lib/base/types.h"

namespace logboom::broker {

struct GapRow {
  TopicPartition where;
  Offset offset;               // it precedes the record of this offset
  std::uint32_t sequence = 0;  // among the rows of one offset
  std::string agent_id;
  std::string path;
  ProgressRow row;
  TimestampMs time;
};

// One owner, one thread.
class GapRows {
 public:
  // Gives the row its sequence, each at most once: rows may be on their way to the store together.
  GapRow Next(GapRow row);
  void Add(GapRow row);
  // Rows that precede records in [from, to], in order; the first `rows_max` of them.
  std::vector<GapRow> Between(const TopicPartition& where, Offset from, Offset to,
                              std::size_t rows_max) const;
  // Removes rows below the log's start and tells their keys.
  std::vector<Bytes> DropBelow(const TopicPartition& where, Offset log_start);
  std::vector<Bytes> DropTopic(const Uuid& topic_id);
  std::set<Uuid> TopicIds() const;
  std::size_t size() const;

 private:
  using Place = std::pair<Offset, std::uint32_t>;
  std::map<TopicPartition, std::map<Place, GapRow>> rows_;
  // The newest place given away. Offsets of new rows do not fall, so that it is enough.
  std::map<TopicPartition, Place> given_;
};

// The row in the store. Key: topic id, partition i32, offset i64, sequence u32. Value: version u8 =
// 1, time i64 ms, source id, begin i64, end i64, exact u8, then agent id, path, reason: u32 length
// and bytes each.
Bytes GapRowKey(const GapRow& row);
Bytes EncodeGapRow(const GapRow& row);
Result<GapRow> DecodeGapRow(ByteView key, ByteView value);

}  // namespace logboom::broker
