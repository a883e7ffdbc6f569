#include "broker/storage/disk_budget.h"

#include <algorithm>
#include <numeric>

namespace logboom::broker {

std::int64_t BudgetBytes(const DiskBudget& budget, const file::Space& space,
                         std::int64_t others_bytes) {
  if (budget.bytes) return *budget.bytes;
  const std::int64_t whole = space.total_bytes / 100 * budget.percent;
  return std::max(whole - std::max<std::int64_t>(0, others_bytes), whole / 2);
}

std::vector<std::size_t> EvictionOrder(std::span<const TopicUse> topics,
                                       std::int64_t budget_bytes) {
  double shares = 0;
  for (const TopicUse& topic : topics) shares += static_cast<double>(topic.share);
  const auto above = [&](std::size_t index) {
    const TopicUse& topic = topics[index];
    const double part = shares > 0 ? static_cast<double>(topic.share) / shares : 0;
    return static_cast<double>(topic.bytes) - part * static_cast<double>(budget_bytes);
  };
  std::vector<std::size_t> order(topics.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return above(a) > above(b); });
  return order;
}

}  // namespace logboom::broker
