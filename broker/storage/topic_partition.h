// Which log: a topic by its id, and the number of a partition of it.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>

#include "lib/base/types.h"
#include "lib/base/uuid.h"

namespace logboom::broker {

struct TopicPartition {
  Uuid topic_id;
  PartitionIndex partition;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

}  // namespace logboom::broker

template <>
struct std::hash<logboom::broker::TopicPartition> {
  std::size_t operator()(const logboom::broker::TopicPartition& where) const noexcept {
    return std::hash<logboom::Uuid>{}(where.topic_id) ^
           (static_cast<std::size_t>(where.partition.value()) * 0x9E3779B97F4A7C15U);
  }
};
