// A table with one topic and partition, and the steps that its tests are made of.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "broker/sources/source_table.h"
#include "tests/broker/sources/table_fixture.h"

namespace logboom::broker {

using Kind = Judgement::Kind;

inline const Uuid kTopic = IdOf(1'000);
inline const TopicPartition kWhere{kTopic, PartitionIndex{2}};
inline constexpr TimestampMs kTime{1'700'000'000'000};

class SourceTableTest : public testing::Test {
 protected:
  Judgement Judge(const std::vector<ProducedSpan>& spans, const std::string& agent = "a") {
    return table_.JudgeSpans(kWhere, agent, spans);
  }
  Judgement JudgeRows(const std::vector<ProgressRow>& rows, const std::string& agent = "a") {
    return table_.JudgeRows(kWhere, agent, rows);
  }

  void Append(const std::vector<ProducedSpan>& spans) {
    ASSERT_EQ(Judge(spans).kind, Kind::kFresh);
    table_.Append(kWhere, spans, kTime);
  }
  void AppendDurably(const std::vector<ProducedSpan>& spans) {
    Append(spans);
    table_.MakeDurable(kTopic, spans);
  }
  void Hold(const std::vector<ProgressRow>& rows) {
    ASSERT_EQ(JudgeRows(rows).kind, Kind::kFresh);
    table_.HoldForRows(kWhere, rows, kTime);
  }
  void Commit(const std::vector<ProgressRow>& rows, TimestampMs time = kTime) {
    Hold(rows);
    table_.SettleRows(kTopic, rows, SourceTable::RowsSettled::kCommitted, time);
  }

  const Source& Get(std::uint64_t source) {
    const Source* found = table_.Find(kTopic, IdOf(source));
    EXPECT_NE(found, nullptr);
    return *found;
  }
  std::pair<std::int64_t, std::int64_t> At(std::uint64_t source) {
    return {Get(source).appended.value(), Get(source).durable.value()};
  }

  SourceTable table_;
};

using Positions = std::pair<std::int64_t, std::int64_t>;

}  // namespace logboom::broker
