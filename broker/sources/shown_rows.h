// Rows of sources that readers meet in the log, at the place where what they tell of would have
// stood: gaps, which are bytes that were gone before they could be sent, and lines that an agent
// left out.
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

struct ShownRow {
  TopicPartition where;
  Offset offset;               // it precedes the record of this offset
  std::uint32_t sequence = 0;  // among the rows of one offset
  std::string agent_id;
  std::string path;
  ProgressRow row;
  TimestampMs time;
};

// One owner, one thread.
class ShownRows {
 public:
  // The row of `source` that leaves out lines up to `end`; null where none does.
  const ShownRow* LeftOutUpTo(const TopicPartition& where, const Uuid& source,
                              SourcePosition end) const;
  // Gives the row its sequence, each at most once: rows may be on their way to the store together.
  ShownRow Next(ShownRow row);
  // One that leaves out lines takes the place of the one that it goes on from the begin of.
  void Add(ShownRow row);
  // Rows that precede records in [from, to], in order; the first `rows_max` of them.
  std::vector<ShownRow> Between(const TopicPartition& where, Offset from, Offset to,
                                std::size_t rows_max) const;
  // Removes rows below the log's start and tells their keys.
  std::vector<Bytes> DropBelow(const TopicPartition& where, Offset log_start);
  std::vector<Bytes> DropTopic(const Uuid& topic_id);
  std::set<Uuid> TopicIds() const;
  std::size_t size() const;

 private:
  using Place = std::pair<Offset, std::uint32_t>;
  std::map<TopicPartition, std::map<Place, ShownRow>> rows_;
  // Of each source, the newest row that leaves out lines.
  std::map<std::pair<TopicPartition, Uuid>, Place> left_out_;
  // The newest place given away. Offsets of new rows do not fall, so that it is enough.
  std::map<TopicPartition, Place> given_;
};

// The row in the store. Key: topic id, partition i32, offset i64, sequence u32. Value: version u8,
// time i64 ms, source id, begin i64, end i64, exact u8, then agent id, path, reason: u32 length and
// bytes each. Version 1 is a gap; version 2 is of lines that were left out, whose number u32
// follows.
Bytes ShownRowKey(const ShownRow& row);
Bytes EncodeShownRow(const ShownRow& row);
Result<ShownRow> DecodeShownRow(ByteView key, ByteView value);

}  // namespace logboom::broker
