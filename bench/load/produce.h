// Producers side by side, each a connection and a thread of its own, over the partitions of one
// topic.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/batches.h"
#include "lib/base/result.h"
#include "lib/base/uuid.h"
#include "lib/client/producer.h"

namespace logboom::load {

struct ProduceOptions {
  std::string address;
  Uuid topic_id;
  std::int32_t partitions = 8;
  int producers = 4;
  client::Acks acks = client::Acks::kSynced;
  std::size_t bytes = 0;  // to send, of all producers
  // Batches of one producer that may be under way.
  std::size_t window = 8;
  // Open loop: each batch has its time, whether those before it are answered or not, and its
  // latency counts from that time. Nothing: as fast as the window lets it.
  std::optional<double> bytes_per_second;
};

struct ProduceReport {
  double seconds = 0;
  std::size_t bytes = 0;
  std::size_t batches = 0;
  std::vector<std::int64_t> latencies_us;  // of acknowledged batches, sorted
};

Result<ProduceReport> Produce(const ProduceOptions& options, const Batches& batches);

}  // namespace logboom::load
