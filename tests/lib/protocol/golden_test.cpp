// Envelopes as released brokers and agents write them.
#include "tests/lib/protocol/golden.h"

#include <gtest/gtest.h>

namespace logboom::protocol {
namespace {

const std::string kId = "0123456789abcdef";

Request HelloOfAgent() {
  Request request;
  request.set_request_id(1);
  request.set_version(1);
  request.set_want_credit_bytes(4U << 20U);
  auto& hello = *request.mutable_hello();
  hello.set_program("logboom-agent");
  hello.set_program_version("0.1.0");
  auto& api = *hello.add_apis();
  api.set_api(11);
  api.set_min(1);
  api.set_max(2);
  auto& agent = *hello.mutable_agent();
  agent.set_agent_id("web-1");
  agent.set_host("web-1.example.com");
  agent.set_boot_id("boot");
  agent.set_process_id("4711");
  agent.add_topics("web");
  (*agent.mutable_labels())["env"] = "prod";
  return request;
}

Request ProduceWithSpans() {
  Request request;
  request.set_session(kId);
  request.set_request_id(300);
  request.set_version(1);
  auto& produce = *request.mutable_produce();
  produce.set_topic_id(kId);
  produce.set_partition(3);
  produce.set_acks(WRITTEN);
  auto& span = *produce.add_spans();
  span.set_source_id(kId);
  span.set_begin(10);
  span.set_end(1'000'000'000'000);
  span.set_window(0x0102030405060708U);
  span.set_records(7);
  span.set_dropped(2);
  auto& identity = *span.mutable_identity();
  identity.set_path("/var/log/\xFF.log");
  identity.set_device(66'306);
  identity.set_inode(99);
  identity.set_birth_time_ns(1'700'000'000'000'000'000);
  identity.set_file_system_uuid("uuid");
  identity.set_head_bytes(1'024);
  identity.set_head_hash(0x1122334455667788U);
  return request;
}

Request FetchWithRows() {
  Request request;
  request.set_session(kId);
  request.set_request_id(5);
  request.set_version(1);
  auto& fetch = *request.mutable_fetch();
  fetch.set_topic_id(kId);
  fetch.set_partition(1);
  fetch.set_offset(123'456'789'012);
  fetch.set_bytes_max(1U << 20U);
  fetch.set_wait_ms_max(30'000);
  fetch.set_leader_epoch(-1);
  fetch.set_with_rows(true);
  return request;
}

Request ProgressWithGap() {
  Request request;
  request.set_session(kId);
  request.set_request_id(6);
  request.set_version(1);
  auto& progress = *request.mutable_source_progress();
  progress.set_topic_id(kId);
  progress.set_partition(0);
  auto& row = *progress.add_rows();
  row.set_source_id(kId);
  row.set_kind(GAP);
  row.set_begin(1);
  row.set_end(2);
  row.set_end_is_exact(true);
  row.set_reason("truncated");
  row.set_dropped(3);
  row.set_window(4);
  return request;
}

Response HelloAnswer() {
  Response response;
  response.set_request_id(1);
  response.set_credit_granted_bytes(1U << 20U);
  auto& hello = *response.mutable_hello();
  hello.set_session(kId);
  hello.set_broker_name("log-1");
  hello.set_program_version("0.1.0");
  hello.set_cluster_id(kId);
  hello.set_restore_count(1);
  hello.set_batch_bytes_max(1'048'588);
  hello.set_time_ms(1'700'000'000'000);
  hello.set_agent_epoch(9);
  auto& topic = *hello.add_agent_topics();
  topic.set_name("web");
  topic.set_topic_id(kId);
  topic.set_partition(2);
  topic.set_log_tag(77);
  return response;
}

Response ConflictAnswer() {
  Response response;
  response.set_request_id(300);
  auto& error = *response.mutable_error();
  error = MakeError(SPAN_CONFLICT, "source stands elsewhere");
  auto& positions = *error.add_positions();
  positions.set_source_id(kId);
  positions.set_appended(-1);
  positions.set_durable(5);
  return response;
}

Response FetchAnswer() {
  Response response;
  response.set_request_id(5);
  auto& fetch = *response.mutable_fetch();
  fetch.set_log_start_offset(10);
  fetch.set_durable_end_offset(40);
  fetch.set_leader_epoch(2);
  fetch.set_next_offset(30);
  auto& range = *fetch.add_unreadable();
  range.set_begin_offset(12);
  range.set_end_offset(14);
  range.set_reason("checksum");
  auto& row = *fetch.add_rows();
  row.set_offset(20);
  row.set_agent_id("web-1");
  row.set_path("/var/log/a.log");
  row.mutable_row()->set_source_id(kId);
  row.set_time_ms(1'700'000'000'000);
  return response;
}

Response MetadataAnswer() {
  Response response;
  response.set_request_id(8);
  auto& topic = *response.mutable_metadata()->add_topics();
  topic.set_name("web");
  topic.set_topic_id(kId);
  (*topic.mutable_config())["retention.ms"] = "1000";
  auto& partition = *topic.add_partitions();
  partition.set_index(1);
  partition.set_log_start_offset(2);
  partition.set_durable_end_offset(3);
  partition.set_log_end_offset(4);
  partition.set_size_bytes(5);
  partition.set_segments(6);
  partition.set_leader_epoch(7);
  partition.set_last_append_ms(-1);
  return response;
}

TEST(GoldenEnvelopes, OfProducersAreWrittenAsEver) {
  Request ask;
  ask.set_session(kId);
  ask.set_request_id(9);
  ask.set_version(1);
  ask.mutable_init_producer_id();
  ExpectGolden("request_init_producer_id", ask);
  Response given;
  given.set_request_id(9);
  given.mutable_init_producer_id()->set_producer_id(std::int64_t{1} << 41U);
  ExpectGolden("response_init_producer_id", given);
  Response duplicate;
  duplicate.set_request_id(10);
  duplicate.mutable_produce()->set_base_offset(-1);
  duplicate.mutable_produce()->set_duplicate(true);
  ExpectGolden("response_produce_duplicate", duplicate);
}

TEST(GoldenEnvelopes, AreWrittenAsEver) {
  ExpectGolden("request_hello_agent", HelloOfAgent());
  ExpectGolden("request_produce_spans", ProduceWithSpans());
  ExpectGolden("request_fetch", FetchWithRows());
  ExpectGolden("request_source_progress", ProgressWithGap());
  ExpectGolden("response_hello", HelloAnswer());
  ExpectGolden("response_span_conflict", ConflictAnswer());
  ExpectGolden("response_fetch", FetchAnswer());
  ExpectGolden("response_metadata", MetadataAnswer());
}

TEST(GoldenEnvelopes, FieldsOfANewerReleaseAreIgnored) {
  // Field 1000, a varint, behind a released envelope.
  const std::string newer = ReadWhole(PathOf("request_fetch")) + std::string("\xC0\x3E\x05", 3);
  Request request;
  ASSERT_TRUE(request.ParseFromString(newer));
  EXPECT_EQ(request.fetch().offset(), 123'456'789'012);
}

TEST(GoldenEnvelopes, CutEnvelopesAreRefused) {
  const std::string whole = ReadWhole(PathOf("request_produce_spans"));
  EXPECT_FALSE(Request().ParseFromString(whole.substr(0, whole.size() - 1)));
}

}  // namespace
}  // namespace logboom::protocol
