// A topic's configuration: Kafka's keys, as text from users and the store, as numbers for the log.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "broker/storage/partition_log.h"
#include "lib/base/result.h"

namespace logboom::broker {

// What was set; what is not there is default.
using TopicConfig = std::map<std::string, std::string>;

// kInvalid names the key, the value and what it takes; unknown keys name the known ones.
Status CheckTopicConfig(const TopicConfig& config);

// `config` has passed CheckTopicConfig.
// Whether the last record of each key is kept: cleanup.policy.
bool IsCompacted(const TopicConfig& config);
PartitionLogOptions LogOptions(const TopicConfig& config);
std::int64_t RetentionShare(const TopicConfig& config);
std::int64_t RetentionMinMs(const TopicConfig& config);
std::size_t MaxMessageBytes(const TopicConfig& config);

}  // namespace logboom::broker
