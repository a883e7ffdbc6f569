#include "tests/lib/record/sample.h"

#include <algorithm>

#include "lib/base/check.h"

namespace logboom::record {
namespace {

std::optional<ByteView> View(const std::optional<Bytes>& bytes) {
  if (!bytes) return std::nullopt;
  return ByteView(*bytes);
}

std::optional<Bytes> Copy(const std::optional<ByteView>& bytes) {
  if (!bytes) return std::nullopt;
  return Bytes(*bytes);
}

std::string Json(const std::optional<Bytes>& bytes) {
  return bytes ? fmt::format("\"{}\"", ToHex(*bytes)) : "null";
}

std::optional<Bytes> GoldenValue(int i) {
  if (i % 7 == 3) return std::nullopt;
  if (i % 7 == 5) return Bytes();
  Bytes value = fmt::format("line {} ", i);
  value += Bytes("\x00\xff\xc3\x28", 4);
  for (int k = 0; k < i % 40; ++k) value += "abcdefgh";
  return value;
}

}  // namespace

std::vector<SampleRecord> GoldenRecords() {
  std::vector<SampleRecord> samples;
  for (int i = 0; i < 60; ++i) {
    SampleRecord sample;
    sample.timestamp_ms = 1'700'000'000'000 + i * i * 37 - (i % 3) * 5000;
    if (i % 5 != 0) sample.key = fmt::format("host:{}", i);
    sample.value = GoldenValue(i);
    if (i % 4 == 1) {
      sample.headers = {
          {"lb.test", Bytes(1, static_cast<char>(i))}, {"none", std::nullopt}, {"", Bytes()}};
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

bool AddWhereItFits(BatchBuilder& builder, const SampleRecord& sample) {
  std::vector<HeaderView> headers;
  for (const auto& [key, value] : sample.headers) headers.push_back({key, View(value)});
  const RecordView view{.timestamp = TimestampMs(sample.timestamp_ms),
                        .key = View(sample.key),
                        .value = View(sample.value),
                        .headers = headers};
  if (!builder.Fits(view)) return false;
  builder.Add(view);
  return true;
}

void Add(BatchBuilder& builder, const SampleRecord& sample) {
  CHECK(AddWhereItFits(builder, sample));
}

SampleRecord Own(const Record& record) {
  SampleRecord sample{.timestamp_ms = record.timestamp.value(),
                      .key = Copy(record.key),
                      .value = Copy(record.value),
                      .headers = {}};
  for (const HeaderView& header : record.headers) {
    sample.headers.emplace_back(Bytes(header.key), Copy(header.value));
  }
  return sample;
}

Bytes Build(const std::vector<SampleRecord>& samples, Codec codec) {
  BatchBuilder builder({.codec = codec});
  for (const SampleRecord& sample : samples) Add(builder, sample);
  const Result<ByteView> batch = builder.Finish();
  CHECK(batch.ok());
  return Bytes(*batch);
}

Result<std::vector<SampleRecord>> ReadAll(ByteView batch) {
  BatchReader reader;
  RETURN_IF_ERROR(reader.Open(batch));
  std::vector<SampleRecord> samples;
  while (true) {
    ASSIGN_OR_RETURN(const Record* record, reader.Next());
    if (record == nullptr) return samples;
    samples.push_back(Own(*record));
  }
}

Bytes MakeBatch(const BatchHeader& header, ByteView section) {
  Bytes batch(kBatchHeaderBytes, '\0');
  batch += section;
  WriteBatchHeader(batch.data(), header);
  SealBatch(batch.data(), batch.size());
  return batch;
}

std::string Describe(const SampleRecord& sample, std::int64_t offset) {
  std::string headers;
  for (const auto& [key, value] : sample.headers) {
    headers += fmt::format("{}[\"{}\",{}]", headers.empty() ? "" : ",", ToHex(key), Json(value));
  }
  return fmt::format(R"({{"headers":[{}],"key":{},"offset":{},"timestamp":{},"value":{}}})",
                     headers, Json(sample.key), offset, sample.timestamp_ms, Json(sample.value));
}

}  // namespace logboom::record
