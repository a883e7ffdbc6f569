#include "tests/bitflip/contents.h"

#include <fmt/format.h>

#include "lib/record/batch_header.h"

namespace logboom::bitflip {
namespace {

constexpr std::uint32_t kFetchBytes = 64 * 1024;
constexpr int kFetchesMax = 10'000;

// Reads one partition from front to end.
class PartitionReader {
 public:
  PartitionReader(LocalBroker& broker, const protocol::Topic& topic,
                  const protocol::Partition& partition, PartitionContents& out)
      : broker_(broker), topic_(topic), partition_(partition), out_(out) {}

  void Read(const std::vector<std::int64_t>& times) {
    out_.log_start = partition_.log_start_offset();
    out_.end = partition_.durable_end_offset();
    out_.epoch = partition_.leader_epoch();
    out_.last_append_ms = partition_.last_append_ms();
    ReadRecords();
    for (const std::int64_t time : times) out_.offset_at_time[time] = OffsetAt(time);
    for (std::int32_t epoch = 0; epoch < out_.epoch; ++epoch) {
      out_.epoch_end[epoch] = EndOfEpoch(epoch);
    }
  }

 private:
  protocol::Request FetchRequest(std::int64_t offset, std::int32_t epoch) const {
    protocol::Request request;
    protocol::FetchRequest& fetch = *request.mutable_fetch();
    fetch.set_topic_id(topic_.topic_id());
    fetch.set_partition(partition_.index());
    fetch.set_offset(offset);
    fetch.set_bytes_max(kFetchBytes);
    fetch.set_leader_epoch(epoch);
    fetch.set_with_rows(true);
    return request;
  }

  void ReadRecords() {
    std::int64_t at = out_.log_start;
    for (int i = 0; at < out_.end && i < kFetchesMax; ++i) {
      const Reply reply = broker_.Ask(FetchRequest(at, -1));
      if (!reply.ok()) {
        out_.errors.push_back(
            fmt::format("fetch from {}: {}", at, reply.response.error().message()));
        return;
      }
      const protocol::FetchResponse& fetched = reply.response.fetch();
      for (const protocol::UnreadableRange& one : fetched.unreadable()) {
        out_.unreadable.push_back({one.begin_offset(), one.end_offset()});
      }
      for (const protocol::SourceRow& row : fetched.rows()) out_.rows += row.SerializeAsString();
      TakeBatches(reply.payload, at, fetched.next_offset());
      if (fetched.next_offset() <= at) {
        out_.errors.push_back(fmt::format("fetch from {} does not go on", at));
        return;
      }
      at = fetched.next_offset();
    }
  }

  // A client goes over the batches by their lengths, and believes those whose sum is right.
  void TakeBatches(ByteView rest, std::int64_t begin, std::int64_t end) {
    while (!rest.empty()) {
      const auto header = record::ParseBatchHeader(rest);
      if (!header.ok() || header->size_bytes() > rest.size()) {
        out_.refused.push_back({begin, end});
        return;
      }
      const ByteView batch = rest.substr(0, header->size_bytes());
      rest.remove_prefix(header->size_bytes());
      begin = header->next_offset().value();
      if (record::VerifyBatch(batch).ok()) {
        out_.batches[header->base_offset.value()] = Bytes(batch);
      } else {
        out_.refused.push_back({header->base_offset.value(), begin});
      }
    }
  }

  std::int64_t OffsetAt(std::int64_t time) {
    protocol::Request request;
    protocol::ListOffsetsRequest& list = *request.mutable_list_offsets();
    list.set_topic_id(topic_.topic_id());
    list.set_partition(partition_.index());
    list.set_position(protocol::ListOffsetsRequest::BY_TIME);
    list.set_timestamp_ms(time);
    const Reply reply = broker_.Ask(std::move(request));
    return reply.ok() ? reply.response.list_offsets().offset() : -2;
  }

