// The metrics of the whole installation, from the snapshots of its brokers. Names and labels stay:
// dashboards and alerts rest on them. Functions without state; any thread.
//
// What is not known has no sample: a -1 would be summed up, and a NaN makes every sum NaN. What is
// gone (a topic, a group, an agent) is gone from the next scrape.
#pragma once

#include <cstdint>
#include <vector>

#include "exporters/prometheus/broker_reading.h"
#include "exporters/prometheus/exposition.h"

namespace logboom::exporter {

struct MetricLimits {
  // Partitions of groups over all brokers that have samples of their own. Where there are more,
  // each group has one sample a topic, and exporter_series_dropped says so.
  std::int64_t group_partitions_max = 20'000;
};

void WriteSnapshotMetrics(const std::vector<BrokerReading>& readings, const MetricLimits& limits,
                          Exposition& out);

}  // namespace logboom::exporter
