// One budget of bytes over all topics, and which topic gives first where it is exceeded: pure
// decisions, made by the engine's eviction.
//
// The budget concerns segments. As a share of the file system it counts what others keep there too,
// so that the whole stays below it; but their growth takes half of it at most: a program gone wild
// must not empty the log. What is free is the reserve's business (docs/decisions/0011).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/file/file_system.h"

namespace logboom::broker {

struct DiskBudget {
  // One of both.
  std::optional<std::int64_t> bytes = std::nullopt;
  int percent = 80;  // of the file system, 1 to 100
};

// Bytes that all segments may take now. `others_bytes`: what else is on the file system.
std::int64_t BudgetBytes(const DiskBudget& budget, const file::Space& space,
                         std::int64_t others_bytes);

struct TopicUse {
  std::int64_t bytes = 0;
  std::int64_t share = 1;  // of the budget, beside the others' shares
};

// Indexes into `topics`: the one that is furthest above its share of the budget, in bytes, first.
std::vector<std::size_t> EvictionOrder(std::span<const TopicUse> topics, std::int64_t budget_bytes);

}  // namespace logboom::broker