  // The first offset at which a reader that knows this epoch is told that the log was cut.
  std::int64_t EndOfEpoch(std::int32_t epoch) {
    std::int64_t low = out_.log_start;
    std::int64_t high = out_.end;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      const bool cut = !broker_.Ask(FetchRequest(middle, epoch)).ok();
      (cut ? high : low) = cut ? middle : middle + 1;
    }
    return low;
  }

  LocalBroker& broker_;
  const protocol::Topic& topic_;
  const protocol::Partition& partition_;
  PartitionContents& out_;
};

void ReadSources(LocalBroker& broker, const protocol::Topic& topic, Contents& contents) {
  Bytes after;
  while (true) {
    protocol::Request request;
    request.mutable_list_sources()->set_topic_id(topic.topic_id());
    request.mutable_list_sources()->set_with_final(true);
    request.mutable_list_sources()->set_after_source_id(after);
    const Reply reply = broker.Ask(std::move(request));
    if (!reply.ok()) {
      contents.errors.push_back("sources: " + reply.response.error().message());
      return;
    }
    for (const protocol::Source& source : reply.response.list_sources().sources()) {
      after = source.source_id();
      contents.sources[topic.name() + after] = source.SerializeAsString();
    }
    if (!reply.response.list_sources().more()) return;
  }
}

void ReadGroup(LocalBroker& broker, const std::string& group, Contents& contents) {
  protocol::Request request;
  request.mutable_fetch_offsets()->set_group(group);
  const Reply reply = broker.Ask(std::move(request));
  const auto key = [&](const Bytes& topic_id, std::int32_t partition) {
    return fmt::format("{}/{}{}", group, topic_id, partition);
  };
  for (const protocol::CommittedOffset& one : reply.response.fetch_offsets().offsets()) {
    contents.committed[key(one.topic_id(), one.partition())] = one.SerializeAsString();
  }
  protocol::Request describe;
  describe.mutable_describe_group()->set_group(group);
  const Reply described = broker.Ask(std::move(describe));
  for (const protocol::GroupPartition& one :
       described.response.describe_group().group().partitions()) {
    contents.arrived_ms[key(one.topic_id(), one.partition())] =
        one.lag_ms() > 0 ? broker.now().value() - one.lag_ms() : -1;
  }
}

void ReadGroups(LocalBroker& broker, Contents& contents) {
  protocol::Request request;
  request.mutable_list_groups();
  const Reply reply = broker.Ask(std::move(request));
  if (!reply.ok()) contents.errors.push_back("groups: " + reply.response.error().message());
  for (const protocol::GroupSummary& one : reply.response.list_groups().groups()) {
    ReadGroup(broker, one.group(), contents);
  }
}

std::string Words(const protocol::Topic& topic) {
  std::map<std::string, std::string> config(topic.config().begin(), topic.config().end());
  std::string words = topic.topic_id();
  for (const auto& [key, value] : config) words += fmt::format(" {}={}", key, value);
  return words;
}

}  // namespace

Contents ReadContents(LocalBroker& broker, const std::vector<std::int64_t>& times) {
  Contents contents;
  broker.SayHelloAs(kSampleAgent, kSampleAgentTopic);  // sources are told to agents alone
  protocol::Request request;
  request.mutable_metadata();
  const Reply reply = broker.Ask(std::move(request));
  if (!reply.ok()) contents.errors.push_back("metadata: " + reply.response.error().message());
  for (const protocol::Topic& topic : reply.response.metadata().topics()) {
    contents.topics[topic.name()] = Words(topic);
    for (const protocol::Partition& partition : topic.partitions()) {
      PartitionContents& out =
          contents.partitions[fmt::format("{}-{}", topic.name(), partition.index())];
      PartitionReader(broker, topic, partition, out).Read(times);
    }
    ReadSources(broker, topic, contents);
  }
  ReadGroups(broker, contents);
  protocol::Request status;
  status.mutable_status();
  const Reply told = broker.Ask(std::move(status));
  for (const protocol::Condition& one : told.response.status().conditions()) {
    contents.conditions.push_back(fmt::format("{}: {}", one.name(), one.message()));
  }
  return contents;
}

}  // namespace logboom::bitflip
