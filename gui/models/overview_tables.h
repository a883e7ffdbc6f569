// The tables of the overview: brokers, and what needs attention.
#pragma once

#include <memory>

#include "gui/core/attention.h"
#include "gui/core/broker_rows.h"
#include "gui/models/table_model.h"

namespace logboom::gui {

using BrokerTable = TableModel<BrokerRow>;
using AttentionTable = TableModel<AttentionRow>;

std::unique_ptr<BrokerTable> MakeBrokerTable();
std::unique_ptr<AttentionTable> MakeAttentionTable();

}  // namespace logboom::gui
