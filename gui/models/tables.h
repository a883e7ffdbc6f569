// The console's tables: which columns they have, how each cell reads, sorts and is coloured.
#pragma once

#include <memory>

#include "gui/core/rows.h"
#include "gui/models/table_model.h"

namespace logboom::gui {

using TopicTable = TableModel<TopicRow>;
using PartitionTable = TableModel<PartitionRow>;
using GroupTable = TableModel<GroupRow>;
using LagTable = TableModel<LagRow>;
using AgentTable = TableModel<AgentRow>;

enum class TopicColumn { kName, kBroker, kPartitions, kRecords, kSize, kRate, kLastAppend };
enum class GroupColumn { kName, kBroker, kState, kMembers, kLagRecords, kLagTime, kStatus };
enum class AgentColumn {
  kId,
  kBroker,
  kState,
  kHost,
  kVersion,
  kFiles,
  kBacklog,
  kAcked,
  kDropped,
  kLastSeen,
  kErrors,
};

std::unique_ptr<TopicTable> MakeTopicTable();
std::unique_ptr<PartitionTable> MakePartitionTable();
std::unique_ptr<GroupTable> MakeGroupTable();
std::unique_ptr<LagTable> MakeLagTable();
std::unique_ptr<AgentTable> MakeAgentTable();

// How a state is worded and coloured.
QString StatusText(client::LagStatus status);
Tone StatusTone(client::LagStatus status);
QString StatusTip(client::LagStatus status);

}  // namespace logboom::gui
