#include "tests/torture/driver/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "lib/client/wire_values.h"
#include "tests/torture/driver/fetched.h"
#include "tests/torture/driver/load.h"

namespace logboom::torture {
namespace {

constexpr std::chrono::milliseconds kAnswerTimeout{10'000};
// What is read again with Depth::kEnds, of what was read before.
constexpr std::int64_t kRecordsReadAgain = 300;
constexpr std::uint32_t kFetchBytes = 1 << 20;

Result<Offset> ReadFrom(Connection& connection, Books& books, const PartitionKey& key,
                        const Bytes& topic_id, Offset from, Offset end) {
  Offset next = from;
  while (next < end) {
    protocol::Request request;
    protocol::FetchRequest& fetch = *request.mutable_fetch();
    fetch.set_topic_id(topic_id);
    fetch.set_partition(key.second);
    fetch.set_offset(next.value());
    fetch.set_bytes_max(kFetchBytes);
    fetch.set_leader_epoch(-1);
    auto answer = connection.AskAndWait(request, kAnswerTimeout);
    if (!answer.ok()) {
      return answer.error().Within(fmt::format("fetch {}/{} at {}", key.first, key.second, next));
    }
    const Offset after = TakeFetched(key, next, *answer, books);
    if (after == next) return next;
    next = after;
  }
  return next;
}

void NoteCompaction(Offset compacted_end, Books& books) {
  if (compacted_end <= books.compacted_end) return;  // 0: it was not looked at yet
  books.compacted_end = compacted_end;
  ++books.counts.passes_seen;
}

Status InspectPartition(Connection& connection, Books& books, const protocol::Topic& topic,
                        const protocol::Partition& partition, Depth depth) {
  const PartitionKey key{topic.name(), partition.index()};
  PartitionLedger& ledger = books.Partition(key);
  const Offset log_start{partition.log_start_offset()};
  const Offset durable_end{partition.durable_end_offset()};
  const bool all = depth == Depth::kAll || ledger.compacted();
  const Offset again = all ? log_start : ledger.end() - kRecordsReadAgain;
  const Offset from = std::max(log_start, again);
  ledger.LookAnew();
  ASSIGN_OR_RETURN(Offset read,
                   ReadFrom(connection, books, key, topic.topic_id(), from, durable_end));
  if (read < durable_end) {
    books.findings.Add(Fault::kLost, fmt::format("{}/{}: nothing is served at {}, durable up to {}",
                                                 key.first, key.second, read, durable_end));
  }
  if (log_start > ledger.begin() && !ledger.compacted() &&
      ledger.BytesFrom(log_start) < static_cast<std::size_t>(books.retention_bytes / 2)) {
    books.findings.Add(Fault::kLost, fmt::format("{}/{}: the log begins at {}, which retention "
                                                 "does not explain",
                                                 key.first, key.second, log_start));
  }
  const std::uint64_t gone_before = ledger.records_compacted();
  ledger.Settle(log_start, from, durable_end, NowMs());
  books.counts.records_compacted += ledger.records_compacted() - gone_before;
  if (ledger.compacted()) NoteCompaction(Offset{partition.compacted_end_offset()}, books);
  return Ok();
}

Result<Answer> AskMetadata(Connection& connection) {
  protocol::Request request;
  request.mutable_metadata();
  return connection.AskAndWait(request, kAnswerTimeout);
}

// As `topic` tells, or, where retention takes records while they are read, as it is by then.
Status InspectPartitionAsItIs(Connection& connection, Books& books, const protocol::Topic& topic,
                              protocol::Partition partition, Depth depth) {
  while (true) {
    Status inspected = InspectPartition(connection, books, topic, partition, depth);
    if (inspected.ok()) return inspected;
    ASSIGN_OR_RETURN(const Answer answer, AskMetadata(connection));
    const std::int64_t log_start = partition.log_start_offset();
    for (const protocol::Topic& now : answer.response.metadata().topics()) {
      if (now.topic_id() != topic.topic_id()) continue;
      for (const protocol::Partition& one : now.partitions()) {
        if (one.index() == partition.index()) partition = one;
      }
    }
    if (partition.log_start_offset() == log_start) return inspected;
  }
}

Status InspectTopics(Connection& connection, Books& books, Depth depth) {
  ASSIGN_OR_RETURN(Answer answer, AskMetadata(connection));
  std::map<std::string, Bytes> found;
  for (const protocol::Topic& topic : answer.response.metadata().topics()) {
    if (!topic.name().starts_with("__")) found[topic.name()] = topic.topic_id();
  }
  books.topics.Settle(found);
  std::erase_if(books.partitions,
                [&](const auto& one) { return !found.contains(one.first.first); });
  for (const protocol::Topic& topic : answer.response.metadata().topics()) {
    if (!found.contains(topic.name())) continue;
    for (const protocol::Partition& partition : topic.partitions()) {
      RETURN_IF_ERROR(InspectPartitionAsItIs(connection, books, topic, partition, depth));
    }
  }
  return Ok();
}

Result<std::map<Uuid, SourcePosition>> ListSources(Connection& connection, const Bytes& topic_id) {
  std::map<Uuid, SourcePosition> found;
  protocol::Request request;
  protocol::ListSourcesRequest& list = *request.mutable_list_sources();
  list.set_topic_id(topic_id);
  list.set_with_final(true);
  while (true) {
    ASSIGN_OR_RETURN(Answer answer, connection.AskAndWait(request, kAnswerTimeout));
    const protocol::ListSourcesResponse& page = answer.response.list_sources();
    for (const protocol::Source& source : page.sources()) {
      found[client::UuidOf(source.source_id())] = SourcePosition{source.durable()};
    }
    if (!page.more() || page.sources().empty()) return found;
    list.set_after_source_id(page.sources(page.sources_size() - 1).source_id());
  }
}

// Behind InspectTopics: which batches the log has is then known.
Status InspectSources(Connection& connection, Books& books) {
  const auto topics = books.topics.Existing();
  const auto topic = topics.find(kSpanTopic);
  if (topic == topics.end()) return Ok();
  ASSIGN_OR_RETURN(auto found, ListSources(connection, topic->second));
  const PartitionLedger& log = books.Partition({kSpanTopic, 0});
  auto stored = [&](std::uint64_t batch) { return log.Holds(batch); };
  for (SourceLedger& source : books.sources) {
    const auto known = found.find(source.id());
    source.Settle(known == found.end() ? SourcePosition{0} : known->second, stored);
  }
  return Ok();
}

Status InspectCommits(Connection& connection, Books& books) {
  protocol::Request request;
  request.mutable_fetch_offsets()->set_group(kGroup);
  ASSIGN_OR_RETURN(Answer answer, connection.AskAndWait(request, kAnswerTimeout));
  std::map<std::int32_t, Offset> found;
  for (const protocol::CommittedOffset& one : answer.response.fetch_offsets().offsets()) {
    found[one.partition()] = Offset{one.offset()};
  }
  for (std::int32_t partition = 0; partition < kPlainPartitions; ++partition) {
    const auto one = found.find(partition);
    books.Commit(partition).Settle(one == found.end() ? Offset{-1} : one->second);
  }
  return Ok();
}

}  // namespace

Status Inspect(Connection& connection, Books& books, Depth depth) {
  RETURN_IF_ERROR(InspectTopics(connection, books, depth));
  RETURN_IF_ERROR(InspectSources(connection, books));
  return InspectCommits(connection, books);
}

}  // namespace logboom::torture
