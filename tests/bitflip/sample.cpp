#include "tests/bitflip/sample.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "lib/record/batch_builder.h"
#include "tests/broker/sources/sources_rig.h"

namespace logboom::bitflip {
namespace {

constexpr std::int64_t kBeginMs = 1'800'000'000'000;
constexpr const char* kPlainTopic = "plain";
constexpr const char* kShortTopic = "short";
constexpr const char* kKeyedTopic = "keyed";
constexpr std::int32_t kPlainPartitions = 2;
constexpr std::uint64_t kSources = 40;
constexpr int kGroups = 24;
constexpr std::uint64_t kKeys = 250;

Result<Reply> Asked(Reply reply) {
  if (reply.ok()) return reply;
  return Fail(ErrorCode::kInvalid, "{}", reply.response.error().message());
}

class SampleMaker {
 public:
  SampleMaker(std::string directory, Random& random)
      : directory_(std::move(directory)), random_(random) {}

  Result<Sample> Make() {
    RETURN_IF_ERROR(Start());
    RETURN_IF_ERROR(MakeTopics());
    for (int round = 0; round < 6; ++round) RETURN_IF_ERROR(WriteRound());
    RETURN_IF_ERROR(Break());
    for (int round = 0; round < 4; ++round) RETURN_IF_ERROR(WriteRound());
    RETURN_IF_ERROR(Gaps());
    RETURN_IF_ERROR(CommitOffsets());
    broker_->Pass(40'000);  // a checkpoint of positions, a round of retention
    RETURN_IF_ERROR(broker_->Stop());
    sample_.stopped = broker_->now();
    return std::move(sample_);
  }

 private:
  Status Start() {
    ASSIGN_OR_RETURN(broker_,
                     LocalBroker::Start(directory_, TimestampMs(now_ms_), Compaction::kRuns));
    return Ok();
  }

  Status MakeTopics() {
    RETURN_IF_ERROR(MakeTopic(kSampleAgentTopic, 1, {{"segment.ms", "60000"}}));
    RETURN_IF_ERROR(MakeTopic(kPlainTopic, kPlainPartitions,
                              {{"segment.ms", "90000"}, {"max.message.bytes", "500000"}}));
    RETURN_IF_ERROR(
        MakeTopic(kShortTopic, 1, {{"segment.ms", "1000"}, {"retention.bytes", "20000"}}));
    RETURN_IF_ERROR(MakeTopic("quiet", 1, {}));
    RETURN_IF_ERROR(MakeTopic(kKeyedTopic, 1,
                              {{"cleanup.policy", "compact"},
                               {"segment.ms", "30000"},
                               {"segment.bytes", "1048576"},
                               {"min.cleanable.dirty.ratio", "0.3"},
                               {"delete.retention.ms", fmt::format("{}", kTombstonesStayMs)},
                               {"max.compaction.lag.ms", fmt::format("{}", kTombstonesStayMs)}}));
    protocol::Request request;
    request.mutable_init_producer_id();
    ASSIGN_OR_RETURN(const Reply made, Asked(broker_->Ask(std::move(request))));
    producer_id_ = made.response.init_producer_id().producer_id();
    return Ok();
  }

  Status MakeTopic(const std::string& name, std::int32_t partitions,
                   const std::map<std::string, std::string>& config) {
    protocol::Request request;
    request.mutable_create_topic()->set_name(name);
    request.mutable_create_topic()->set_partitions(partitions);
    for (const auto& [key, value] : config) {
      (*request.mutable_create_topic()->mutable_config())[key] = value;
    }
    ASSIGN_OR_RETURN(const Reply made, Asked(broker_->Ask(std::move(request))));
    ids_[name] = made.response.create_topic().topic_id();
    return Ok();
  }

  Status WriteRound() {
    for (int i = 0; i < 8; ++i) {
      for (std::int32_t p = 0; p < kPlainPartitions; ++p) {
        RETURN_IF_ERROR(Produce(kPlainTopic, p, RandomBatch()));
      }
      RETURN_IF_ERROR(Produce(kShortTopic, 0, RandomBatch()));
      RETURN_IF_ERROR(ProduceKeyed());
      RETURN_IF_ERROR(ProduceSpans());
      broker_->Pass(5'000);
    }
    return Ok();
  }

  Bytes RandomBytes(std::size_t count) {
    Bytes bytes(count, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_.Below(256));
    return bytes;
  }

  Bytes RandomBatch() {
    record::BatchBuilder builder({.codec = record::Codec::kNone});
    const std::uint64_t count = 1 + random_.Below(6);
    for (std::uint64_t i = 0; i < count; ++i) {
      const Bytes value = RandomBytes(100 + random_.Below(900));
      const auto late = static_cast<std::int64_t>(random_.Below(30'000));
      builder.Add(
          {.timestamp = broker_->now() - late, .key = "key", .value = value, .headers = {}});
    }
    return Bytes(*builder.Finish());
  }

  Status Produce(const std::string& topic, std::int32_t partition, const Bytes& batch) {
    ASSIGN_OR_RETURN(const Reply reply, Send(topic, partition, batch));
    Note(topic, partition, reply, batch);
    return Ok();
  }

  Result<Reply> Send(const std::string& topic, std::int32_t partition, const Bytes& batch) {
    protocol::Request request;
    request.mutable_produce()->set_topic_id(ids_[topic]);
    request.mutable_produce()->set_partition(partition);
    return Asked(broker_->Ask(std::move(request), batch));
  }

  // One of six records is a tombstone, one of four batches is a producer's.
  Status ProduceKeyed() {
    record::BatchBuilder builder({.codec = record::Codec::kNone});
    KeyedRecords records;
    const auto count = static_cast<std::int32_t>(1 + random_.Below(6));
    for (std::int64_t i = 0; i < count; ++i) {
      KeyedRecord one{.key = fmt::format("key {}", random_.Below(kKeys)),
                      .value = RandomBytes(5'000 + random_.Below(8'000)),
                      .timestamp_ms = broker_->now().value()};
      if (random_.Below(6) == 0) one.value.reset();
      builder.Add({.timestamp = TimestampMs(one.timestamp_ms),
                   .key = one.key,
                   .value = one.value ? std::optional<ByteView>(*one.value) : std::nullopt,
                   .headers = {}});
      records[i] = std::move(one);
    }
    if (random_.Below(4) == 0) {
      builder.SetProducer(producer_id_, 0, sequence_);
      sequence_ += count;
    }
    ASSIGN_OR_RETURN(const Reply reply, Send(kKeyedTopic, 0, Bytes(*builder.Finish())));
    for (auto& [delta, one] : records) {
      sample_.keyed[reply.response.produce().base_offset() + delta] = std::move(one);
    }
    return Ok();
  }

  void Note(const std::string& topic, std::int32_t partition, const Reply& reply, Bytes batch) {
    sample_.acked[fmt::format("{}-{}", topic, partition)][reply.response.produce().base_offset()] =
        std::move(batch);
  }

  // A batch with a run of each of two sources.
  Status ProduceSpans() {
    broker_->SayHelloAs(kSampleAgent, kSampleAgentTopic);
    const protocol::AgentTopic& where = broker_->agent_topic();
    std::vector<broker::ProducedSpan> spans;
    protocol::Request request;
    request.mutable_produce()->set_topic_id(where.topic_id());
    request.mutable_produce()->set_partition(where.partition());
    for (int i = 0; i < 2; ++i) {
      const std::uint64_t source = 1 + next_source_++ % kSources;
      const std::int64_t begin = positions_[source];
      const auto end = begin + 1 + static_cast<std::int64_t>(random_.Below(5'000));
      spans.push_back(begin == 0 ? broker::FirstSpanOf(source, begin, end, kSampleAgent)
                                 : broker::SpanOf(source, begin, end));
      AddSpan(spans.back(), *request.mutable_produce());
      positions_[source] = end;
    }
    const Bytes batch =
        broker::BatchOf(spans, where.log_tag(), 300 + random_.Below(1'000), broker_->now());
    ASSIGN_OR_RETURN(const Reply reply, Asked(broker_->Ask(std::move(request), batch)));
    Note(kSampleAgentTopic, where.partition(), reply, batch);
    return Ok();
  }

  static void AddSpan(const broker::ProducedSpan& span, protocol::ProduceRequest& request) {
    protocol::Span& one = *request.add_spans();
    one.set_source_id(Bytes(span.source_id.bytes()));
    one.set_begin(span.begin.value());
    one.set_end(span.end.value());
    one.set_window(span.window);
    one.set_records(span.records);
    if (!span.identity) return;
    protocol::SourceIdentity& identity = *one.mutable_identity();
    identity.set_path(span.identity->path);
    identity.set_inode(span.identity->inode);
    identity.set_head_bytes(span.identity->head_bytes);
    identity.set_head_hash(span.identity->head_hash);
  }

  // Dies, and finds a log that is damaged above its recovery point: a new leader epoch begins.
  Status Break() {
    broker_->Pass(100);
    now_ms_ = broker_->now().value() + 1'000;
    broker_.reset();
    for (const char* partition : {"2-0", "5-0"}) {  // plain, keyed
      const std::string log = NewestLog(fmt::format("{}/{}", directory_, partition));
      std::ofstream(log, std::ios::binary | std::ios::app) << std::string(500, 'x');
    }
    return Start();
  }

  static std::string NewestLog(const std::string& directory) {
    std::string newest;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      if (entry.path().extension() == ".log") newest = std::max(newest, entry.path().string());
    }
    return newest;
  }

  Status Gaps() {
    broker_->SayHelloAs(kSampleAgent, kSampleAgentTopic);
    const protocol::AgentTopic& where = broker_->agent_topic();
    for (std::uint64_t source = 1; source <= 9; ++source) {
      protocol::Request request;
      protocol::SourceProgressRequest& progress = *request.mutable_source_progress();
      progress.set_topic_id(where.topic_id());
      progress.set_partition(where.partition());
      protocol::ProgressRow& row = *progress.add_rows();
      row.set_source_id(Bytes(broker::IdOf(source).bytes()));
      row.set_kind(source % 3 == 0 ? protocol::CLOSE : protocol::GAP);
      row.set_begin(positions_[source]);
      row.set_end(positions_[source] + (source % 3 == 0 ? 0 : 100));
      row.set_reason("unlinked");
      RETURN_IF_ERROR(Asked(broker_->Ask(std::move(request))));
    }
    return Ok();
  }

  Status CommitOffsets() {
    for (int group = 0; group < kGroups; ++group) {
      protocol::Request request;
      protocol::CommitOffsetsRequest& commit = *request.mutable_commit_offsets();
      commit.set_group(fmt::format("group-{}", group));
      for (std::int32_t partition = 0; partition < kPlainPartitions; ++partition) {
        protocol::OffsetCommit& one = *commit.add_offsets();
        one.set_topic_id(ids_[kPlainTopic]);
        one.set_partition(partition);
        one.set_offset(3 + group * 7);
        one.set_leader_epoch(0);
        one.set_metadata(std::string(50, 'm'));
      }
      RETURN_IF_ERROR(Asked(broker_->Ask(std::move(request))));
    }
    return Ok();
  }

  std::string directory_;
  Random& random_;
  Sample sample_;
  std::int64_t now_ms_ = kBeginMs;
  std::unique_ptr<LocalBroker> broker_;
  std::map<std::string, Bytes> ids_;
  std::map<std::uint64_t, std::int64_t> positions_;
  std::uint64_t next_source_ = 0;
  std::int64_t producer_id_ = -1;
  std::int32_t sequence_ = 0;
};

}  // namespace

Result<Sample> MakeSample(const std::string& directory, Random& random) {
  return SampleMaker(directory, random).Make();
}

}  // namespace logboom::bitflip
