#include "agent/checkpoint.h"

#include <algorithm>

namespace logboom::agent {

Result<std::vector<CheckpointRow>> MemoryCheckpoint::LoadSources() {
  std::vector<CheckpointRow> rows;
  for (const auto& [key, row] : sources_) rows.push_back(row);
  return rows;
}

Result<std::vector<std::string>> MemoryCheckpoint::LoadInputs() { return inputs_; }

Status MemoryCheckpoint::Save(std::span<const CheckpointRow> sources,
                              std::span<const std::string> inputs) {
  for (const CheckpointRow& row : sources) {
    if (row.final) {
      sources_.erase({row.topic_id, row.source_id});
    } else {
      sources_[{row.topic_id, row.source_id}] = row;
    }
  }
  for (const std::string& input : inputs) {
    if (std::find(inputs_.begin(), inputs_.end(), input) == inputs_.end()) {
      inputs_.push_back(input);
    }
  }
  return Ok();
}

}  // namespace logboom::agent
